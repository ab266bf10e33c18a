/// One group of tables of a family whose keys overlap, and which become new tables of one level together.
public struct CompactStep: Sendable {
  public let family: ColumnFamily
  /// Level 0 first.
  public let inputs: [TableMetadata]
  public let outputLevel: Int
  public let style: TableStyle

  /// Bytes of the input files.
  public var size: UInt64 { inputs.reduce(0) { $0 &+ $1.size } }

  /// Cuts `chosen`, which is closed (see `CompactionInputs`), into groups that do not overlap and that are closed too.
  static func groups(_ chosen: Set<UInt64>, of family: ColumnFamily, outputLevel: Int) -> [Set<UInt64>] {
    let order = family.order
    let tables = family.tables.filter { chosen.contains($0.number) }.sorted {
      order.compare($0.smallest, $1.smallest) < 0
    }
    var groups: [Set<UInt64>] = []
    var end: [UInt8]?
    for table in tables {
      let first = table.smallest.userKey
      let touches = end.map { compare($0, first, order) >= 0 } ?? false
      if touches { groups[groups.count - 1].insert(table.number) } else { groups.append([table.number]) }
      if end.map({ compare($0, table.largest.userKey, order) < 0 }) ?? true { end = table.largest.userKey }
    }
    let inputs = CompactionInputs(family, outputLevel: outputLevel)
    // Level 0 into itself goes by age, not by keys: then everything is one group.
    return groups.allSatisfy { inputs.closed($0) == $0 } ? groups : chosen.isEmpty ? [] : [chosen]
  }

  private static func compare(_ a: [UInt8], _ b: [UInt8], _ order: KeyOrder) -> Int {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes {
        order.compareWithoutTimestamp(order.withoutTimestamp(a), order.withoutTimestamp($0))
      }
    }
  }
}
