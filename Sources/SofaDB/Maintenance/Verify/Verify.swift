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

  /// Gives each finding to `report` as soon as its turn has come, on the caller's or a worker's thread, one at a time.
  /// Throws what the disk throws, `locked` when the database changed under the check, and `cancelled`.
  public func run(report: @escaping @Sendable (Finding) -> Void) throws(DatabaseError) -> FindingSummary {
    let start = time.monotonic
    let directory = PacedDirectory(source, pace: pace)
    var summary = FindingSummary()
    let before = tables == nil ? try fingerprint(directory) : ""
    var directoryAudit = DirectoryAudit(directory)
    if let tables { try directoryAudit.take(tables) } else { try directoryAudit.run() }
    let tasks = AuditTask.all(directoryAudit, level: level)
    summary.bytesInScope = directoryAudit.bytesInScope
    let results = AuditResults(count: tasks.count, total: summary.bytesInScope, report: report, progress: progress)
    results.add(directoryAudit.findings)
    let auditor = Auditor(
      directory: directory, level: level, newestLog: directoryAudit.logs.last,
      isLevelDB: directoryAudit.history?.version.dialect == .leveldb, results: results,
      isCancelled: pace.isCancelled)
    let next = Atomic<Int>(0)
    Workers.run(min(jobs, max(tasks.count, 1))) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < tasks.count, !results.hasFailed else { return }
        auditor.run(tasks[index], index)
      }
    }
    let ends = EndAudit(directory, directoryAudit, results)
    try results.close(
      crossChecks(directoryAudit, results) + (tables == nil ? ends.findings(level) : [])
        + orderOfLevels(directoryAudit, results, directory))
    if wantsContent { summary.content = try content(directory) }
    if tables == nil, try fingerprint(directory) != before {
      throw DatabaseError(
        .locked, file: source.path, "the database was written to while it was checked: there is no verdict")
    }
    summary.take(results)
    summary.files = UInt64(tasks.count + directoryAudit.specialCount + (directoryAudit.history == nil ? 0 : 2))
    summary.bytes += directoryAudit.history.map { $0.size + UInt64(CurrentFile.name.utf8.count) } ?? 0
    summary.bytes = max(summary.bytes, level == .quick || results.isWhole ? summary.bytesInScope : 0)
    summary.seconds = time.monotonic - start
    return summary
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
  fileprivate mutating func take(_ results: AuditResults) {
    bytes = results.bytesDone
    for finding in results.findings { count(finding) }
  }
}
