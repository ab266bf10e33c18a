/// A cursor over tables that follow each other without overlap: a level, or a single table. Opens them one at a time.
///
/// Without a `DamageLog` damage is thrown. With one, blocks and tables that are damaged, or made with a feature that is
/// not supported, are noted there and left out by who goes forward; who goes backward leaves out tables that cannot be
/// opened. All else is thrown in either case, and then the run is not valid until it is placed anew.
struct TableRun {
  private let tables: [TableMetadata]
  private let cache: TableCache?
  private let order: KeyOrder
  private let damage: DamageLog?
  private let end: [UInt8]?
  private let readAhead: Int
  private let usesCache: Bool
  /// The place of `table` among the tables.
  private(set) var index = 0
  private var cursor = TableCursor.nowhere
  private(set) var table: TableReader?
  private var boundaries: BlockBoundaries?
  /// The place of the table that `cursor` walks; -1 for nowhere.
  private var openIndex = -1

  /// A run without tables.
  init(order: KeyOrder) {
    tables = []
    cache = nil
    self.order = order
    damage = nil
    end = nil
    readAhead = 0
    usesCache = false
  }

  /// From the user key `end` on (given without timestamp) nobody will read, so damage there need not be looked for.
  init(
    _ tables: [TableMetadata], cache: TableCache, order: KeyOrder, damage: DamageLog?, end: [UInt8]? = nil,
    readAhead: Int = TableCursor.defaultReadAhead, usesCache: Bool = true
  ) {
    self.readAhead = readAhead
    self.usesCache = usesCache
    self.end = end
    self.tables = tables
    self.cache = cache
    self.order = order
    self.damage = damage
  }

  private(set) var isValid = false
  @inline(__always) var key: UnsafeRawBufferPointer { cursor.key }
  @inline(__always) var value: UnsafeRawBufferPointer { cursor.value }

  /// The least and the greatest user key, without timestamps, as metadata says; nil without tables.
  var bounds: (first: [UInt8], last: [UInt8])? {
    guard let first = tables.first, let last = tables.last else { return nil }
    let size = order.timestampSize
    return (Array(first.smallest.userKey.dropLast(size)), Array(last.largest.userKey.dropLast(size)))
  }

  mutating func seekToFirst() throws(DatabaseError) {
    index = 0
    try enter { cursor throws(DatabaseError) in try cursor.seekToFirst() }
  }

  mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    index = firstTable(endingAtOrAfter: internalKey)
    try enter { cursor throws(DatabaseError) in try cursor.seek(internalKey) }
  }

  mutating func seekToLast() throws(DatabaseError) {
    index = tables.count - 1
    try enterBackward { cursor throws(DatabaseError) in try cursor.seekToLast() }
  }

  /// To the last entry at or before `internalKey`.
  mutating func seek(atOrBefore internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    index = min(firstTable(endingAtOrAfter: internalKey), tables.count - 1)
    let order = order
    try enterBackward { cursor throws(DatabaseError) in
      try cursor.seek(internalKey)
      if !cursor.isValid { return try cursor.seekToLast() }
      if order.compareInternal(cursor.key, internalKey) > 0 { try cursor.previous() }
    }
  }

  /// Only while `isValid`.
  mutating func previous() throws(DatabaseError) {
    isValid = false
    try cursor.previous()
    isValid = cursor.isValid
    guard !isValid else { return }
    index -= 1
    try enterBackward { cursor throws(DatabaseError) in try cursor.seekToLast() }
  }

  private func firstTable(endingAtOrAfter internalKey: UnsafeRawBufferPointer) -> Int {
    var low = 0
    var high = tables.count
    while low < high {
      let middle = (low + high) / 2
      let ends = tables[middle].largest.bytes.withUnsafeBytes { order.compareInternal($0, internalKey) < 0 }
      if ends { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inline(__always)
  mutating func next() throws(DatabaseError) {
    do throws(DatabaseError) { try cursor.next() } catch { try absorb(error) }
    isValid = cursor.isValid
    if !isValid { try enterNext() }
  }

  @inline(never)
  private mutating func enterNext() throws(DatabaseError) {
    index += 1
    try enter { cursor throws(DatabaseError) in try cursor.seekToFirst() }
  }

  /// Opens tables from `index` on until one has an entry; `position` places the cursor in the first.
  private mutating func enter(
    _ position: (inout TableCursor) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var isFirst = true
    isValid = false
    while index < tables.count {
      if try open() {
        do throws(DatabaseError) {
          if isFirst { try position(&cursor) } else { try cursor.seekToFirst() }
        } catch { try absorb(error) }
        isValid = cursor.isValid
        if isValid { return }
      }
      isFirst = false
      index += 1
    }
    leave()
  }

  /// Opens tables from `index` down until one has an entry; `position` places the cursor in the first.
  private mutating func enterBackward(
    _ position: (inout TableCursor) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var isFirst = true
    isValid = false
    while index >= 0 {
      if try open() {
        if isFirst { try position(&cursor) } else { try cursor.seekToLast() }
        isValid = cursor.isValid
        if isValid { return }
      }
      isFirst = false
      index -= 1
    }
    index = 0
    leave()
  }

  private mutating func leave() {
    table = nil
    cursor = .nowhere
    openIndex = -1
  }

  /// Gives back what only a cursor that moves needs. It must be placed anew.
  mutating func rest() {
    isValid = false
    if openIndex >= 0 { cursor.rest() }
  }

  /// False when the table is too damaged to open and that is tolerated.
  private mutating func open() throws(DatabaseError) -> Bool {
    if index == openIndex { return true }
    let metadata = tables[index]
    guard let cache else { return false }
    do throws(DatabaseError) {
      let reader = try cache.reader(metadata, order: order)
      table = reader
      cursor = reader.cursor(readAhead: readAhead, usesCache: usesCache)
      boundaries = nil
      openIndex = index
      return true
    } catch {
      guard let damage, error.concernsOneFile else { throw error }
      damage.add(
        DamageGap(
          file: error.file, offset: nil, length: metadata.size, from: metadata.smallest.userKey,
          to: metadata.largest.userKey, error: error))
      return false
    }
  }

  /// Notes the damage that the cursor met and moves behind it. Blocks one behind the other whose codec is not supported
  /// are one gap: there may be as many as the table has.
  private mutating func absorb(_ first: DatabaseError) throws(DatabaseError) {
    if Mutant.unreadableTableSkipped.isOn {
      leave()
      return
    }
    var error = first
    var stretch: (gap: DamageGap, last: BlockHandle)?
    while true {
      guard let damage, error.kind == .corruption || error.kind == .unsupported, let table else {
        isValid = false
        throw error
      }
      let handle = cursor.blockHandle
      var gap = DamageGap(
        file: table.name, offset: error.offset, length: nil, from: nil, to: nil, error: error)
      let isInBlock = error.offset.map { $0 >= handle.offset && $0 - handle.offset <= handle.size } ?? false
      if let before = stretch {
        if isInBlock, before.last.end == handle.offset, error.kind == .unsupported,
          before.gap.error.kind == .unsupported
        {
          stretch = (before.gap, handle)
        } else {
          close(&stretch, damage)
        }
      }
      if stretch == nil {
        if isInBlock {
          (gap.offset, gap.length) = (handle.offset, handle.size)
          gap.from = bounds(of: handle, in: table).from
          stretch = (gap, handle)
        } else {
          // Elsewhere lies a partition of the index.
          damage.add(gap)
        }
      }
      if isInBlock, isPastEnd(handle, table) { return close(&stretch, damage) }
      do throws(DatabaseError) {
        try cursor.next()
        return close(&stretch, damage)
      } catch let another { error = another }
    }
  }

  /// Whether all that stands behind the block is at or behind `end`.
  private mutating func isPastEnd(_ block: BlockHandle, _ table: TableReader) -> Bool {
    guard let end, let separator = bounds(of: block, in: table).to else { return false }
    return separator.withUnsafeBytes { separator in
      let userKey = table.properties.timestampsPersisted ? order.withoutTimestamp(separator) : separator
      return end.withUnsafeBytes { order.compareWithoutTimestamp(userKey, $0) >= 0 }
    }
  }

  private mutating func close(_ stretch: inout (gap: DamageGap, last: BlockHandle)?, _ damage: DamageLog) {
    guard let (start, last) = stretch, let table else { return }
    stretch = nil
    var gap = start
    let (end, isHuge) = last.offset.addingReportingOverflow(last.size)
    gap.length = (isHuge ? .max : end) - (gap.offset ?? 0)
    gap.to = bounds(of: last, in: table).to
    damage.add(gap)
  }

  /// The user keys of the separators around a data block, as far as the index tells.
  private mutating func bounds(of block: BlockHandle, in table: TableReader) -> (from: [UInt8]?, to: [UInt8]?) {
    var walk = boundaries ?? BlockBoundaries(table)
    defer { boundaries = walk }
    return walk.bounds(of: block)
  }
}
