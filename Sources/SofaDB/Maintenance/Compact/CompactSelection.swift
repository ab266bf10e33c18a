/// Which tables an offline compaction takes. Everything that is not said is all.
public struct CompactSelection: Sendable {
  /// What becomes of tables that are in the output level already and that nothing above overlaps.
  public enum Bottom: String, Sendable, CaseIterable {
    /// Rewritten only where they hold tombstones or merge operands.
    case auto
    case skip, force
  }

  /// Column families by name; nil for all.
  public var families: [String]?
  /// First user key, included, and end, excluded. Tables are taken whole.
  public var from: [UInt8]?
  public var to: [UInt8]?
  public var levels: ClosedRange<Int>?
  /// File numbers.
  public var files: Set<UInt64>?
  public var outputLevel: Int?
  public var bottom = Bottom.auto

  public init() {}

  func takes(_ family: ColumnFamily) -> Bool { families?.contains(family.name) ?? true }

  /// The tables that are asked for, without those that have to come along.
  func tables(of family: ColumnFamily, outputLevel: Int) -> Set<UInt64> {
    let order = family.order
    let chosen = family.tables.filter { table in
      if table.level > outputLevel { return false }
      if let files, !files.contains(table.number) { return false }
      if let levels, !levels.contains(table.level) { return false }
      if let from, compare(table.largest.userKey, from, order) < 0 { return false }
      if let to, compare(table.smallest.userKey, to, order) >= 0 { return false }
      return true
    }
    return Set(chosen.lazy.map(\.number))
  }

  /// A key of a table, timestamp and all, against one that a person gave.
  private func compare(_ stored: [UInt8], _ given: [UInt8], _ order: KeyOrder) -> Int {
    stored.withUnsafeBytes { stored in
      given.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(stored), $0) }
    }
  }

  /// Where the tables go: as asked, else the deepest level that has any, or the last one when only level 0 has.
  func outputLevel(of family: ColumnFamily, levelCount: Int) -> Int {
    if let outputLevel { return outputLevel }
    let deepest = family.levels.lastIndex { !$0.isEmpty } ?? 0
    return deepest > 0 ? deepest : max(levelCount - 1, 1)
  }
}
