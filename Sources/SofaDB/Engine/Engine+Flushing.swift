internal import Synchronization

extension Engine {
  /// Seals what is in memory of `families` (nil for all), and waits until it is in tables.
  func flushAll(_ families: [UInt32]? = nil) throws(DatabaseError) {
    let chosen = families ?? state.change { $0.families.map(\.live.id) }
    let sealed = try pipeline.exclusively { () throws(DatabaseError) in
      if let failure = state.change({ $0.failure }) { throw failure }
      try seal(chosen)
      return sealedUntilNow(chosen)
    }
    try waitForFlush(sealed)
  }

  /// How many memtables of each family were sealed so far.
  func sealedUntilNow(_ families: [UInt32]) -> [UInt32: UInt64] {
    state.change { state in
      Dictionary(
        uniqueKeysWithValues: state.families.filter { families.contains($0.live.id) }.map {
          ($0.live.id, $0.sealedEver)
        })
    }
  }

  /// Waits until so many memtables of each family are in tables, no matter how many more were sealed since.
  func waitForFlush(_ sealed: [UInt32: UInt64]) throws(DatabaseError) {
    func isFlushed(_ state: EngineState) -> Bool {
      !state.families.contains { family in sealed[family.live.id].map { family.flushedEver < $0 } ?? false }
    }
    if isInline { runInline() }
    let (failure, isDone) = state.wait({ $0.failure != nil || $0.isClosing || isFlushed($0) }) {
      ($0.failure, isFlushed($0))
    }
    if let failure, !Mutant.failedFlushIsSilent.isOn { throw failure }
    if !isDone { try requireOpen() }
  }

  /// Writes all sealed memtables of a family into one table of level 0. The family is marked as flushing.
  func flush(_ family: UInt32) throws(DatabaseError) {
    let work = state.change { state -> (EngineState.Family, ColumnFamily)? in
      guard let index = state.index(of: family), !state.families[index].sealed.isEmpty,
        let tables = state.version.family(family)
      else { return nil }
      return (state.families[index], tables)
    }
    guard let (buffers, tables) = work else { return }
    let live = buffers.live
    var plan = CompactionPlan(
      flushing: buffers.sealed.map { MemoryRun($0.memtable) }, of: tables,
      options: live.options.tableOptions(tables, isBottom: false, now: options.time.now, origin: origin))
    plan.snapshots = Mutant.flushForgetsSnapshots.isOn ? [] : snapshots.all
    plan.mergeOperator = live.options.mergeOperator
    let result = try run(plan, jobs: 1)
    defer { forget(result.outputs.map(\.number)) }
    var edit = VersionEdit(family: family)
    edit.newTables = result.outputs.map(\.metadata)
    // Those sealed meanwhile are newer. Other families may hold on to older logs than this one, and those that nobody
    // writes to must not keep any.
    edit.logNumber = state.change { current in
      var state = current
      guard let index = state.index(of: family) else { return nil }
      state.families[index].removeFlushed(buffers.sealed.count)
      edit.minLogNumberToKeep =
        Mutant.logsOfOthersForgotten.isOn ? state.families[index].active.logNumber : state.oldestLog
      return state.families[index].sealed.last?.logNumber ?? state.families[index].active.logNumber
    }
    // Dropped meanwhile.
    guard edit.logNumber != nil else { return }
    try install([edit]) { state in
      guard let index = state.index(of: family) else { return }
      let isAll = Mutant.sealedMeanwhileForgotten.isOn
      state.families[index].removeFlushed(isAll ? state.families[index].sealed.count : buffers.sealed.count)
      state.note(result.outputs, of: family)
    }
    counters.flushes.wrappingAdd(1, ordering: .relaxed)
    counters.bytesFlushed.wrappingAdd(result.outputSize, ordering: .relaxed)
    report(.flushed(family: live.name, table: result.outputs.first?.number, bytes: result.outputSize))
    collectGarbage()
  }

  /// Carries out a plan. The numbers of its files stay reserved until `forget`.
  func run(_ plan: CompactionPlan, jobs: Int) throws(DatabaseError) -> CompactionResult {
    let taken = Monitor<[UInt64]>([])
    let target = CompactionTarget(directory: directory) { [self] in
      let number = versions.takeFileNumber()
      state.change { _ = $0.pendingFiles.insert(number) }
      taken.change { $0.append(number) }
      return number
    }
    var job = CompactionJob(plan, cache: cache, target: target)
    job.jobs = jobs
    job.verifiesOutputs = options.verifiesOutputs
    job.isCancelled = { [self] in isClosed.load(ordering: .relaxed) && plan.memory.isEmpty }
    if let limiter { job.throttle = { [isCancelled = job.isCancelled] in _ = limiter.take($0, unless: isCancelled) } }
    do throws(DatabaseError) {
      let result = try job.run()
      let outputs = Set(result.outputs.map(\.number))
      forget(taken.change { $0 }.filter { !outputs.contains($0) })
      // Their names must last before a MANIFEST has them.
      if !result.outputs.isEmpty { try directory.sync() }
      return result
    } catch {
      forget(taken.change { $0 })
      throw error
    }
  }

  /// Gives numbers free: their files are part of a version, or gone, or garbage.
  func forget(_ files: [UInt64]) { state.change { $0.pendingFiles.subtract(files) } }
}
