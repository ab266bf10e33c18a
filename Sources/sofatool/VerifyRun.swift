import CommandKit
import SofaDB
internal import Synchronization

/// One run of `verify`: each path in turn, its findings and its summary; the status says the worst of them.
///
/// What the run leaves beside its report (a seal, the state of a scrub, metrics) is written before the summary: a
/// summary is only there when everything else is.
struct VerifyRun {
  private let invocation: Invocation
  private let context: ToolContext
  private let pace: ReadPace
  private let isQuiet: Bool
  private let metrics: PrometheusFile?

  init(_ invocation: Invocation, _ context: ToolContext) throws {
    self.invocation = invocation
    self.context = context
    let interruption = context.console.interruption
    let limiter = invocation[CommonOptions.readRate].map {
      RateLimiter(bytesPerSecond: $0 * 1_048_576, time: context.time)
    }
    let isBeside =
      limiter != nil || invocation[VerifyCommand.maxTime] != nil || invocation[VerifyCommand.resume] != nil
    pace = ReadPace(limiter: limiter, leavesCache: isBeside, isCancelled: { interruption.isRequested })
    isQuiet = invocation[CommonOptions.quiet]
    try VerifySeal.checkOptions(invocation)
    try VerifyCommand.checkOptions(invocation)
    metrics = try invocation[VerifyCommand.prometheus].map { path in try PrometheusFile(path) }
  }

  func run() throws -> ExitStatus {
    do {
      let scopes = try PathScope.all(invocation[VerifyCommand.paths], context.fileSystem)
      if scopes.count > 1, let name = VerifyCommand.single.first(where: { invocation.isGiven($0) }) {
        throw UsageError("option '--\(name.declaration.name)' is for one database at a time")
      }
      if scopes.count > 1, invocation[VerifyCommand.nagios] || invocation[VerifyCommand.maxTime] != nil {
        throw UsageError("options '--nagios' and '--max-time' are for one database at a time")
      }
      var status = ExitStatus.ok
      for scope in scopes {
        let one = try run(scope)
        status = VerifyCommand.worse(status, one)
      }
      return status
    } catch let error as DatabaseError where invocation[VerifyCommand.nagios] {
      // Before there was anything to count.
      return try tell(outcome("", FindingSummary(), FindingReport.Tally(), failure: error))
    }
  }

