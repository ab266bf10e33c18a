internal import Synchronization

extension Engine {
  /// Carries out a choice that is among the family's running ones, and stays so until `finish`.
  func compact(_ family: UInt32, _ choice: CompactionChoice) throws(DatabaseError) {
    let found = state.change { state -> (LiveFamily, ColumnFamily)? in
      guard let index = state.index(of: family), let tables = state.version.family(family) else { return nil }
      return (state.families[index].live, tables)
    }
    guard let (live, tables) = found else { return }
    if choice.isMove { return try move(choice, live, tables) }
    var plan = try CompactionPlan(
      tables, inputs: choice.inputs, outputLevel: choice.outputLevel,
      options: live.options.tableOptions(
        tables, isBottom: isBottom(choice, tables), now: options.time.now, origin: origin))
    plan.snapshots = snapshots.all
    plan.zeroSequences = plan.snapshots.isEmpty
    plan.mergeOperator = live.options.mergeOperator
    plan.targetFileSize = live.options.compaction.targetFileSize
    plan.maxGrandparentOverlap = 10 * live.options.compaction.targetFileSize
    let result = try run(plan, jobs: isInline ? 1 : options.subcompactions ?? Workers.processors)
    defer { forget(result.outputs.map(\.number)) }
    var edit = VersionEdit(family: family)
    edit.deletedTables = plan.inputs.map { .init(level: $0.level, number: $0.number) }
    edit.newTables = result.outputs.map(\.metadata)
    edit.blobGarbage = result.blobGarbage.sorted { $0.key < $1.key }.map {
      .init(number: $0.key, count: $0.value.count, bytes: $0.value.bytes)
    }
    guard state.change({ $0.index(of: family) != nil }) else { return }
    try install([edit]) { $0.note(result.outputs, of: family) }
    counters.compactions.wrappingAdd(1, ordering: .relaxed)
    counters.bytesCompactedIn.wrappingAdd(result.inputSize, ordering: .relaxed)
    counters.bytesCompactedOut.wrappingAdd(result.outputSize, ordering: .relaxed)
    report(
      .compacted(
        family: live.name, reason: choice.reason.rawValue, inputs: choice.inputs.count,
        outputs: result.outputs.count, level: choice.outputLevel, bytesRead: result.inputSize,
        bytesWritten: result.outputSize))
    collectGarbage()
  }

  /// Takes a choice off the running ones.
  func finish(_ choice: CompactionChoice, of family: UInt32) {
    state.change { state in
      guard let index = state.index(of: family) else { return }
      if let place = state.families[index].running.firstIndex(of: choice) {
        state.families[index].running.remove(at: place)
      }
      state.families[index].isUnpicked = true
    }
  }

  private func move(_ choice: CompactionChoice, _ live: LiveFamily, _ tables: ColumnFamily) throws(DatabaseError) {
    var edit = VersionEdit(family: live.id)
    for table in tables.tables where choice.inputs.contains(table.number) {
      edit.deletedTables.append(.init(level: table.level, number: table.number))
      var moved = table
      moved.level = choice.outputLevel
      edit.newTables.append(moved)
    }
    guard state.change({ $0.index(of: live.id) != nil }) else { return }
    try install([edit]) { _ in }
    counters.moves.wrappingAdd(1, ordering: .relaxed)
    report(.moved(family: live.name, tables: choice.inputs.count, level: choice.outputLevel))
  }

  /// Whether nothing of the family lies below the output.
  private func isBottom(_ choice: CompactionChoice, _ tables: ColumnFamily) -> Bool {
    choice.outputLevel > 0 && tables.levels.dropFirst(choice.outputLevel + 1).allSatisfy(\.isEmpty)
  }

  /// Flushes a family, then merges all tables with keys from `from` up to but not including `to` into the deepest level
  /// that has some: what was deleted or overwritten there is gone from disk afterwards, snapshots aside.
  func compactRange(_ family: LiveFamily, from: [UInt8]?, to: [UInt8]?) throws(DatabaseError) {
    try flushAll([family.id])
    try holdingCompactions(family) { () throws(DatabaseError) in
      let choice = state.change { state -> CompactionChoice? in
        guard let index = state.index(of: family.id), let tables = state.version.family(family.id) else { return nil }
        let chosen = tables.tables.filter { $0.overlaps(from: from, to: to, order: family.order) }
        guard !chosen.isEmpty else { return nil }
        let deepest = tables.levels.lastIndex { !$0.isEmpty } ?? 0
        let output = deepest > 0 ? deepest : tables.levels.count - 1
        let inputs = CompactionInputs(tables, outputLevel: output).closed(Set(chosen.map(\.number)))
        let choice = CompactionChoice(inputs: inputs, outputLevel: output, reason: .manual, isMove: false)
        state.families[index].running.append(choice)
        return choice
      }
      guard let choice else { return }
      defer { finish(choice, of: family.id) }
      try compact(family.id, choice)
    }
  }

  /// Runs `body` while no compaction of the family runs, and none is begun but by `body`; one caller at a time.
  func holdingCompactions<Result>(
    _ family: LiveFamily, _ body: () throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    func hold(_ state: inout EngineState, _ change: Int) {
      guard let index = state.index(of: family.id) else { return }
      state.families[index].compactionHolds += change
      state.families[index].isUnpicked = true
    }
    state.change { hold(&$0, 1) }
    defer {
      state.change { hold(&$0, -1) }
      if isInline { runInline() }
    }
    let failure = state.wait({ state in
      guard state.failure == nil, let index = state.index(of: family.id) else { return true }
      return state.families[index].running.isEmpty && !state.families[index].isHeld || Mutant.compactionsNotHeld.isOn
    }) { state -> DatabaseError? in
      if let failure = state.failure { return failure }
      if let index = state.index(of: family.id) { state.families[index].isHeld = true }
      return nil
    }
    if let failure { throw failure }
    defer {
      state.change { state in
        if let index = state.index(of: family.id) { state.families[index].isHeld = false }
      }
    }
    return try body()
  }

  /// Runs `body` while no compaction of the family runs and nobody writes.
  func holdingAll<Result>(
    _ family: LiveFamily, _ body: () throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    try holdingCompactions(family) { () throws(DatabaseError) in
      state.change { $0.leadsAwaited += 1 }
      return try pipeline.exclusively { () throws(DatabaseError) in
        state.change { $0.leadsAwaited -= 1 }
        return try body()
      }
    }
  }
}
