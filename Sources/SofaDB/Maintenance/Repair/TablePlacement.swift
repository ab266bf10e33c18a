/// Finds levels for tables that no MANIFEST places, so that of two that share keys the newer lies above, and tables of
/// one level below 0 do not overlap.
///
/// With a list to start from, a table goes to the deepest level that keeps this. Without one, tables are packed into as
/// few runs as their ages allow; the newest flushes make level 0, as they did.
struct TablePlacement {
  /// A table to place, or one that has its place.
  struct Item: Sendable {
    var metadata: TableMetadata
    /// Whether it looks like the output of a flush; compactions leave the time of the oldest key out.
    var isFlush = false
    var isExternal = false

    var number: UInt64 { metadata.number }
  }

  let order: KeyOrder
  let relations: TableRelations
  let isLevelDB: Bool
  /// Levels that the engine has.
  let levelCount: Int
  /// Whether runs are packed from the deepest level up.
  let fillsFromBottom: Bool

  enum Age { case newer, older, apart }

  /// How `a` stands to `b`: apart when they share no key range.
  func age(_ a: Item, _ b: Item) -> Age {
    let (one, two) = (a.metadata, b.metadata)
    guard order.compare(one.smallest.userKey, two.largest.userKey) <= 0,
      order.compare(two.smallest.userKey, one.largest.userKey) <= 0
    else { return .apart }
    let forward = relations.counts(a.number, b.number)
    let backward = relations.counts(b.number, a.number)
    let above = forward.newer + forward.aboveZeroSame + forward.aboveZeroOther
    let below = backward.newer + backward.aboveZeroSame + backward.aboveZeroOther
    if above != below { return above > below ? .newer : .older }
    if one.largestSequence != two.largestSequence {
      return one.largestSequence > two.largestSequence ? .newer : .older
    }
    if one.smallestSequence != two.smallestSequence {
      return one.smallestSequence > two.smallestSequence ? .newer : .older
    }
    return a.number > b.number ? .newer : .older
  }

  // MARK: Beside tables that have their places

  /// The deepest level for `item` beside `others`; nil when there is none, not even level 0.
  func level(for item: Item, beside others: [Item]) -> Int? {
    var highest = 0
    var lowest = levelCount - 1
    for other in others {
      switch age(item, other) {
      case .apart: continue
      // Below all that is newer; in level 0 order is told by age.
      case .older: highest = max(highest, other.metadata.level == 0 ? 0 : other.metadata.level + 1)
      case .newer: lowest = min(lowest, other.metadata.level == 0 ? 0 : other.metadata.level - 1)
      }
    }
    guard highest <= lowest else { return nil }
    for level in stride(from: lowest, through: highest, by: -1) {
      if level == 0 { return fitsLevelZero(item, others.filter { $0.metadata.level == 0 }) ? 0 : nil }
      let overlaps = others.contains { $0.metadata.level == level && age(item, $0) != .apart }
      let isUnderNewerZero = others.allSatisfy { $0.metadata.level != 0 || age(item, $0) != .newer }
      if !overlaps, isUnderNewerZero { return level }
    }
    return nil
  }

  /// Levels for `items`, the oldest placed first; those that fit nowhere are left out.
  func levels(for items: [Item], beside others: [Item]) -> [UInt64: Int] {
    var result: [UInt64: Int] = [:]
    var beside = others
    let byAge = items.sorted { ($0.metadata.largestSequence, $0.number) < ($1.metadata.largestSequence, $1.number) }
    for var item in byAge {
      guard let level = level(for: item, beside: beside) else { continue }
      result[item.number] = level
      item.metadata.level = level
      beside.append(item)
    }
    return result
  }

  /// Whether level 0 sorts the table where its age puts it: by number in LevelDB, by sequence number in RocksDB.
  private func fitsLevelZero(_ item: Item, _ others: [Item]) -> Bool {
    others.allSatisfy { other in
      switch age(item, other) {
      // RocksDB before 7.10 wants them apart in age whether or not they share keys.
      case .apart: sortsAbove(item, other) || sortsAbove(other, item)
      case .newer: sortsAbove(item, other)
      case .older: sortsAbove(other, item)
      }
    }
  }

  private func sortsAbove(_ a: Item, _ b: Item) -> Bool {
    if isLevelDB { return a.number > b.number }
    let (one, two) = (a.metadata, b.metadata)
    return one.largestSequence > two.largestSequence && one.smallestSequence > two.smallestSequence
  }

  // MARK: From nothing

  /// Levels for all of `items`; those that fit nowhere are left out of the result.
  func levels(_ items: [Item]) -> [UInt64: Int] {
    var result: [UInt64: Int] = [:]
    var zero: [Item] = []
    // Newest first: a flush is in level 0 as long as everything above it is.
    let byAge = items.sorted { ($0.metadata.largestSequence, $0.number) > ($1.metadata.largestSequence, $1.number) }
    var rest: [Item] = []
    for item in byAge {
      let mayBeZero =
        item.isFlush && fitsLevelZero(item, zero) && rest.allSatisfy { age(item, $0) != .older }
      if mayBeZero { zero.append(item) } else { rest.append(item) }
    }
    for item in zero { result[item.number] = 0 }
    let runs = ranks(rest)
    let count = (runs.values.max() ?? -1) + 1
    guard count > 0 else { return result }
    // Rank 0 is the oldest run.
    let lowest = fillsFromBottom ? levelCount - 1 : min(count, levelCount - 1)
    for item in rest {
      guard let rank = runs[item.number] else { continue }
      if lowest - rank >= 1 {
        result[item.number] = lowest - rank
      } else if fitsLevelZero(item, zero) {
        // The newest runs when there are more than levels.
        zero.append(item)
        result[item.number] = 0
      }
    }
    return result
  }

  /// For each table the number of runs that must lie below it.
  private func ranks(_ items: [Item]) -> [UInt64: Int] {
    // Oldest first, as far as sequence numbers tell; repeated until relations between keys are kept too.
    let sorted = items.sorted {
      ($0.metadata.largestSequence, $0.metadata.smallestSequence, $0.number)
        < ($1.metadata.largestSequence, $1.metadata.smallestSequence, $1.number)
    }
    let below = tablesBelow(sorted)
    var ranks = [Int](repeating: 0, count: sorted.count)
    for _ in 0...levelCount {
      var changed = false
      for index in sorted.indices {
        let rank = (below[index].map { ranks[$0] }.max() ?? -1) + 1
        if ranks[index] != rank {
          ranks[index] = rank
          changed = true
        }
      }
      if !changed { break }
    }
    return Dictionary(zip(sorted.map(\.number), ranks), uniquingKeysWith: { $1 })
  }

  /// The older ones that share keys with each, by place.
  private func tablesBelow(_ items: [Item]) -> [[Int]] {
    let byKey = items.indices.sorted { order.compare(items[$0].metadata.smallest, items[$1].metadata.smallest) < 0 }
    var below = [[Int]](repeating: [], count: items.count)
    for (place, index) in byKey.enumerated() {
      for other in byKey[(place + 1)...] {
        let isBehind =
          order.compare(items[other].metadata.smallest.userKey, items[index].metadata.largest.userKey) > 0
        if isBehind { break }
        switch age(items[index], items[other]) {
        case .newer: below[index].append(other)
        case .older: below[other].append(index)
        case .apart: continue
        }
      }
    }
    return below
  }
}
