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
    var tombstones: [RangeTombstone] = []
    var cursor = memtable.rangeDeletions()
    cursor.seekToFirst()
    while cursor.isValid {
      let key = cursor.key
      tombstones.append(
        RangeTombstone(
          begin: [UInt8](key.internalKeyUserKey), end: [UInt8](cursor.value), sequence: key.internalKeyTrailer >> 8))
      cursor.next()
    }
    self.tombstones = tombstones
    source = { EntrySource(memtable) }
  }

  init(_ entries: SortedEntries, _ tombstones: [RangeTombstone], order: KeyOrder) {
    count = entries.count
    bytes = entries.bytes
    self.tombstones = tombstones
    source = { EntrySource(entries, order: order) }
  }
}
