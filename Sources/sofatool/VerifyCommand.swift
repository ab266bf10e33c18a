public import CommandKit
public import SofaDB

/// `sofatool verify PATH...`.
enum VerifyCommand {
  static let paths = Operand<[String]>(
    "PATH", .path("sst", "ldb"), option: "db", help: "a database directory, a directory of tables, or table files")
  static let level = Option<VerifyLevel>("level", .choice, default: .full, help: "how deep to look")
  static let jobs = Option<Int>(
    "jobs", .int(in: 1...1024), short: "j", default: Workers.processors, defaultText: "one a processor",
    help: "threads")
  static let contentDigest = Option<Bool>(
    "content-digest", help: "also a digest of what readers see, which no compaction changes")
  static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

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

      --content-digest adds a digest of the visible entries, of each column family and of all, which depends on \
      neither order nor layout: it is the one in the trailer of `sofatool dump --json` and in the ledger of `sofatool \
      bulk-load`, and compaction, another codec or another engine leave it as it is. It takes a second pass over the \
      data.

      With -q, a clean database prints nothing at all.
      """,
    options: [
      OptionGroup("Check", [level, contentDigest, jobs, CommonOptions.readRate]),
      OptionGroup("Output", [json, CommonOptions.showKeys, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool verify db", "Everything."),
      Command.Example("sofatool verify --level blocks -q db", "For cron: checksums only, silent when all is well."),
      Command.Example("sofatool verify --read-mib-per-sec 50 db", "Leaves the disk to the service beside it."),
      Command.Example(
        "sofatool verify --content-digest db", "Two databases that print the same content hold the same entries."),
      Command.Example("sofatool verify --json db > report.ndjson", "For scripts."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.ok, "Everything was read and nothing is wrong."),
      Command.ExitMeaning(.findings, "Something is wrong; each finding has a line."),
      Command.ExitMeaning(.incomplete, "A file is a link, a pipe or a directory and was not read; the rest is sound."),
      Command.ExitMeaning(.refused, "Changed meanwhile, I/O error, or made with a feature that is not supported."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try VerifyRun(invocation, context).run() })

  /// Files that could not be opened for what they are leave the check incomplete, other things that are not supported
  /// for a reason of the environment; so does it when there was nothing else.
  static func status(of summary: FindingSummary) -> ExitStatus {
    guard summary.hasFindings else { return summary.isComplete ? .ok : .incomplete }
    guard summary.isOnlyUnread else { return .findings }
    let special = summary.counts[.fileSpecial] ?? 0
    return special > 0 && special < summary.files ? .incomplete : .refused
  }

  /// Findings outweigh everything else: they must not be lost among several paths.
  static func worse(_ a: ExitStatus, _ b: ExitStatus) -> ExitStatus {
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
