/// Step 3 beside a list whose end is lost: which unlisted tables the lost records told of.
///
/// 1. What a newer one that stands holds too was compacted into it.
/// 2. What an unfinished compaction or flush left behind adds nothing: listed tables or logs hold all of it.
/// 3. What was made after the last known record belongs, and so does what overlaps a listed table that is gone. Listed
///    tables that it was compacted from go, and with them the other outputs of that compaction come.
extension RepairPlanner {
  /// Judgements by table number. Takes listed tables whose content was compacted into an adopted one out of the state.
  mutating func judgeBeside(
    _ listed: [TablePlacement.Item], _ candidates: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) throws(DatabaseError) -> [UInt64: Judgement] {
    let logged = try loggedSequences()
    var judgements: [UInt64: Judgement] = [:]
    var standing: Set<UInt64> = []
    var leftOver: Set<UInt64> = []
    var flushes: Set<UInt64> = []
    for item in candidates.sorted(by: { $0.number > $1.number }) {
      let number = item.number
      let newer = standing.filter { $0 > number && relations.counts(number, $0).same > 0 }.max()
      if let newer {
        judgements[number] = RepairPlanner.superseded(scan.tables[newer], relations.counts(number, newer).same)
      } else if isLeftOver(item, listed, relations, state) {
        leftOver.insert(number)
      } else if isLogged(item, logged) {
        flushes.insert(number)
      } else if let reason = belongs(item, listed, relations, state) {
        judgements[number] = .adopt(reason)
        standing.insert(number)
      } else if let other = listed.first(where: { relations.counts(number, $0.number).same > 0 }) {
        judgements[number] = RepairPlanner.superseded(
          scan.tables[other.number], relations.counts(number, other.number).same)
      } else {
        judgements[number] = .unproven("the MANIFEST does not list it, and nothing proves that a lost record did")
      }
    }
    // A table that stands says that the logs before it were flushed: then what they hold counts as it is in tables.
    for number in flushes {
      judgements[number] =
        standing.isEmpty
        ? .superseded("the logs hold all of it") : .adopt("it was flushed before tables that belong")
    }
    if !standing.isEmpty { standing.formUnion(flushes) }
    let inputs = take(&leftOver, &standing, listed, relations)
    for number in leftOver {
      judgements[number] = .superseded("the tables that it was compacted from are all there, and are listed")
    }
    for number in standing where judgements[number] == nil {
      judgements[number] = .adopt("it comes from the same compaction as another table that belongs")
    }
    for (input, output) in inputs.sorted(by: { $0.key < $1.key }) {
      guard let table = tables[input] else { continue }
      drop(input, from: state.id)
      plan.rewrites.removeAll { $0.metadata.number == input }
      plan.losses.removeAll { $0.file == table.name }
      plan.steps.removeAll { $0.file == table.name }
      park(table, "\(scan.tables[output] ?? ""), which is newer, holds its versions")
    }
    return judgements
  }

  static func superseded(_ name: String?, _ count: Int) -> Judgement {
    .superseded("\(name ?? ""), which is newer, holds \(count) of its versions: a compaction wrote them there")
  }

  /// Why a lost record must have told of the table; nil when nothing says so.
  private func belongs(
    _ item: TablePlacement.Item, _ listed: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) -> String? {
    if isGone(item, state) {
      return "it holds the keys of listed tables that are gone: a compaction that the lost records told of"
    }
    guard let table = tables[item.number] else { return nil }
    if isAhead(table) { return "it was made after the last record that can be read" }
    // Numbers are given before records are written.
    let isNewest = listed.allSatisfy { other in
      let counts = relations.counts(item.number, other.number)
      return other.number < item.number && counts.same + counts.bothZero + counts.aboveZeroSame == 0
        && (item.isExternal || other.metadata.largestSequence < item.metadata.smallestSequence)
    }
    return isNewest ? "it is newer than all listed tables of its family" : nil
  }

  /// Whether a listed table that shares keys with it is missing.
  private func isGone(_ item: TablePlacement.Item, _ state: DraftState.Family) -> Bool {
    missing.contains { (owner, table) in
      owner == state.id && state.order.compare(item.metadata.smallest.userKey, table.largest.userKey) <= 0
        && state.order.compare(item.metadata.largest.userKey, table.smallest.userKey) >= 0
    }
  }

  /// Whether listed tables hold all of it, as they do when a compaction was cut off. What a damaged one of them held
  /// cannot be told.
  private func isLeftOver(
    _ item: TablePlacement.Item, _ listed: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) -> Bool {
    guard let table = tables[item.number], table.largestSequence <= plan.base?.lastSequence ?? 0 else { return false }
    let number = item.number
    let isDoubtful = listed.contains {
      tables[$0.number]?.rescue != nil
        && state.order.compare($0.metadata.smallest.userKey, item.metadata.largest.userKey) <= 0
        && state.order.compare(item.metadata.smallest.userKey, $0.metadata.largest.userKey) <= 0
    }
    // A compaction that was recorded took its inputs away.
    let hasInputs = listed.contains { relations.counts(number, $0.number).provesCompaction }
    if evidence.isComplete, isDoubtful || hasInputs { return true }
    if isGone(item, state) { return false }
    return UInt64(relations.explained[number] ?? 0) == table.points && table.points > 0
  }

  private func isLogged(_ item: TablePlacement.Item, _ logged: [ClosedRange<SequenceNumber>]) -> Bool {
    guard let table = tables[item.number], table.smallestSequence <= table.largestSequence else { return false }
    return logged.contains { $0.contains(table.smallestSequence) && $0.contains(table.largestSequence) }
  }

  /// Listed tables that were compacted into standing ones, each with one of these; further outputs of the same
  /// compactions move from `leftOver` to `standing`.
  private func take(
    _ leftOver: inout Set<UInt64>, _ standing: inout Set<UInt64>, _ listed: [TablePlacement.Item],
    _ relations: TableRelations
  ) -> [UInt64: UInt64] {
    var inputs: [UInt64: UInt64] = [:]
    var isChanging = true
    while isChanging {
      isChanging = false
      for input in listed where inputs[input.number] == nil {
        let output = standing.first {
          $0 > input.number && relations.counts(input.number, $0).provesCompaction
        }
        guard let output else { continue }
        inputs[input.number] = output
        for other in leftOver where relations.counts(input.number, other).provesCompaction {
          leftOver.remove(other)
          standing.insert(other)
        }
        isChanging = true
      }
    }
    return inputs
  }
}
