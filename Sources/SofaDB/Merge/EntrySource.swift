/// One sorted input of a merge: entries replayed from logs, or a run of tables that do not overlap (one table is the
/// shortest run). `key` and `value` are borrowed until the next step.
///
/// A struct that is stepped in place: no dynamic dispatch, and nothing is retained per entry.
struct EntrySource {
  private let entries: SortedEntries?
  private var index = 0
  private var run: TableRun?
  private let order: KeyOrder

  private(set) var isValid = false
  private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

  init(_ entries: SortedEntries, order: KeyOrder) {
    self.entries = entries
    self.order = order
  }

  init(_ run: TableRun, order: KeyOrder) {
    entries = nil
    self.run = run
    self.order = order
  }

  /// The table that the current entry comes from; nil for a log's.
  var table: TableReader? { run?.table }

  /// Which table of the run that is, which costs no reference.
  @inline(__always) var tableIndex: Int { run?.index ?? 0 }

  mutating func seekToFirst() throws(DatabaseError) {
    index = 0
    try run?.seekToFirst()
    load()
  }

  mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    if let entries { index = entries.lowerBound(internalKey, order: order) }
    try run?.seek(internalKey)
    load()
  }

  @inline(__always)
  mutating func next() throws(DatabaseError) {
    if entries != nil { index += 1 } else { try run!.next() }
    load()
  }

  @inline(__always)
  private mutating func load() {
    if let entries {
      isValid = index < entries.entries.count
      if isValid {
        let entry = entries.entries[index]
        key = entry.key
        value = entry.value
      }
    } else {
      isValid = run!.isValid
      if isValid {
        key = run!.key
        value = run!.value
      }
    }
  }
}
