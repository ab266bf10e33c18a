internal import Synchronization

/// Reads every byte of a database, or of loose tables, and says what is wrong. Writes nothing and takes no lock that
/// could block an engine.
///
/// Files are checked in parallel, each by one thread in one streaming pass; memory is a few MiB a thread plus the index
/// of the tables being read. Findings are given in a fixed order, whatever the number of threads.
public struct Verify: Sendable {
  public var level: VerifyLevel
  /// Threads, at least 1.
  public var jobs: Int
  /// Told how many of how many bytes are done, from any thread.
  public var progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in }
  /// How fast all threads together read; its wish to stop ends the run with `cancelled`.
  public var pace = ReadPace()
  public var time: any TimeSource = SystemTime()
  /// Whether the summary shall say what readers see: a second pass over the data.
  public var wantsContent = false
  /// Takes a digest of every file that is read, where one is wanted; each file is then read to its end at any level.
  public var digests: FileDigests?
  /// What the files are held against.
  public var seal: Seal?

  /// Seconds after which no further file is begun; the logs and one more file always are, so that every run gets on.
  public var maximumSeconds: Double?
  /// Where a check that takes many runs stands; taken and updated.
  public var scrub: Scrub?

  private let source: any ReadableDirectory
  private let tables: [String]?

  /// Checks the database in `directory`.
  public init(database directory: any ReadableDirectory, level: VerifyLevel = .full, jobs: Int = Workers.processors) {
    source = directory
    self.level = level
    self.jobs = max(jobs, 1)
    tables = nil
  }

  /// Checks the loose tables `names` of `directory`.
  public init(
    tables names: [String], in directory: any ReadableDirectory, level: VerifyLevel = .full,
    jobs: Int = Workers.processors
  ) {
    source = directory
    self.level = level
    self.jobs = max(jobs, 1)
    tables = names
  }

  /// What is checked: the frame of a database, or loose tables, and the files behind it.
  fileprivate struct Work {
    var audit: DirectoryAudit
    var tasks: [AuditTask] = []
    /// Of their files; empty where nobody needs them.
    var attributes: [FileAttributes?] = []
    var plan = Scrub.Plan()
    /// Logs, which come first in the plan: what they tell is needed in every run.
    var logCount = 0
    var bytesInScope: UInt64 { audit.bytesInScope }
    /// Files besides those of tasks: CURRENT, the MANIFEST, and names that are no files.
    var frameFiles: UInt64 { UInt64(audit.specialCount + (audit.history == nil ? 0 : 2)) }

    func bytes(of indices: [Int]) -> UInt64 { indices.reduce(0) { $0 &+ (attributes[$1]?.size ?? 0) } }
  }

  /// Gives each finding to `report` as soon as its turn has come, on the caller's or a worker's thread, one at a time.
  /// Throws what the disk throws, `locked` when the database changed under the check, and `cancelled`.
  public func run(report: @escaping @Sendable (Finding) -> Void) throws(DatabaseError) -> FindingSummary {
    let start = time.monotonic
    let directory = PacedDirectory(source, pace: pace)
    let before = tables == nil ? try fingerprint(directory) : ""
    let work = try survey(directory)
    let results = AuditResults(
      count: work.tasks.count, total: work.bytesInScope, report: report, progress: progress)
    progress(0, work.bytesInScope)
    results.add(work.audit.findings)
    let digests = seal == nil ? digests : digests ?? FileDigests()
    let scrub = scrub
    let auditor = Auditor(
      directory: directory, level: level, newestLog: work.audit.logs.last,
      isLevelDB: work.audit.history?.version.dialect == .leveldb, digests: digests, results: results,
      isCancelled: pace.isCancelled, remember: { index, outcome in scrub?.remember(index, outcome) })
    let end = maximumSeconds.map { start + $0 }
    perform(work, auditor, until: end)
    var last = crossChecks(work.audit, results)
    // The pass over all levels is begun in time or left to the next run.
    let isInTime = work.plan.pending.count <= work.logCount || end.map { time.monotonic < $0 } ?? true
    if tables == nil { last += try EndAudit(directory, work.audit, results).findings(level) }
    if isInTime { last += try orderOfLevels(work.audit, results, directory) }
    if let digests { last += try compare(digests, work.audit, directory) }
    try results.close(last)
    var summary = FindingSummary()
    if wantsContent { summary.content = try content(directory) }
    if tables == nil, try fingerprint(directory) != before {
      throw DatabaseError(
        .locked, file: source.path, "the database was written to while it was checked: there is no verdict")
    }
    summary.isCut = !results.isWhole || !isInTime && level == .full && tables == nil
    summary.round = scrub?.state.round
    if !summary.isCut { scrub?.finishRound() }
    summary.take(results, work)
    summary.seconds = time.monotonic - start
    return summary
  }

  private func survey(_ directory: any ReadableDirectory) throws(DatabaseError) -> Work {
    var work = Work(audit: DirectoryAudit(directory))
    if let tables { try work.audit.take(tables) } else { try work.audit.run() }
    work.tasks = AuditTask.all(work.audit, level: level)
    work.plan.pending = Array(work.tasks.indices)
    guard scrub != nil || maximumSeconds != nil else { return work }
    for task in work.tasks { work.attributes.append(try directory.attributes(of: task.name)) }
    if let scrub { work.plan = scrub.plan(work.tasks.map(\.name), work.attributes, level: level) }
    let logs = work.plan.pending.filter { work.tasks[$0].isLog }
    work.plan.pending = logs + work.plan.pending.filter { !work.tasks[$0].isLog }
    work.logCount = logs.count
    return work
  }

  private func perform(_ work: Work, _ auditor: Auditor, until end: Double?) {
    for (index, outcome) in work.plan.remembered {
      auditor.results.advance(work.attributes[index]?.size ?? 0)
      auditor.results.finish(index, work.tasks[index], outcome)
    }
    let next = Atomic<Int>(0)
    let (tasks, pending, logCount, time) = (work.tasks, work.plan.pending, work.logCount, time)
    Workers.run(min(jobs, max(pending.count, 1))) { _ in
      while true {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard turn < pending.count, !auditor.results.hasFailed else { return }
        if turn > logCount, let end, time.monotonic >= end { return }
        auditor.run(tasks[pending[turn]], pending[turn])
      }
    }
  }

  /// Adds the digests of the files that no task read, and holds all of them against the seal.
  private func compare(
    _ digests: FileDigests, _ audit: DirectoryAudit, _ directory: any ReadableDirectory
  ) throws(DatabaseError) -> [Finding] {
    if tables == nil {
      try digests.addFrame(of: directory, manifest: audit.history?.name)
      for blob in audit.blobs where level == .quick {
        try digests.add(DatabaseFile.blob(blob.metadata.number).name, of: directory)
      }
    }
    guard let seal else { return [] }
    var comparison = SealComparison(
      seal, digests, directory, manifest: audit.history?.name, isDatabase: tables == nil)
    return try comparison.run()
  }

  /// What only the sum of all tables tells: blob files that are referred to and not listed.
  private func crossChecks(_ audit: DirectoryAudit, _ results: AuditResults) -> [Finding] {
    guard tables == nil, level == .full else { return [] }
    let known = Set(audit.blobs.map(\.metadata.number))
    let compressions = results.blobCompressions
    var findings: [Finding] = []
    for (table, file, wanted) in results.blobReferences.sorted(by: { ($0.table, $0.blob) < ($1.table, $1.blob) }) {
      let name = DatabaseFile.blob(file).name
      if !known.contains(file) {
        findings.append(
          Finding(.blobReference, file: table, detail: "it refers to \(name), which is not listed"))
      } else if let compression = compressions[file], wanted != [compression] {
        findings.append(
          Finding(
            .blobReference, file: name, offset: 13, length: 1,
            detail: "its header and references from \(table) name different compressions"))
      }
    }
    return findings
  }

  /// Versions across levels, where no table showed damage that would already explain anything.
  private func orderOfLevels(
    _ audit: DirectoryAudit, _ results: AuditResults, _ directory: any ReadableDirectory
  ) throws(DatabaseError) -> [Finding] {
    guard level == .full, let version = audit.history?.version, results.isWhole,
      !results.findings.contains(where: { $0.severity == .error })
    else { return [] }
    let cache = TableCache(directory: directory)
    var findings: [Finding] = []
    for family in version.families {
      if let finding = try SequenceAudit(family, cache: cache).finding(isCancelled: pace.isCancelled) {
        findings.append(finding)
      }
    }
    if pace.isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    return findings
  }

  /// Incomplete, and empty, where not even the list of tables can be read.
  private func content(_ directory: any ReadableDirectory) throws(DatabaseError) -> ContentReport {
    do throws(DatabaseError) {
      let damage = DamageLog()
      let view =
        if let tables {
          try DatabaseView(tables: tables, in: directory, damage: damage)
        } else {
          try DatabaseView(database: directory)
        }
      var report = try ContentScan(view, jobs: jobs).run()
      if !damage.gaps.isEmpty { report.isComplete = false }
      return report
    } catch {
      guard error.concernsOneFile else { throw error }
      var report = ContentReport()
      report.isComplete = false
      return report
    }
  }

  /// Changes whenever an engine commits anything.
  private func fingerprint(_ directory: any ReadableDirectory) throws(DatabaseError) -> String {
    guard let current = try directory.attributes(of: CurrentFile.name), current.size < 64 else { return "" }
    let file = try directory.open(CurrentFile.name)
    let bytes = try file.readExactly(Int(file.size), at: 0)
    let name = String(decoding: bytes.bytes.dropLast(), as: UTF8.self)
    guard case .manifest = DatabaseFile(name: name) else { return name }
    return "\(name) \(try directory.attributes(of: name)?.size ?? 0)"
  }
}

extension FindingSummary {
  fileprivate mutating func take(_ results: AuditResults, _ work: Verify.Work) {
    let finished = results.finished
    filesInScope = UInt64(work.tasks.count) + work.frameFiles
    files = UInt64(finished.count) + work.frameFiles
    bytesInScope = work.bytesInScope
    if results.isWhole {
      bytes = bytesInScope
    } else {
      let frame = work.audit.history.map { $0.size + UInt64(CurrentFile.name.utf8.count) } ?? 0
      bytes = min(work.bytes(of: finished) &+ frame, bytesInScope)
    }
    bytesBefore = work.bytes(of: work.plan.remembered.map(\.index))
    for finding in results.findings { count(finding) }
  }
}
