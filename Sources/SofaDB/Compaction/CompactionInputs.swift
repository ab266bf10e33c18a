/// Which tables may be compacted together into a level, so that afterwards newer data still lies above older data and
/// the tables of a level do not overlap. All decisions are made on user keys without timestamps.
public struct CompactionInputs: Sendable {
  private let family: ColumnFamily
  private let order: KeyOrder
  private let outputLevel: Int

  public init(_ family: ColumnFamily, outputLevel: Int) {
    self.family = family
    order = family.order
    self.outputLevel = outputLevel
  }

  /// `chosen` and every other table that must come along: those of the output level between the chosen ones, and older
  /// ones of the levels above it that hold keys of newer ones. Numbers that the family does not have are left out.
  public func closed(_ chosen: Set<UInt64>) -> Set<UInt64> {
    var all = chosen.intersection(family.tables.lazy.map(\.number))
    while true {
      let missing = missing(from: all)
      if missing.isEmpty { return all }
      all.formUnion(missing)
    }
  }

  /// Tables that must be compacted with `chosen` and are not among them.
  func missing(from chosen: Set<UInt64>) -> Set<UInt64> {
    var missing: Set<UInt64> = []
    addNewest(chosen, &missing)
    for level in 1..<max(1, min(outputLevel, family.levels.count)) { addMiddle(level, chosen, &missing) }
    if outputLevel > 0, outputLevel < family.levels.count { addOutput(chosen, &missing) }
    return missing
  }

  /// Level 0: into level 0 goes a run of neighbours in age; from it, each table with the older ones that it overlaps.
  private func addNewest(_ chosen: Set<UInt64>, _ missing: inout Set<UInt64>) {
    let tables = family.levels[0]
    if outputLevel == 0 {
      guard let first = tables.firstIndex(where: { chosen.contains($0.number) }),
        let last = tables.lastIndex(where: { chosen.contains($0.number) })
      else { return }
      for table in tables[first...last] where !chosen.contains(table.number) { missing.insert(table.number) }
      return
    }
    var newer: [TableMetadata] = []
    for table in tables {
      if chosen.contains(table.number) {
        newer.append(table)
      } else if newer.contains(where: { overlap($0, table) }) {
        missing.insert(table.number)
      }
    }
  }

  /// A level between: no table may stay behind that holds keys of a chosen one above, nor the older versions of a
  /// chosen neighbour's last key.
  private func addMiddle(_ level: Int, _ chosen: Set<UInt64>, _ missing: inout Set<UInt64>) {
    let tables = family.levels[level]
    let above = KeySpans(family.levels[..<level].joined().filter { chosen.contains($0.number) }, order: order)
    var previous: TableMetadata?
    for table in tables {
      defer { previous = table }
      if chosen.contains(table.number) { continue }
      let shares = previous.map { chosen.contains($0.number) && overlap($0, table) } ?? false
      let isBelow = above.overlaps(first(table), last(table))
      if shares && !Mutant.keySplitOverTables.isOn || isBelow && !Mutant.olderTableLeftAbove.isOn {
        missing.insert(table.number)
      }
    }
  }

  /// The output level: nothing may lie between the ends of what is chosen.
  private func addOutput(_ chosen: Set<UInt64>, _ missing: inout Set<UInt64>) {
    guard !Mutant.outputLevelLeftOut.isOn, let hull = hull(family.tables.filter { chosen.contains($0.number) }) else {
      return
    }
    for table in family.levels[outputLevel] where !chosen.contains(table.number) && overlap(hull, table) {
      missing.insert(table.number)
    }
  }

  /// One table that stands for all: the least smallest key and the greatest largest one.
  private func hull(_ tables: [TableMetadata]) -> TableMetadata? {
    guard var hull = tables.first else { return nil }
    for table in tables {
      if order.compare(table.smallest, hull.smallest) < 0 { hull.smallest = table.smallest }
      if order.compare(table.largest, hull.largest) > 0 { hull.largest = table.largest }
    }
    return hull
  }

  private func overlap(_ a: TableMetadata, _ b: TableMetadata) -> Bool { !isBefore(a, b) && !isBefore(b, a) }

  /// Whether `a` ends before `b` begins. The end of a range tombstone is exclusive.
  private func isBefore(_ a: TableMetadata, _ b: TableMetadata) -> Bool {
    let result = last(a).withUnsafeBytes { left in
      first(b).withUnsafeBytes { order.compareWithoutTimestamp(left, $0) }
    }
    return result < 0 || result == 0 && a.largest.isRangeDeletionEnd
  }

  private func first(_ table: TableMetadata) -> [UInt8] { Array(table.smallest.userKey.dropLast(order.timestampSize)) }
  private func last(_ table: TableMetadata) -> [UInt8] { Array(table.largest.userKey.dropLast(order.timestampSize)) }
}
