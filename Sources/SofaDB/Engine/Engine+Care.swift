internal import Synchronization

extension Engine {
  func snapshot() -> Snapshot { Snapshot(snapshots) { pipeline.visible.load(ordering: .acquiring) } }

  func syncLog() throws(DatabaseError) {
    try pipeline.exclusively { () throws(DatabaseError) in
      if let failure = state.change({ $0.failure }) { throw failure }
      // `close` has synced it, or said that it could not.
      guard let log = pipeline.log else { return try requireOpen() }
      do throws(DatabaseError) { try log.sync() } catch {
        fail(error)
        throw error
      }
    }
  }

  /// Until the database is closed.
  func syncLog(every interval: Double) {
    while !isClosed.load(ordering: .relaxed) {
      let start = options.time.monotonic
      while options.time.monotonic - start < interval, !isClosed.load(ordering: .relaxed) {
        options.time.sleep(min(interval, 0.05))
      }
      // A failure is kept, and met by the next writer.
      do throws(DatabaseError) { try syncLog() } catch {}
    }
  }

  func waitUntilIdle() throws(DatabaseError) {
    func isIdle(_ state: EngineState) -> Bool {
      state.families.allSatisfy { $0.sealed.isEmpty && !$0.isUnpicked && $0.running.isEmpty && !$0.isHeld }
    }
    func isAtRest(_ state: EngineState) -> Bool {
      state.families.allSatisfy { !$0.isFlushing && $0.running.isEmpty && !$0.isHeld }
    }
    while true {
      if isInline { runInline() }
      let (failure, isDone) = state.wait({ [isInline] state in
        state.failure != nil || state.isClosing || (isInline ? isAtRest(state) : isIdle(state))
      }) { ($0.failure, isIdle($0)) }
      if let failure { throw failure }
      if isDone { break }
      try requireOpen()
    }
    collectGarbage()
  }

  /// After a failure. What the log was told may be lost, so all that is in memory goes to tables before anything else
  /// is written.
  func resume() throws(DatabaseError) {
    try pipeline.exclusively { () throws(DatabaseError) in
      guard let failure = state.change({ $0.failure }) else { return }
      state.wait({ state in state.families.allSatisfy { !$0.isFlushing && $0.running.isEmpty } }) { _ in }
      if versions.failure != nil { try versions.resume() }
      let new = try WriteAheadLog(versions.takeFileNumber(), in: directory)
      pipeline.log?.abandon()
      pipeline.log = new
      state.change { state in
        for index in state.families.indices where index == 0 || !Mutant.oneFamilyResumed.isOn {
          let family = state.families[index]
          let next = EngineState.Buffer(memtable: Memtable(order: family.live.order), logNumber: new.number)
          if family.active.memtable.isEmpty {
            state.families[index].active = next
          } else {
            state.families[index].seal(next: next)
          }
          state.families[index].isUnpicked = true
        }
        pipeline.targets = state.targets
        views.replace(with: state.view)
        state.failure = nil
      }
      do throws(DatabaseError) {
        try waitForFlush(sealedUntilNow(state.change { $0.families.map(\.live.id) }))
        try pipeline.log?.sync()
        if !Mutant.failedLogReplayed.isOn { try leaveOldLogs() }
      } catch {
        fail(failure)
        throw error
      }
      noteHold()
      report(.resumed)
    }
    collectGarbage()
  }

  /// No recovery may read the logs before the present one: their ends are not what was acknowledged, and what comes
  /// after them would be lost.
  private func leaveOldLogs() throws(DatabaseError) {
    guard let log = pipeline.log else { return }
    let edits = state.change { state in
      state.version.families.filter { $0.logNumber < log.number }.map { family in
        var edit = VersionEdit(family: family.id)
        edit.logNumber = log.number
        edit.minLogNumberToKeep = log.number
        return edit
      }
    }
    if !edits.isEmpty { try install(edits) { _ in } }
  }

  func approximateSize(_ live: LiveFamily?, from: [UInt8]?, to: [UInt8]?) throws(DatabaseError) -> UInt64 {
    let view = views.load()
    defer { withExtendedLifetime(view) {} }
    let family = try reader.family(live, in: view)
    let order = family.live.order
    var total: UInt64 = 0
    for table in family.tables.tables where table.overlaps(from: from, to: to, order: order) {
      let open = try cache.reader(table, order: order)
      let start = try from.map { (key) throws(DatabaseError) in try open.approximateOffset(of: key) } ?? 0
      let end = try to.map { (key) throws(DatabaseError) in try open.approximateOffset(of: key) } ?? table.size
      total &+= end > start ? end - start : 0
    }
    return total
  }

  var statistics: DatabaseStatistics {
    var result = DatabaseStatistics()
    result.bytesWritten = counters.bytesWritten.load(ordering: .relaxed)
    result.entriesWritten = counters.entriesWritten.load(ordering: .relaxed)
    result.bytesFlushed = counters.bytesFlushed.load(ordering: .relaxed)
    result.bytesCompactedIn = counters.bytesCompactedIn.load(ordering: .relaxed)
    result.bytesCompactedOut = counters.bytesCompactedOut.load(ordering: .relaxed)
    result.flushes = counters.flushes.load(ordering: .relaxed)
    result.compactions = counters.compactions.load(ordering: .relaxed)
    result.moves = counters.moves.load(ordering: .relaxed)
    result.secondsStalled = Double(counters.stalled.load(ordering: .relaxed)) / 1e9
    result.longestStall = Double(counters.longestStall.load(ordering: .relaxed)) / 1e9
    if let blockCache { result.blockCache = blockCache.statistics }
    let view = views.load()
    for family in view.families {
      for memtable in family.memtables { result.memtableBytes += memtable.bytes }
      for (level, tables) in family.tables.levels.enumerated() {
        while result.tablesByLevel.count <= level {
          result.tablesByLevel.append(0)
          result.bytesByLevel.append(0)
        }
        result.tablesByLevel[level] += tables.count
        result.bytesByLevel[level] &+= tables.reduce(0) { $0 &+ $1.size }
      }
    }
    return result
  }
}

extension TableReader {
  /// About the bytes of the file before the user key, given without timestamp.
  func approximateOffset(of userKey: [UInt8]) throws(DatabaseError) -> UInt64 {
    let stamped = userKey + [UInt8](repeating: 0xFF, count: order.timestampSize - strippedTimestamp)
    let target = ByteBuffer(InternalKey(userKey: stamped, sequence: .maximum, kind: EntryKind.seek).bytes)
    defer { withExtendedLifetime(target) {} }
    var index = IndexCursor(self)
    try index.seek(target.bytes)
    return index.isValid ? index.handle.offset : file.size
  }
}
