import CommandKit
import SofaDB

/// One run of `verify`: each path in turn, its findings and its summary; the status says the worst of them.
struct VerifyRun {
  private let invocation: Invocation
  private let context: ToolContext
  private let pace: ReadPace

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
    let interruption = context.console.interruption
    let limiter = invocation[CommonOptions.readRate].map {
      RateLimiter(bytesPerSecond: $0 * 1_048_576, time: context.time)
    }
    pace = ReadPace(limiter: limiter, isCancelled: { interruption.isRequested })
  }

  func run() throws -> ExitStatus {
    var status = ExitStatus.ok
    for scope in try PathScope.all(invocation[VerifyCommand.paths], context.fileSystem) {
      let one = try run(scope)
      status = VerifyCommand.worse(status, one)
    }
    return status
  }

  private func run(_ scope: PathScope) throws -> ExitStatus {
    var verify = try verify(scope)
    let console = context.console
    let isQuiet = invocation[CommonOptions.quiet]
    let progress = Progress("verify", on: console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
    verify.progress = { done, total in progress.update(done: Int(done), total: Int(total)) }
    let report = FindingReport(
      console, asJSON: invocation[VerifyCommand.json], isQuiet: isQuiet, showKeys: invocation[CommonOptions.showKeys])
    let summary: FindingSummary
    do throws(DatabaseError) {
      summary = try verify.run { report.add($0) }
    } catch {
      try report.check()
      if let status = console.interruption.status { throw Interrupted(status: status) }
      throw error
    }
    progress.finish()
    let status = VerifyCommand.status(of: summary)
    try report.close(scope.path, summary, status)
    return status
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