  private func run(_ scope: PathScope) throws -> ExitStatus {
    var verify = try verify(scope)
    try refuseInside(scope)
    let scrub = try scrub()
    verify.scrub = scrub
    verify.maximumSeconds = invocation[VerifyCommand.maxTime].map(VerifyCommand.seconds)
    let seal = try VerifySeal(invocation, scope, context)
    seal.prepare(&verify)
    let console = context.console
    let progress = Progress("verify", on: console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
    let covered = Mutex((done: UInt64(0), total: UInt64(0)))
    verify.progress = { done, total in
      covered.withLock { $0 = (max($0.done, done), total) }
      progress.update(done: Int(clamping: done), total: Int(clamping: total))
    }
    let form: FindingReport.Form =
      invocation[VerifyCommand.nagios] ? .none : invocation[VerifyCommand.json] ? .json : .text
    let report = FindingReport(console, form: form, isQuiet: isQuiet, showKeys: invocation[CommonOptions.showKeys])
    let start = context.time.monotonic
    let summary: FindingSummary
    do throws(DatabaseError) {
      summary = try verify.run { report.add($0) }
    } catch {
      seal.discard()
      var partial = FindingSummary()
      (partial.bytes, partial.bytesInScope) = covered.withLock { $0 }
      partial.seconds = context.time.monotonic - start
      return try end(scope, partial, report, scrub, error)
    }
    progress.finish()
    let status = VerifyCommand.status(of: summary)
    if let scrub { try save(scrub, scope) }
    try seal.finish(summary, isQuiet: isQuiet)
    let outcome = outcome(scope.path, summary, report.tally, status: status, pending: pendingChanges(scope))
    try metrics?.write(outcome, context.fileSystem)
    try report.close(scope.path, summary, status)
    return invocation[VerifyCommand.nagios] ? try tell(outcome) : status
  }

  /// After a run without a verdict: what was done is remembered, and whoever watches is told.
  private func end(
    _ scope: PathScope, _ partial: FindingSummary, _ report: FindingReport, _ scrub: Scrub?, _ error: DatabaseError
  ) throws -> ExitStatus {
    if let scrub {
      do throws(DatabaseError) { try save(scrub, scope) } catch {
        context.console.warn("the state was not saved: \(EscapedText.printable(error.description))")
      }
    }
    try report.check()
    let interrupted = context.console.interruption.status
    let outcome = outcome(
      scope.path, partial, report.tally, status: interrupted ?? error.exitStatus, pending: pendingChanges(scope),
      failure: error)
    if partial.bytesInScope > 0, interrupted == nil { try metrics?.write(outcome, context.fileSystem) }
    if invocation[VerifyCommand.nagios] { return try tell(outcome) }
    if let interrupted { throw Interrupted(status: interrupted) }
    throw error
  }

  private func outcome(
    _ path: String, _ summary: FindingSummary, _ tally: FindingReport.Tally, status: ExitStatus? = nil,
    pending: Int = 0, failure: DatabaseError? = nil
  ) -> VerifyOutcome {
    VerifyOutcome(
      path: path, summary: summary, tally: tally, status: status ?? failure?.exitStatus ?? .ok,
      failure: failure?.description, now: context.time.now, pendingChanges: pending)
  }

  private func tell(_ outcome: VerifyOutcome) throws -> ExitStatus {
    let line = NagiosLine(outcome)
    try context.console.output.writeLine(line.text)
    return line.status
  }

  // MARK: What is beside the report

  private func refuseInside(_ scope: PathScope) throws(DatabaseError) {
    if case .tables = scope.content { return }
    for option in [VerifyCommand.resume, VerifyCommand.prometheus] {
      guard let path = invocation[option] else { continue }
      try OutputFile.refuse(path, inside: scope.path, context.fileSystem)
    }
  }

  /// The state of the last run; a new one where there is no file yet.
  private func scrub() throws -> Scrub? {
    guard let path = invocation[VerifyCommand.resume] else { return nil }
    guard try context.fileSystem.attributes(at: path) != nil else { return Scrub(time: context.time) }
    guard let file = try FileTarget.file(at: path, context.fileSystem) else {
      throw DatabaseError(.invalid, file: path, "a directory, where the state of verify is meant")
    }
    return Scrub(try ScrubState(file.open()), time: context.time)
  }

  private func save(_ scrub: Scrub, _ scope: PathScope) throws(DatabaseError) {
    guard let path = invocation[VerifyCommand.resume] else { return }
    try OutputFile.write(
      scrub.state.encoded(source: scope.path), to: path, access: .owner, context.fileSystem)
  }

  /// A journal that cannot be read is no matter of this check.
  private func pendingChanges(_ scope: PathScope) -> Int {
    if case .tables = scope.content { return 0 }
    guard metrics != nil else { return 0 }
    do throws(DatabaseError) {
      return try Journal.entries(of: scope.directory).count { $0.state == .unfinished }
    } catch { return 0 }
  }

  private func verify(_ scope: PathScope) throws -> Verify {
    let level = invocation[VerifyCommand.level]
    let jobs = invocation[VerifyCommand.jobs]
    var verify: Verify
    switch scope.content {
    case .database, .damagedDatabase: verify = Verify(database: scope.directory, level: level, jobs: jobs)
    case .tables(let names): verify = Verify(tables: names, in: scope.directory, level: level, jobs: jobs)
    case .sofaGo:
      throw DatabaseError(
        .unsupported, file: scope.path, "directories of the Go SofaDB carry no checksums; load them with bulk-load")
    }
    verify.pace = pace
    verify.time = context.time
    verify.wantsContent = invocation[VerifyCommand.contentDigest]
    return verify
  }
}
