/// The tables of one level whose bounds a user key is within, in the order in which they are to be asked.
///
/// Tables of a sorted level follow each other without overlap, but versions of one key may be split between two, and
/// then both are asked. At the exclusive end of a range deletion a table has no entries, unless keys carry timestamps:
/// then it may have newer ones of that key, and its tombstones do not count for it.
struct TablesOverKey {
  private let key: UnsafeRawBufferPointer
  private let tables: [TableMetadata]
  private let isSorted: Bool
  private let order: KeyOrder
  private var index: Int

  /// `key`: without timestamp, borrowed. `isSorted`: every level but 0.
  init(_ key: UnsafeRawBufferPointer, in tables: [TableMetadata], isSorted: Bool, order: KeyOrder) {
    self.key = key
    self.tables = tables
    self.isSorted = isSorted
    self.order = order
    index = 0
    guard isSorted else { return }
    var low = 0
    var high = tables.count
    while low < high {
      let middle = (low + high) / 2
      if endsBeforeKey(middle) { low = middle + 1 } else { high = middle }
    }
    index = low
  }

  /// Whether the key is the exclusive end of what the tombstones of the last table given cover.
  private(set) var isAtExclusiveEnd = false

  /// The place of the next table.
  mutating func next() -> Int? {
    while index < tables.count {
      let found = index
      index += 1
      if isSorted {
        guard !endsBeforeKey(found), !beginsBehindKey(found) else {
          index = tables.count
          return nil
        }
        noteEnd(found)
        return found
      }
      if !endsBeforeKey(found), !beginsBehindKey(found) {
        noteEnd(found)
        return found
      }
    }
    return nil
  }

  private mutating func noteEnd(_ index: Int) {
    guard order.timestampSize > 0, tables[index].largest.isRangeDeletionEnd else { return isAtExclusiveEnd = false }
    isAtExclusiveEnd = tables[index].largest.bytes.withUnsafeBytes { compare($0) } == 0
  }

  private func endsBeforeKey(_ index: Int) -> Bool {
    let result = tables[index].largest.bytes.withUnsafeBytes { compare($0) }
    return result == 0 ? order.timestampSize == 0 && tables[index].largest.isRangeDeletionEnd : result < 0
  }

  private func beginsBehindKey(_ index: Int) -> Bool {
    tables[index].smallest.bytes.withUnsafeBytes { compare($0) } > 0
  }

  /// How the user key of a bound stands to the key.
  private func compare(_ bound: UnsafeRawBufferPointer) -> Int {
    order.compareWithoutTimestamp(order.withoutTimestamp(bound.internalKeyUserKey), key)
  }
}
