internal import Synchronization

/// The machinery of an open database: what `Database` offers is done here, and in the extensions beside this file.
///
///     writes    WritePipeline -> WriteAheadLog -> Memtable             Engine+Writing
///     flushes   Memtable -> CompactionJob -> VersionSet.install        Engine+Flushing
///     merges    CompactionPicker -> CompactionJob -> VersionSet.install   Engine+Compacting
///     reads     ViewSlot -> Memtable, TableCache                       Engine+Reading
///
/// Locks, outermost first: the pipeline's lead, the lock of `VersionSet.install`, `state`. Readers take none of them.
final class Engine: @unchecked Sendable {
  let path: String
  let directory: any Directory
  /// This opening of the database.
  let origin: TableOrigin
  let options: DatabaseOptions
  let lock: any FileLock
  let versions: VersionSet
  let blockCache: BlockCache?
  let cache: TableCache
  let reader: ViewReader
  let snapshots = SnapshotList()
  let counters = EngineCounters()
  let state: Monitor<EngineState>
  let views: ViewSlot
  let limiter: RateLimiter?
  /// What the newest OPTIONS file says; held while another one is written.
  let stated: Monitor<OptionsFile?>
  /// Set once, before anybody else knows the engine.
  private(set) var pipeline: WritePipeline!
  private var threads: WorkerGroup?
  /// Whether there are no threads, and due work is done by whoever made it due. Set before a thread starts.
  private(set) var isInline: Bool
  /// For whoever leads the pipeline: logs that may still be needed, and what all logs together may have.
  let closedLogs = ClosedLogs()
  var logLimit: UInt64
  private var syncing: WorkerGroup?
  /// Whether `close` was called.
  let isClosed = Atomic(false)
  /// Whether something was written that no log holds.
  let hasUnlogged = Atomic(false)
  /// Whether writers have to look at `EngineState.hold` or `failure`.
  let needsCare = Atomic(false)

  /// Goes on from what recovery made. `families` are those of the version, `default` first.
  init(
    _ recovered: RecoveredDatabase, families: [LiveFamily], options: DatabaseOptions
  ) throws(DatabaseError) {
    path = recovered.directory.path
    directory = recovered.directory
    origin = recovered.origin
    lock = recovered.lock
    self.options = options
    blockCache = options.blockCacheBytes > 0 ? BlockCache(capacity: options.blockCacheBytes) : nil
    let cache = options.tableCache(recovered.directory, blocks: blockCache)
    self.cache = cache
    reader = ViewReader(path: path, cache: cache, blobs: BlobStore(directory: recovered.directory))
    limiter = options.writeBytesPerSecond.map { RateLimiter(bytesPerSecond: $0, time: options.time) }
    stated = Monitor(recovered.stated)
    versions = try VersionSet(recovered.version, in: recovered.directory, rolloverSize: options.manifestBytes)
    let number = recovered.logNumber
    let threads = options.backgroundThreads ?? max(2, Workers.processors)
    isInline = threads == 0
    logLimit = options.maxLogBytes ?? families.reduce(0) { $0 + 4 * UInt64($1.options.writeBufferBytes) }
    let version = versions.current
    let start = EngineState(
      version,
      families: families.map { family in
        EngineState.Family(
          live: family, active: EngineState.Buffer(memtable: Memtable(order: family.order), logNumber: number),
          map: LevelMap(version.family(family.id)?.levels ?? [], order: family.order, cache: cache))
      })
    state = Monitor(start)
    views = ViewSlot(start.view)
    pipeline = WritePipeline(
      lastSequence: recovered.lastSequence, targets: start.targets,
      makeRoom: { [unowned self] (pipeline) throws(DatabaseError) in try makeRoom(pipeline) },
      logFailed: { [unowned self] error in fail(error) })
    do throws(DatabaseError) { pipeline.log = try WriteAheadLog(number, in: directory) } catch {
      do throws(DatabaseError) { try versions.close() } catch { /* The first error says more. */  }
      throw error
    }
    state.change { $0.updateHold(base: options.delayedWriteBytesPerSecond) }
    noteHold()
    collectGarbage()
    if threads > 0 {
      let started = WorkerGroup(threads) { [self] index in work(index) }
      if started.count > 0 { self.threads = started } else { isInline = true }
      state.change { $0.hasFlushThread = started.count > 1 }
    }
    if isInline { runInline() }
    if let interval = options.logSyncInterval { syncing = WorkerGroup(1) { [self] _ in syncLog(every: interval) } }
  }

  func report(_ event: EngineEvent) { options.onEvent?(event) }

  /// Keeps the first failure: nothing is written any more until `resume`.
  func fail(_ error: DatabaseError) {
    let isFirst = state.change { state in
      guard state.failure == nil else { return false }
      state.failure = error
      // Under the lock, or `settleHold` could take it back.
      needsCare.store(true, ordering: .relaxed)
      return true
    }
    if isFirst { report(.failed(error)) }
  }

