/// Step 3 beside a list whose end is lost: which unlisted tables the lost records told of.
///
/// 1. What a newer one that stands holds too was compacted into it.
/// 2. What an unfinished compaction or flush left behind adds nothing: listed tables or logs hold all of it.
/// 3. What was made after the last known record belongs, and so does what overlaps a listed table that is gone. Listed
///    tables that it was compacted from go, and with them the other outputs of that compaction come.
extension RepairPlanner {
  /// What is known of unlisted tables while they are judged.
  private struct Sorting {
    var judgements: [UInt64: Judgement] = [:]
    var standing: Set<UInt64> = []
    /// Stood once: what one of them came after is gone, whatever became of that one.
    var installed: Set<UInt64> = []
    var leftOver: Set<UInt64> = []
    var flushes: Set<UInt64> = []

    mutating func stand(_ number: UInt64, _ reason: String) {
      judgements[number] = .adopt(reason)
      standing.insert(number)
      installed.insert(number)
    }
  }

  /// Judgements by table number. Takes listed tables whose content was compacted into an adopted one out of the state.
  mutating func judgeBeside(
    _ listed: [TablePlacement.Item], _ candidates: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) throws(DatabaseError) -> [UInt64: Judgement] {
    var sorting = try sort(listed, candidates, relations, state)
    // A table that stands says that the logs before it were flushed: then what they hold counts as it is in tables.
    for number in sorting.flushes {
      sorting.judgements[number] =
        sorting.standing.isEmpty
        ? .superseded("the logs hold all of it") : .adopt("it was flushed before tables that belong")
    }
    if !sorting.standing.isEmpty { sorting.standing.formUnion(sorting.flushes) }
    let inputs = take(&sorting.leftOver, &sorting.standing, listed, relations)
    for number in sorting.leftOver {
      sorting.judgements[number] = .superseded("the tables that it was compacted from are all there, and are listed")
    }
    for number in sorting.standing where sorting.judgements[number] == nil {
      sorting.judgements[number] = .adopt("it comes from the same compaction as another table that belongs")
    }
    // Those that came in last may tell of others that they are gone.
    sorting.installed.formUnion(sorting.standing)
    let installed = candidates.filter { sorting.installed.contains($0.number) }
    for item in candidates where sorting.standing.contains(item.number) && !infoLog.tellsLife(of: item.number) {
      if let gone = successor(of: item, among: installed, relations) {
        sorting.judgements[item.number] = .superseded(gone)
      }
    }
    for (input, output) in inputs.sorted(by: { $0.key < $1.key }) {
      takeOut(input, of: state.id, "\(scan.tables[output] ?? ""), which is newer, holds its versions")
    }
    return sorting.judgements
  }

  /// From the newest table on: what each is by itself and by those that came after it.
  private func sort(
    _ listed: [TablePlacement.Item], _ candidates: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) throws(DatabaseError) -> Sorting {
    let logged = try loggedSequences()
    let unrecorded = unrecorded(listed, candidates, relations, state)
    var sorting = Sorting()
    for item in candidates.sorted(by: { $0.number > $1.number }) {
      let number = item.number
      let installed = candidates.filter { sorting.installed.contains($0.number) }
      if infoLog.tellsLife(of: number) {
        sorting.stand(number, RepairPlanner.lifeSays)
      } else if let gone = successor(of: item, among: installed, relations) {
        sorting.judgements[number] = .superseded(gone)
        sorting.installed.insert(number)
      } else if isLeftOver(item, listed, relations, state) {
        sorting.leftOver.insert(number)
      } else if unrecorded.contains(number) {
        sorting.judgements[number] = .unproven(
          "tables that its compaction would have taken away are listed and there: no record told of it"
        )
      } else if isLogged(item, logged) {
        sorting.flushes.insert(number)
      } else if let reason = belongs(item, listed, relations, state) {
        sorting.stand(number, reason)
      } else if let other = listed.first(where: { relations.counts(number, $0.number).same > 0 }) {
        let count = relations.counts(number, other.number).same
        sorting.judgements[number] = .superseded("\(scan.tables[other.number] ?? "") holds \(count) of its versions")
      } else {
        sorting.judgements[number] = .unproven(
          "the MANIFEST does not list it, and nothing proves that a lost record did")
      }
    }
    return sorting
  }

  /// Parks a listed table.
  mutating func takeOut(_ number: UInt64, of family: UInt32, _ reason: String) {
    guard let table = tables[number] else { return }
    drop(number, from: family)
    plan.rewrites.removeAll { $0.metadata.number == number }
    plan.losses.removeAll { $0.file == table.name }
    plan.steps.removeAll { $0.file == table.name }
    park(table, reason)
  }

  /// What an unfinished compaction left behind whose inputs were lost in part, beside a MANIFEST that reads as whole.
  /// An output of which an input is listed and there gives it away, and its siblings have the numbers beside its own.
  private func unrecorded(
    _ listed: [TablePlacement.Item], _ candidates: [TablePlacement.Item], _ relations: TableRelations,
    _ state: DraftState.Family
  ) -> Set<UInt64> {
    guard evidence.isComplete, missing.contains(where: { $0.family == state.id }) else { return [] }
    let numbers = candidates.map(\.number).sorted()
    var unrecorded = Set(
      numbers.filter { number in
        listed.contains { $0.number < number && relations.counts(number, $0.number).provesCompaction }
      })
    for number in numbers where unrecorded.contains(number &- 1) { unrecorded.insert(number) }
    for number in numbers.reversed() where unrecorded.contains(number &+ 1) { unrecorded.insert(number) }
    return unrecorded
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

  /// Whether the table was not in use any more when `other` was made.
  private func isGone(_ item: TablePlacement.Item, before other: UInt64, _ relations: TableRelations) -> Bool {
    !item.isExternal && !(tables[other]?.isExternal ?? false) && relations.contradict(item.number, other)
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
      (tables[$0.number]?.isDoubtful ?? false)
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
      for input in listed where inputs[input.number] == nil && !infoLog.tellsLife(of: input.number) {
        let output = standing.filter {
          $0 > input.number
            && (relations.counts(input.number, $0).provesCompaction || isGone(input, before: $0, relations))
        }.max()
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
