/// One sorted input of a merge: entries replayed from logs, or a run of tables that do not overlap (one table is the
/// shortest run). `key` and `value` are borrowed until the next step.
///
/// A struct that is stepped in place: no dynamic dispatch, nothing is retained per entry, and no optional stands around
/// what each step changes.
struct EntrySource {
  private let entries: SortedEntries?
  private var index = 0
  /// Empty where there are `entries`.
  private var run: TableRun
  private let order: KeyOrder

  private(set) var isValid = false
  private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

  init(_ entries: SortedEntries, order: KeyOrder) {
    self.entries = entries
    run = TableRun(order: order)
    self.order = order
  }

  init(_ run: TableRun, order: KeyOrder) {
    entries = nil
    self.run = run
    self.order = order
  }

  /// The table that the current entry comes from; nil for a log's.
  var table: TableReader? { run.table }

  /// Which table of the run that is, which costs no reference.
  @inline(__always) var tableIndex: Int { run.index }

  /// The least and the greatest user key, without timestamps, as far as is known without reading; nil when empty.
  var bounds: (first: [UInt8], last: [UInt8])? {
    guard let entries else { return run.bounds }
    guard let first = entries.entries.first, let last = entries.entries.last else { return nil }
    let keys = [first, last].map { [UInt8](order.withoutTimestamp($0.key.internalKeyUserKey)) }
    return (keys[0], keys[1])
  }

  mutating func seekToFirst() throws(DatabaseError) {
    if let entries { return load(entries, at: 0) }
    try run.seekToFirst()
    load()
  }

  mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    if let entries { return load(entries, at: entries.lowerBound(internalKey, order: order)) }
    try run.seek(internalKey)
    load()
  }

  @inline(__always)
  mutating func next() throws(DatabaseError) {
    if let entries { return load(entries, at: index + 1) }
    try run.next()
    load()
  }

  @inline(never)
  private mutating func load(_ entries: SortedEntries, at index: Int) {
    self.index = index
    isValid = index < entries.entries.count
    guard isValid else { return }
    let entry = entries.entries[index]
    key = entry.key
    value = entry.value
  }

  @inline(__always)
  private mutating func load() {
    isValid = run.isValid
    key = run.key
    value = run.value
  }
}