  func requireOpen() throws(DatabaseError) {
    if isClosed.load(ordering: .relaxed) { throw DatabaseError(.invalid, file: path, "the database is closed") }
  }

  /// Runs a call that works on files: `close` waits for its end, and none begins after it.
  func whileOpen<Result>(_ body: () throws(DatabaseError) -> Result) throws(DatabaseError) -> Result {
    let isOpen = state.change { state in
      let isOpen = !isClosed.load(ordering: .relaxed)
      state.callsAtWork += isOpen ? 1 : 0
      return isOpen
    }
    guard isOpen else { throw DatabaseError(.invalid, file: path, "the database is closed") }
    defer { state.change { $0.callsAtWork -= 1 } }
    return try body()
  }

  // MARK: Versions

  /// Installs edits, and lets `change` adapt the state in the same moment in which readers get the new version.
  /// `lastSequence`: the largest number in new tables, nil where all of them are visible.
  func install(
    _ edits: [VersionEdit], lastSequence: SequenceNumber? = nil, _ change: (inout EngineState) -> Void
  ) throws(DatabaseError) {
    let last = lastSequence ?? pipeline.visible.load(ordering: .acquiring)
    var changed: WriteHold?
    do throws(DatabaseError) {
      try versions.install(edits, lastSequence: last) { version in
        state.change { state in
          state.adopt(version, cache: cache)
          change(&state)
          state.updateHold(base: options.delayedWriteBytesPerSecond)
          changed = settleHold(state)
          views.replace(with: state.view)
        }
      }
    } catch {
      fail(error)
      throw error
    }
    if let changed { report(.writersHeld(changed)) }
  }

  func noteHold() {
    let changed = state.change { settleHold($0) }
    if let changed { report(.writersHeld(changed)) }
  }

  /// Tells writers of the hold, with the lock held; returns it when it is worth an event.
  private func settleHold(_ state: EngineState) -> WriteHold? {
    let isWell = state.failure == nil
    let isCareNeeded = state.hold != .free || !isWell
    let isNew = needsCare.exchange(isCareNeeded, ordering: .relaxed) != isCareNeeded
    return isNew && isWell ? state.hold : nil
  }

  /// Removes the files that nothing needs any more. What cannot be removed is found again the next time.
  func collectGarbage() {
    do throws(DatabaseError) {
      let files = try ObsoleteFiles(in: directory)
      let needed = state.change { state in
        state.versions.removeAll { $0.version == nil }
        var needed = ObsoleteFiles.Needed(version: versions.current, manifestNumber: versions.manifestNumber)
        for held in state.versions.compactMap(\.version)
        where held !== needed.version && !Mutant.readersTablesRemoved.isOn {
          for family in held.families {
            needed.tables.formUnion(family.tables.lazy.map(\.number))
            needed.blobFiles.formUnion(family.blobFiles.lazy.map(\.number))
          }
        }
        if !Mutant.pendingFilesCollected.isOn { needed.pending = state.pendingFiles }
        needed.isUnknown = state.failure != nil || versions.failure != nil
        return needed
      }
      let removal = files.remove(keeping: needed)
      // An open file keeps its space.
      for case .table(let number, _) in removal.removed { cache.remove(number) }
      for (file, error) in removal.failed { report(.fileRemains(name: file.name, error: error)) }
    } catch {
      report(.fileRemains(name: directory.path, error: error))
    }
  }

  // MARK: End

  /// Waits for running work, makes all that was written durable, and gives the directory free. Once.
  func close() throws(DatabaseError) {
    guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var failure: DatabaseError?
    func attempt(_ body: () throws(DatabaseError) -> Void) {
      do throws(DatabaseError) { try body() } catch { failure = failure ?? error }
    }
    // Those who wait for room look again, and whoever leads next finds the database closed.
    state.change { _ in }
    attempt { () throws(DatabaseError) in try pipeline.exclusively { () throws(DatabaseError) in } }
    // Throws after a failure: what no log holds cannot be kept then.
    if hasUnlogged.load(ordering: .relaxed) { attempt { () throws(DatabaseError) in try flushAll() } }
    state.change { $0.isClosing = true }
    threads?.join()
    syncing?.join()
    state.wait({ $0.callsAtWork == 0 }) { _ in }
    attempt { () throws(DatabaseError) in
      try pipeline.exclusively { () throws(DatabaseError) in
        guard let log = pipeline.log else {
          // It went with the failure, and what it held may not be durable.
          if let failure = state.change({ $0.failure }) { throw failure }
          return
        }
        pipeline.log = nil
        // Also after a failure of something else: what no table has is in here. One that failed itself says so again.
        do throws(DatabaseError) { try log.close() } catch {
          log.abandon()
          throw error
        }
      }
    }
    collectGarbage()
    attempt { () throws(DatabaseError) in try versions.close() }
    lock.release()
    if let failure { throw failure }
  }
}
