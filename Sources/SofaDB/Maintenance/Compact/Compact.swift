internal import Synchronization

/// Compacts a database that nobody has open: merges tables into one level, drops what no reader can see, and commits
/// all of it as one change that can be undone. Un-flushed logs stay as they are; what they hold is newer than every
/// table.
///
/// Memory: that of one `CompactionJob`. Space: the old tables stay in the journal until the change is discarded.
public struct Compact: Sendable {
  public var selection = CompactSelection()
  public var overrides = CompactPlan.Overrides()
  /// Threads, at least 1.
  public var jobs = Workers.processors
  /// Asked often, from several threads; true ends the work with `cancelled` and leaves the database as it was.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told how many of how many bytes of keys and values are read, on several threads.
  public var progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in }
  /// All threads together write no faster.
  public var writeLimiter: RateLimiter?

  public init() {}

  /// What `run` would do now. Writes nothing and takes no lock.
  public func plan(_ directory: any ReadableDirectory) throws(DatabaseError) -> CompactPlan {
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    return try CompactPlan(version, selection, overrides: overrides, in: directory)
  }

  public func run(_ database: ExclusiveDatabase) throws(DatabaseError) -> CompactReport {
    let plan = try plan(database.directory)
    var report = CompactReport()
    report.skipped = plan.skipped
    if plan.steps.isEmpty { return report }
    // Compaction needs at most about as much as it reads.
    try database.directory.requireSpace(
      plan.size, advice: "compact a part with --from, --to, --levels or --files")
    let change = try DatabaseChange("compact", of: database, base: plan.version)
    do throws(DatabaseError) {
      var builder = VersionBuilder(plan.version)
      let origin = try DatabaseIdentity.newSession(plan.version.databaseID, in: database.directory)
      let done = Mutex<UInt64>(0)
      for step in plan.steps {
        let result = try compact(step, plan, change, database.directory, origin, done)
        try builder.apply(edit(step, result, plan.version.dialect))
        report.add(step, result)
        done.withLock { $0 &+= step.size }
      }
      let summary = "\(report.tablesBefore) tables into \(report.tablesAfter)"
      report.change = try change.commit(builder.build(), summary: summary)
    } catch {
      change.abandon()
      throw error
    }
    return report
  }

  private func compact(
    _ step: CompactStep, _ plan: CompactPlan, _ change: DatabaseChange, _ directory: any Directory,
    _ origin: TableOrigin, _ done: borrowing Mutex<UInt64>
  ) throws(DatabaseError) -> CompactionResult {
    let cache = TableCache(directory: directory)
    let base = done.withLock { $0 }
    let total = plan.size
    let size = step.size
    let progress = progress
    let target = CompactionTarget(directory: change.staging, suffix: change.tableSuffix) { change.newNumber() }
    var job = CompactionJob(try compaction(step, plan, origin, cache), cache: cache, target: target)
    job.jobs = jobs
    job.isCancelled = isCancelled
    job.progress = { step in
      // In bytes of files, which is what all steps have in common.
      let part = step.total > 0 ? Double(min(step.done, step.total)) / Double(step.total) : 0
      progress(base &+ UInt64(Double(size) * part), total)
    }
    if let writeLimiter {
      let isCancelled = isCancelled
      job.throttle = { bytes in _ = writeLimiter.take(bytes, unless: isCancelled) }
    }
    return try job.run()
  }

  private func compaction(
    _ step: CompactStep, _ plan: CompactPlan, _ origin: TableOrigin, _ cache: TableCache
  ) throws(DatabaseError) -> CompactionPlan {
    let operators = try operators(step, cache)
    var options = step.style.options
    options.origin = origin
    // Tables tell readers which operator their operands are meant for.
    options.mergeOperator = operators.last?.name
    var compaction = try CompactionPlan(
      step.family, inputs: Set(step.inputs.map(\.number)), outputLevel: step.outputLevel, options: options)
    compaction.targetFileSize = step.style.targetFileSize
    compaction.keepsTombstones = plan.file?.database["allow_ingest_behind"] == "true"
    compaction.mergeOperator = mergeOperator(step, plan, operators)
    return compaction
  }

  /// Only an operator whose meaning and parameters are certain: the delimiter of string appending is in OPTIONS alone.
  private func mergeOperator(
    _ step: CompactStep, _ plan: CompactPlan, _ operators: [(name: String, hasOperands: Bool)]
  ) -> MergeOperator? {
    if let named = plan.file?.family(named: step.family.name)?.mergeOperator {
      guard let found = MergeOperator(name: named.name, delimiter: named.delimiter) else { return nil }
      switch found {
      case .unknown: return nil
      case .stringAppend: return named.delimiter == nil ? nil : found
      case .uint64Add, .max, .put, .custom: return found
      }
    }
    let names = Set(operators.lazy.filter(\.hasOperands).map(\.name))
    guard names.count == 1, let name = names.first, let found = MergeOperator(name: name) else { return nil }
    switch found {
    case .unknown, .stringAppend: return nil
    case .uint64Add, .max, .put, .custom: return found
    }
  }

  /// The operators that the inputs name, of the newest table last.
  private func operators(
    _ step: CompactStep, _ cache: TableCache
  ) throws(DatabaseError) -> [(name: String, hasOperands: Bool)] {
    var operators: [(name: String, hasOperands: Bool)] = []
    for table in step.inputs.sorted(by: { $0.number < $1.number }) {
      let properties = try cache.reader(table, order: step.family.order).properties
      let name = properties.mergeOperator ?? "nullptr"
      if name != "nullptr" || properties.mergeOperandCount > 0 {
        operators.append((name, properties.mergeOperandCount > 0))
      }
    }
    return operators
  }

  private func edit(_ step: CompactStep, _ result: CompactionResult, _ dialect: ManifestDialect) -> VersionEdit {
    var edit = VersionEdit(family: step.family.id)
    edit.deletedTables = step.inputs.map { .init(level: $0.level, number: $0.number) }
    edit.newTables = result.outputs.map(\.metadata)
    if dialect == .leveldb {
      // LevelDB records no sequence numbers, and nothing else either.
      edit.newTables = result.outputs.map { output in
        let table = output.metadata
        return TableMetadata(
          number: table.number, level: table.level, size: table.size, smallest: table.smallest,
          largest: table.largest, smallestSequence: TableMetadata.unknownSequence, largestSequence: 0)
      }
    }
    edit.blobGarbage = result.blobGarbage.sorted { $0.key < $1.key }.map {
      .init(number: $0.key, count: $0.value.count, bytes: $0.value.bytes)
    }
    return edit
  }
}

extension CompactReport {
  mutating func add(_ step: CompactStep, _ result: CompactionResult) {
    tablesBefore += step.inputs.count
    tablesAfter += result.outputs.count
    bytesBefore &+= step.size
    bytesAfter &+= result.outputSize
    entriesBefore &+= result.entriesRead
    entriesAfter &+= result.entriesWritten
  }
}
