/// A family as a picker sees it: its tables, and which of them and which key ranges running compactions hold.
struct PickerState {
  let family: ColumnFamily
  private let running: [(choice: CompactionChoice, span: KeySpans)]
  private let busy: Set<UInt64>
  private let tables: [UInt64: TableMetadata]

  init(_ family: ColumnFamily, running: [CompactionChoice]) {
    self.family = family
    tables = Dictionary(family.tables.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    let tables = self.tables
    self.running = running.map { choice in
      let inputs = choice.inputs.compactMap { tables[$0] }
      return (choice, KeySpans(hull: inputs, order: family.order))
    }
    busy = running.reduce(into: []) { $0.formUnion($1.inputs) }
  }

  func isBusy(_ table: TableMetadata) -> Bool { busy.contains(table.number) }
  func idle(_ level: Int) -> [TableMetadata] { family.levels[level].filter { !isBusy($0) } }
  /// A floating number, because sizes that a MANIFEST states may add up to anything.
  func bytes(_ numbers: Set<UInt64>) -> Double { numbers.reduce(0) { $0 + Double(tables[$1]?.size ?? 0) } }

  /// `chosen` and all that has to come along.
  func inputs(of chosen: Set<UInt64>, into output: Int) -> Set<UInt64> {
    CompactionInputs(family, outputLevel: output).closed(chosen)
  }

  /// nil when a running compaction has one of the tables, or writes into the same keys of the output level.
  func choice(
    _ chosen: Set<UInt64>, into output: Int, _ reason: CompactionChoice.Reason, _ options: CompactionOptions
  ) -> CompactionChoice? {
    let needed = inputs(of: chosen, into: output)
    guard isFree(needed, output) else { return nil }
    let inputs = grown(needed, output, options)
    return CompactionChoice(
      inputs: inputs, outputLevel: output, reason: reason, isMove: isMove(inputs, output, options))
  }

  private func isFree(_ inputs: Set<UInt64>, _ output: Int) -> Bool {
    guard !inputs.isEmpty, busy.isDisjoint(with: inputs) else {
      return !inputs.isEmpty && Mutant.tablesTakenTwice.isOn
    }
    let hull = KeySpans(hull: inputs.compactMap { tables[$0] }, order: family.order)
    return !running.contains { $0.choice.outputLevel == output && $0.span.overlaps(hull) }
  }

  /// Neighbours on the input levels that come for free: they add nothing to what is read of the output level.
  private func grown(_ inputs: Set<UInt64>, _ output: Int, _ options: CompactionOptions) -> Set<UInt64> {
    let below = inputs.filter { tables[$0]?.level == output }
    guard !below.isEmpty, output > 0 else { return inputs }
    var best = inputs
    let levels = Set(inputs.compactMap { tables[$0]?.level }).subtracting([output])
    let hull = KeySpans(hull: inputs.compactMap { tables[$0] }, order: family.order)
    let neighbours = family.tables.filter { levels.contains($0.level) && !isBusy($0) && hull.overlaps($0) }
    let all = self.inputs(of: best.union(neighbours.map(\.number)), into: output)
    if all.filter({ tables[$0]?.level == output }) == below, bytes(all) <= Double(options.maxCompactionBytes),
      isFree(all, output)
    {
      best = all
    }
    return best
  }

  /// One level's tables, nothing below them, and not so much further below that they had better be cut.
  private func isMove(_ inputs: Set<UInt64>, _ output: Int, _ options: CompactionOptions) -> Bool {
    let moved = inputs.compactMap { tables[$0] }
    guard let level = moved.first?.level, level < output, moved.allSatisfy({ $0.level == level }) else { return false }
    guard level > 0 || moved.count == 1 else { return false }
    guard output + 1 < family.levels.count else { return true }
    let limit = 10 * Double(options.targetFileSize)
    return moved.allSatisfy { table in
      let span = KeySpans(hull: [table], order: family.order)
      return family.levels[output + 1].filter { span.overlaps($0) }.reduce(0) { $0 + Double($1.size) } <= limit
    }
  }
}
