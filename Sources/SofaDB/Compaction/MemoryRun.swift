/// Sorted entries in memory that a flush turns into a table: a memtable that nobody adds to any more, or logs.
struct MemoryRun: Sendable {
  /// Point entries.
  let count: Int
  /// Bytes of keys and values, about.
  let bytes: Int
  let tombstones: [RangeTombstone]
  let source: @Sendable () -> EntrySource

  init(_ memtable: Memtable) {
    count = memtable.count
    bytes = memtable.bytes
    tombstones = memtable.rangeTombstones
    source = { EntrySource(memtable) }
  }

  init(_ entries: SortedEntries, _ tombstones: [RangeTombstone], order: KeyOrder) {
    count = entries.count
    bytes = entries.bytes
    self.tombstones = tombstones
    source = { EntrySource(entries, order: order) }
  }
}
