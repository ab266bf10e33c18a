/// One sorted input of a merge: entries replayed from logs, a memtable, or a run of tables that do not overlap (one
/// table is the shortest run). `key` and `value` are borrowed until the next step.
///
/// A struct that is stepped in place: no dynamic dispatch, nothing is retained per entry, and no optional stands around
/// what each step of a run changes.
struct EntrySource {
  private let entries: SortedEntries?
  private var index = 0
  private var memtable: MemtableCursor?
  /// Empty where there are `entries` or a `memtable`.
  private var run: TableRun
  private let isRun: Bool
  private let order: KeyOrder

  private(set) var isValid = false
  private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

  init(_ entries: SortedEntries, order: KeyOrder) {
    self.init(entries, nil, TableRun(order: order), isRun: false, order: order)
  }

  /// Entries that are added meanwhile are seen if they come behind the place reached: all of them are newer than any
  /// snapshot that was taken before.
  init(_ memtable: Memtable) {
    self.init(nil, memtable.cursor(), TableRun(order: memtable.order), isRun: false, order: memtable.order)
  }

  init(_ run: TableRun, order: KeyOrder) { self.init(nil, nil, run, isRun: true, order: order) }

  private init(
    _ entries: SortedEntries?, _ memtable: MemtableCursor?, _ run: TableRun, isRun: Bool, order: KeyOrder
  ) {
    self.entries = entries
    self.memtable = memtable
    self.run = run
    self.isRun = isRun
    self.order = order
  }

  /// The table that the current entry comes from; nil for a log's.
  var table: TableReader? { run.table }

  /// Which table of the run that is, which costs no reference.
  @inline(__always) var tableIndex: Int { run.index }

  /// The least and the greatest user key, without timestamps, as far as is known without reading; nil when empty. Those
  /// of a memtable as of now.
  var bounds: (first: [UInt8], last: [UInt8])? {
    if isRun { return run.bounds }
    let ends: [UnsafeRawBufferPointer]
    if var cursor = memtable {
      cursor.seekToFirst()
      guard cursor.isValid else { return nil }
      let first = cursor.key
      cursor.seekToLast()
      ends = [first, cursor.key]
    } else {
      guard let entries, let first = entries.entries.first, let last = entries.entries.last else { return nil }
      ends = [first.key, last.key]
    }
    let keys = ends.map { [UInt8](order.withoutTimestamp($0.internalKeyUserKey)) }
    return (keys[0], keys[1])
  }

  /// Gives back what only a cursor that moves needs. It must be placed anew.
  mutating func rest() {
    isValid = false
    run.rest()
  }

  mutating func seekToFirst() throws(DatabaseError) {
    if isRun {
      try run.seekToFirst()
      return load()
    }
    memtable?.seekToFirst()
    loadFromMemory(at: 0)
  }

  /// To the first entry at or behind `internalKey`.
  mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    if isRun {
      try run.seek(internalKey)
      return load()
    }
    memtable?.seek(internalKey)
    loadFromMemory(at: entries?.lowerBound(internalKey, order: order) ?? 0)
  }

  /// Only while `isValid`.
  @inline(__always)
  mutating func next() throws(DatabaseError) {
    if !isRun { return nextInMemory() }
    try run.next()
    load()
  }

  mutating func seekToLast() throws(DatabaseError) {
    if isRun {
      try run.seekToLast()
      return load()
    }
    memtable?.seekToLast()
    loadFromMemory(at: (entries?.entries.count ?? 0) - 1)
  }

  /// To the last entry at or before `internalKey`.
  mutating func seek(atOrBefore internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    if isRun {
      try run.seek(atOrBefore: internalKey)
      return load()
    }
    try seek(internalKey)
    if isValid, order.compareInternal(key, internalKey) == 0 { return }
    // Not one back from where it stands: another entry may have been added in between.
    memtable?.seek(before: internalKey)
    loadFromMemory(at: index - 1)
  }

  /// To the entry before. Only while `isValid`.
  mutating func previous() throws(DatabaseError) {
    if isRun {
      try run.previous()
      return load()
    }
    memtable?.previous()
    loadFromMemory(at: index - 1)
  }

  @inline(never)
  private mutating func nextInMemory() {
    memtable?.next()
    loadFromMemory(at: index + 1)
  }

  /// Takes the entry that the memtable's cursor stands on, or the one at `index` of those from logs.
  private mutating func loadFromMemory(at index: Int) {
    if let memtable {
      isValid = memtable.isValid
      guard isValid else { return }
      key = memtable.key
      value = memtable.value
    } else if let entries {
      self.index = index
      isValid = entries.entries.indices.contains(index)
      guard isValid else { return }
      let entry = entries.entries[index]
      key = entry.key
      value = entry.value
    }
  }

  @inline(__always)
  private mutating func load() {
    isValid = run.isValid
    key = run.key
    value = run.value
  }
}
