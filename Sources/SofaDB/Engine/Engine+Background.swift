internal import Synchronization

extension Engine {
  /// A piece of work that is due.
  enum Job {
    case flush(UInt32)
    case compaction(UInt32, CompactionChoice)
  }

  /// A background thread: does what is due until the database is closed. Where there are several, the first one only
  /// flushes, so that no flush waits for a compaction.
  func work(_ index: Int) {
    while true {
      let job = state.wait({ state in
        state.isClosing || isDue(state, flushesOnly: index == 0 && state.hasFlushThread)
      }) { state -> Job? in
        state.isClosing ? nil : nextJob(&state, flushesOnly: index == 0 && state.hasFlushThread)
      }
      if let job { perform(job) } else if state.change({ $0.isClosing }) { return }
    }
  }

  /// Does all that is due, on this thread.
  func runInline() {
    while let job = state.change({ nextJob(&$0, flushesOnly: false) }) { perform(job) }
  }

  /// Cheap: whether it is worth asking for the next job.
  private func isDue(_ state: EngineState, flushesOnly: Bool) -> Bool {
    guard state.failure == nil else { return false }
    let compacts = !flushesOnly && !isClosed.load(ordering: .relaxed)
    return state.families.contains { family in
      if family.waitsForFlush { return true }
      return compacts && family.isUnpicked && family.compactionHolds == 0
    }
  }

  private func nextJob(_ state: inout EngineState, flushesOnly: Bool) -> Job? {
    guard state.failure == nil else { return nil }
    let waiting = state.families.indices.filter { state.families[$0].waitsForFlush }
    if let index = waiting.max(by: { state.families[$0].sealed.count < state.families[$1].sealed.count }) {
      state.families[index].isFlushing = true
      return .flush(state.families[index].live.id)
    }
    if flushesOnly || isClosed.load(ordering: .relaxed) { return nil }
    for index in state.families.indices {
      let family = state.families[index]
      guard family.isUnpicked, family.compactionHolds == 0, let tables = state.version.family(family.live.id) else {
        continue
      }
      if let choice = family.live.picker.pick(tables, running: family.running, deletions: family.deletions) {
        state.families[index].running.append(choice)
        return .compaction(family.live.id, choice)
      }
      state.families[index].isUnpicked = false
    }
    return nil
  }

  private func perform(_ job: Job) {
    do throws(DatabaseError) {
      switch job {
      case .flush(let family): try flush(family)
      case .compaction(let family, let choice): try compact(family, choice)
      }
    } catch {
      if error.kind != .cancelled { fail(error) }
    }
    // After the failure is known, or `resume` could miss it.
    switch job {
    case .flush(let family):
      state.change { state in
        if let index = state.index(of: family) { state.families[index].isFlushing = false }
      }
    case .compaction(let family, let choice): finish(choice, of: family)
    }
  }
}
