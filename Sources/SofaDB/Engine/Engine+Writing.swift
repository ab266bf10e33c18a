internal import Glibc
internal import Synchronization

extension Engine {
  /// Of one slowed write, in seconds. Shorter sleeps would take longer than they should; longer ones are no slowing.
  private static let shortestDelay = 0.001
  private static let longestDelay = 0.5

  /// Writes a batch whose header and operations lie in `bytes`.
  func write(
    _ bytes: UnsafeMutableRawBufferPointer, count: UInt32, namesFamilies: Bool, _ options: WriteOptions
  ) throws(DatabaseError) {
    try requireOpen()
    guard bytes.count > WriteBatchFormat.headerSize else { return }
    note(bytes.count, count, options)
    try pipeline.write(bytes, count: UInt64(count), namesFamilies: namesFamilies, options)
  }

  /// From within `pipeline.exclusively`.
  func writeAlone(
    _ bytes: UnsafeMutableRawBufferPointer, count: UInt32, namesFamilies: Bool, _ options: WriteOptions
  ) throws(DatabaseError) {
    note(bytes.count, count, options)
    try pipeline.writeAlone(
      WriteTicket(bytes, count: UInt64(count), namesFamilies: namesFamilies, options: options))
  }

  private func note(_ bytes: Int, _ count: UInt32, _ options: WriteOptions) {
    if !options.usesLog { hasUnlogged.store(true, ordering: .relaxed) }
    counters.bytesWritten.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    counters.entriesWritten.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  /// Before a group is logged: seals full memtables, and waits while flushes and compactions are too far behind.
  func makeRoom(_ pipeline: WritePipeline) throws(DatabaseError) {
    // Here as well: whoever came before `close` and leads after it would write to nowhere.
    try requireOpen()
    if needsCare.load(ordering: .relaxed) { try takeCare(pipeline) } else { pipeline.unpaidBytes = 0 }
    while pipeline.targets.isFull.load(ordering: .relaxed) {
      pipeline.drain()
      try waitForRoom()
      let full = state.change { state in
        state.families.filter { $0.active.memtable.bytes >= $0.live.options.writeBufferBytes }.map(\.live.id)
      }
      try seal(full)
    }
    try limitLogs()
  }

  /// Pays for what was written since the last time, once that is worth a sleep.
  private func takeCare(_ pipeline: WritePipeline) throws(DatabaseError) {
    let (failure, hold, rate) = state.change { ($0.failure, $0.hold, $0.delayedRate) }
    if let failure { throw failure }
    guard hold == .slowed, !isInline else {
      pipeline.unpaidBytes = 0
      return
    }
    let owed = Double(pipeline.unpaidBytes) / max(rate, 1)
    guard owed >= Engine.shortestDelay else { return }
    pipeline.unpaidBytes = 0
    let start = MonotonicClock.seconds
    options.time.sleep(min(owed, Engine.longestDelay))
    counters.addStall(MonotonicClock.seconds - start)
  }

  /// Waits until a memtable may be sealed.
  private func waitForRoom() throws(DatabaseError) {
    func hasRoom(_ state: EngineState) -> Bool {
      // No thread would make any.
      if state.failure != nil || isClosed.load(ordering: .relaxed) { return true }
      // Who awaits the lead and holds compactions off would wait for ever for a leader that waits for compactions.
      guard state.hold != .stopped || state.leadsAwaited > 0 else { return false }
      return state.families.allSatisfy { family in
        family.active.memtable.bytes < family.live.options.writeBufferBytes
          || family.sealed.count + 1 < family.live.options.maxWriteBuffers
      }
    }
    if isInline { runInline() }
    if !isInline, !state.change({ hasRoom($0) }) {
      let start = MonotonicClock.seconds
      report(.writersHeld(.stopped))
      state.wait(hasRoom) { _ in }
      counters.addStall(MonotonicClock.seconds - start)
      noteHold()
    }
    if let failure = state.change({ $0.failure }) { throw failure }
    try requireOpen()
  }

  /// When all logs together are too long, the families that hold on to the oldest are sealed.
  private func limitLogs() throws(DatabaseError) {
    guard let log = pipeline.log, log.size &+ closedLogs.bytes >= logLimit else { return }
    let (oldest, holders) = state.change { state in
      let oldest = state.oldestLog
      return (oldest, state.families.filter { $0.active.logNumber == oldest && !$0.active.memtable.isEmpty })
    }
    closedLogs.forget(before: oldest)
    guard !holders.isEmpty, log.size &+ closedLogs.bytes >= logLimit else { return }
    pipeline.drain()
    try seal(holders.map(\.live.id))
  }

  /// Seals the memtables of families, empty ones aside, and begins a new log. For whoever leads the pipeline, when all
  /// that was logged has been added.
  func seal(_ families: [UInt32]) throws(DatabaseError) {
    let wanted = Set(families)
    let isNeeded = state.change { state in
      state.families.contains { wanted.contains($0.live.id) && !$0.active.memtable.isEmpty }
    }
    guard isNeeded else { return }
    let number = try switchLog()
    state.change { state in
      for index in state.families.indices {
        let family = state.families[index]
        if family.active.memtable.isEmpty {
          state.families[index].active.logNumber = number
        } else if wanted.contains(family.live.id) {
          state.families[index].seal(
            next: EngineState.Buffer(memtable: Memtable(order: family.live.order), logNumber: number))
        }
      }
      pipeline.targets = state.targets
      views.replace(with: state.view)
    }
    if isInline { runInline() }
  }

  /// The number of the log that takes what comes next: a new one unless the present one has nothing yet.
  private func switchLog() throws(DatabaseError) -> UInt64 {
    guard let log = pipeline.log else {
      try requireOpen()
      throw DatabaseError(.io(EIO), file: path, "the log is closed")
    }
    guard log.size > 0 else { return log.number }
    do throws(DatabaseError) {
      try log.close()
      closedLogs.add(log.number, log.size)
      let new = try WriteAheadLog(versions.takeFileNumber(), in: directory)
      pipeline.log = new
      return new.number
    } catch {
      log.abandon()
      pipeline.log = nil
      fail(error)
      throw error
    }
  }
}
