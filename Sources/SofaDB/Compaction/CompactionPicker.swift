/// Decides which tables of a family to compact next. A pure function of the state: nothing is read, nothing changes,
/// and the same state gives the same choice.
///
/// Leveled: the level that exceeds its target most gives the table that drags the fewest bytes along for its own size,
/// tombstones counted as what they remove; level 0 goes down whole, because its tables overlap. Universal: sorted runs,
/// newest first, are merged all when they waste too much space, else neighbours of similar size, else the newest ones
/// until there are few enough. The rules are RocksDB's, but for the choice of the table, which weighs tombstones.
public struct CompactionPicker: Sendable {
  private let options: CompactionOptions

  public init(_ options: CompactionOptions) { self.options = options }

  /// The next compaction beside the `running` ones; nil when none is due or possible. `deletions` is the share of
  /// tombstones, 0 to 1, among the entries of a table, where it is known.
  public func pick(
    _ family: ColumnFamily, running: [CompactionChoice] = [], deletions: [UInt64: Double] = [:]
  ) -> CompactionChoice? {
    let state = PickerState(family, running: running)
    guard family.order.isKnown else { return nil }
    return switch options.style {
    case .leveled: pickLeveled(state, deletions)
    case .universal: pickUniversal(state)
    }
  }

  /// Levels by how far they exceed their target, the worst first; 1 and more is due. For statistics and for slowing
  /// writers down.
  public func scores(_ family: ColumnFamily) -> [(level: Int, score: Double)] {
    scores(PickerState(family, running: []), LevelTargets(family, options))
  }

  private func scores(_ state: PickerState, _ targets: LevelTargets) -> [(level: Int, score: Double)] {
    let top = state.idle(0)
    let bytes = top.reduce(0) { $0 + Double($1.size) }
    var scores = [
      (0, max(Double(top.count) / Double(options.level0Trigger), bytes / Double(options.baseLevelBytes)))
    ]
    for level in 1..<max(state.family.levels.count - 1, 1) {
      let size = state.idle(level).reduce(0) { $0 + Double($1.size) }
      guard size > 0 else { continue }
      scores.append((level, size / Double(targets.bytes[level])))
    }
    return scores.sorted { $0.1 > $1.1 }
  }

  // MARK: Leveled

  private func pickLeveled(_ state: PickerState, _ deletions: [UInt64: Double]) -> CompactionChoice? {
    let targets = LevelTargets(state.family, options)
    for (level, score) in scores(state, targets) where score >= 1 {
      let choice =
        level == 0
        ? pickLevel0(state, base: targets.baseLevel)
        : pickTable(state, level, to: level + 1, deletions)
      if let choice { return choice }
    }
    return nil
  }

  /// All of level 0. When that is not possible, because tables of it or of the base level are being compacted, the
  /// idle newest ones are merged with each other, so that reads do not have to look into ever more tables.
  private func pickLevel0(_ state: PickerState, base: Int) -> CompactionChoice? {
    let all = Set(state.family.levels[0].map(\.number))
    if let choice = state.choice(all, into: base, .level0, options) { return choice }
    let newest = state.family.levels[0].prefix { !state.isBusy($0) }
    guard newest.count >= options.level0Trigger else { return nil }
    return state.choice(Set(newest.map(\.number)), into: 0, .level0, options)
  }

  private func pickTable(
    _ state: PickerState, _ level: Int, to output: Int, _ deletions: [UInt64: Double]
  ) -> CompactionChoice? {
    var costs: [(cost: Double, table: TableMetadata)] = []
    for table in state.idle(level) {
      let dragged = state.inputs(of: [table.number], into: output).subtracting([table.number])
      let bytes = state.bytes(dragged)
      // A tombstone removes an entry below and itself: a table of nothing else is worth three times its size.
      let weight = Double(max(table.size, 1)) * (1 + 2 * deletions[table.number, default: 0])
      costs.append((bytes / weight, table))
    }
    for (_, table) in costs.sorted(by: { ($0.cost, $0.table.number) < ($1.cost, $1.table.number) }) {
      if let choice = state.choice([table.number], into: output, .levelSize, options) { return choice }
    }
    return nil
  }

  // MARK: Universal

  /// Sorted runs, newest first: each table of level 0, then each level.
  private func pickUniversal(_ state: PickerState) -> CompactionChoice? {
    let levels = state.family.levels
    let runs =
      levels[0].map { (level: 0, tables: [$0]) }
      + levels.indices.dropFirst().filter { !levels[$0].isEmpty }
      .map { (level: $0, tables: levels[$0]) }
    guard runs.count >= options.level0Trigger, runs.count > 1 else { return nil }
    let sizes = runs.map { $0.tables.reduce(0) { $0 + Double($1.size) } }
    func merge(_ range: Range<Int>, _ reason: CompactionChoice.Reason) -> CompactionChoice? {
      // Down to just above the next older run; the oldest goes to the bottom.
      let output = range.upperBound < runs.count ? max(runs[range.upperBound].level - 1, 0) : levels.count - 1
      let inputs = Set(runs[range].flatMap(\.tables).map(\.number))
      return state.choice(inputs, into: output, reason, options)
    }
    let newer = sizes.dropLast().reduce(0, +)
    if newer * 100 >= sizes[sizes.count - 1] * Double(options.maxSizeAmplification),
      let choice = merge(0..<runs.count, .sizeAmplification)
    {
      return choice
    }
    for start in runs.indices {
      var end = start + 1
      var sum = sizes[start]
      while end < runs.count, sizes[end] <= sum * (1 + Double(options.sizeRatio) / 100) {
        sum += sizes[end]
        end += 1
      }
      if end - start >= 2, let choice = merge(start..<end, .sizeRatio) { return choice }
    }
    return merge(0..<min(runs.count, runs.count - options.level0Trigger + 2), .runCount)
  }
}
