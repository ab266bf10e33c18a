/// Where a table may stand in the tree of a family, so that every read finds the newest version first: above a table
/// that it shares keys with only if all of its entries are newer, below only if all are older.
///
/// Sequence numbers decide. They are not known in LevelDB's MANIFEST, and a bottommost compaction sets them to 0; where
/// they prove nothing, nothing is assumed. Pure.
struct LevelPlacement {
  let order: KeyOrder
  /// Levels that the engine has.
  let levelCount: Int

  /// The deepest level where `table` may stand among `others`; nil when no level is proven right.
  func deepestLevel(of table: TableMetadata, among others: [TableMetadata]) -> Int? {
    let near = others.filter { overlaps($0, table) }
    guard near.allSatisfy({ isNewer($0, than: table) || isNewer(table, than: $0) }) else { return nil }
    let newer = near.filter { isNewer($0, than: table) }
    let older = near.filter { !isNewer($0, than: table) }
    let highest = newer.map(\.level).max() ?? 0
    var level = levelCount - 1
    if let roof = older.map(\.level).min() { level = min(level, max(roof - 1, 0)) }
    // Level 0 has an order of its own; below it tables of a level are apart.
    while level > 0, near.contains(where: { $0.level == level }) { level -= 1 }
    guard level > highest || level == 0 && highest == 0 else { return nil }
    return level
  }

  /// Pairs that share keys and of which `below` is not proven older, as far as one of `tables` is among them.
  /// `levels` as in a `ColumnFamily`.
  func doubtful(_ tables: Set<UInt64>, in levels: [[TableMetadata]]) -> [(above: TableMetadata, below: TableMetadata)] {
    let all = levels.flatMap { $0 }
    var pairs: [(above: TableMetadata, below: TableMetadata)] = []
    for (index, table) in all.enumerated() where tables.contains(table.number) {
      for (other, neighbour) in all.enumerated() where other != index && overlaps(neighbour, table) {
        if neighbour.level == table.level, table.level > 0 { continue }
        let pair = other < index ? (neighbour, table) : (table, neighbour)
        if tables.contains(neighbour.number), other < index { continue }
        if !isNewer(pair.0, than: pair.1) { pairs.append((pair.0, pair.1)) }
      }
    }
    return pairs
  }

  func overlaps(_ a: TableMetadata, _ b: TableMetadata) -> Bool {
    order.compare(a.smallest.userKey, b.largest.userKey) <= 0
      && order.compare(b.smallest.userKey, a.largest.userKey) <= 0
  }

  private func isNewer(_ a: TableMetadata, than b: TableMetadata) -> Bool {
    a.hasSequences && b.hasSequences && a.smallestSequence > b.largestSequence
  }

  // MARK: Epochs

  /// `tables` of a family with `number` given its place in the order of age of level 0, or an epoch that deeper levels
  /// can share. Where not every other table has an epoch none gets one: then engines go by sequence numbers.
  static func withEpoch(_ tables: [TableMetadata], for number: UInt64) -> [TableMetadata] {
    var tables = tables
    guard let place = tables.firstIndex(where: { $0.number == number }) else { return tables }
    let others = tables.filter { $0.number != number }
    guard others.allSatisfy(\.hasEpoch) else {
      tables[place].epoch = nil
      return tables
    }
    let table = tables[place]
    guard table.level == 0 else {
      if !table.hasEpoch { tables[place].epoch = others.compactMap(\.epoch).min() ?? 1 }
      return tables
    }
    let newest = others.filter { $0.level == 0 }.sorted { ColumnFamily.isNewer($0, $1, byEpoch: true) }
    let below = newest.firstIndex { ColumnFamily.isNewer(table, $0, byEpoch: false) } ?? newest.count
    let floor =
      below < newest.count
      ? newest[below].epoch ?? 1 : others.lazy.filter { $0.level > 0 }.compactMap(\.epoch).max() ?? 0
    let epoch = floor &+ 1
    tables[place].epoch = epoch
    // Those above move up where there is no gap.
    let lowest = newest[..<below].last?.epoch ?? .max
    guard lowest <= epoch else { return tables }
    let shift = epoch &- lowest &+ 1
    let above = Set(newest[..<below].map(\.number))
    for index in tables.indices where above.contains(tables[index].number) {
      tables[index].epoch = (tables[index].epoch ?? 0) &+ shift
    }
    return tables
  }
}
