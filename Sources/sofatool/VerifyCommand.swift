public import CommandKit
public import SofaDB
internal import Synchronization

/// `sofatool verify PATH...`.
enum VerifyCommand {
  private static let paths = Operand<[String]>(
    "PATH", .path("sst", "ldb"), option: "db", help: "a database directory, a directory of tables, or table files")
  private static let level = Option<VerifyLevel>("level", .choice, default: .full, help: "how deep to look")
  private static let jobs = Option<Int>(
    "jobs", .int(in: 1...1024), short: "j", default: Workers.processors, defaultText: "one a processor",
    help: "threads")
  private static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "verify",
    summary: "reads every byte and says what is wrong; made for cron",
    discussion: """
      Holds the MANIFEST against the files and the logs, compares the checksum of every block, and at the level full \
      decodes every entry: order of keys, index separators, filters that must admit every key, counts in the \
      properties, bounds and sequence numbers in the MANIFEST, write batches in the logs. Several threads read, each \
      one file at a time, in pieces of 1 MiB; memory stays below 16 MiB a thread plus the index of its table.

      Nothing is written, created or locked. When an engine commits to the database meanwhile, there is no verdict \
      and the status is 4: verify a checkpoint, or stop the service.

      With -q, a clean database prints nothing at all.
      """,
    options: [
      OptionGroup("Check", [level, jobs]),
      OptionGroup("Output", [json, CommonOptions.showKeys, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool verify db", "Everything."),
      Command.Example("sofatool verify --level blocks -q db", "For cron: checksums only, silent when all is well."),
      Command.Example("sofatool verify --json db > report.ndjson", "For scripts."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.ok, "Everything was read and nothing is wrong."),
      Command.ExitMeaning(.findings, "Something is wrong; each finding has a line."),
      Command.ExitMeaning(.refused, "Changed meanwhile, I/O error, or made with a feature that is not supported."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    var status = ExitStatus.ok
    for scope in try PathScope.all(invocation[paths], context.fileSystem) {
      let one = try run(scope, invocation, context)
      status = worse(status, one)
    }
    return status
  }

  private static func run(_ scope: PathScope, _ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    var verify: Verify
    switch scope.content {
    case .database: verify = Verify(database: scope.directory, level: invocation[level], jobs: invocation[jobs])
    case .tables(let names):
      verify = Verify(tables: names, in: scope.directory, level: invocation[level], jobs: invocation[jobs])
    case .sofaGo:
      throw DatabaseError(
        .unsupported, file: scope.path, "directories of the Go SofaDB carry no checksums; load them with bulk-load")
    }
    let console = context.console
    let isQuiet = invocation[CommonOptions.quiet]
    let progress = Progress("verify", on: console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
    verify.progress = { done, total in progress.update(done: Int(done), total: Int(total)) }
    verify.isCancelled = { console.interruption.isRequested }
    let report = FindingReport(
      console, asJSON: invocation[json], isQuiet: isQuiet, showKeys: invocation[CommonOptions.showKeys])
    let summary: FindingSummary
    do throws(DatabaseError) {
      summary = try verify.run { report.add($0) }
    } catch {
      try report.check()
      if let status = console.interruption.status { throw Interrupted(status: status) }
      throw error
    }
    progress.finish()
    let status = status(of: summary)
    try report.close(scope.path, summary, status)
    return status
  }

  /// Findings that only say "not supported" leave the check incomplete for a reason of the environment.
  static func status(of summary: FindingSummary) -> ExitStatus {
    let unsupported: Set<FindingCode> = [.tableUnsupported, .envComparatorUnknown, .envEncrypted]
    if summary.hasFindings, summary.counts.keys.contains(where: { !unsupported.contains($0) && $0.severity > .info }) {
      return .findings
    }
    if summary.counts.keys.contains(where: unsupported.contains) { return .refused }
    if summary.hasFindings { return .findings }
    return summary.isComplete ? .ok : .incomplete
  }

  /// Findings outweigh everything else: they must not be lost among several paths.
  private static func worse(_ a: ExitStatus, _ b: ExitStatus) -> ExitStatus {
    if a == .findings || b == .findings { return .findings }
    return a.code >= b.code ? a : b
  }
}

extension VerifyLevel: CommandLineChoice {
  public var summary: String {
    switch self {
    case .quick: "MANIFEST, existence, sizes, footers, properties"
    case .blocks: "and every checksum"
    case .full: "and every entry, the filters, the counts, the logs"
    }
  }
}
