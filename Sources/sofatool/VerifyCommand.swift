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
  static let seal = Option<String?>(
    "seal", .file, help: "records a digest of every file that does not change in place; refused if it exists")
  static let againstSeal = Option<String?>("against-seal", .file, help: "compares the files with a seal")
  static let sealKey = Option<String?>(
    "seal-key-file", .file, help: "a secret that the seal is made with; mode 0600")
  static let overwrite = Option<Bool>("overwrite", help: "replaces what --seal names")
  static let maxTime = Option<Duration?>(
    "max-time", .duration, help: "begins no further file after so long; what is left ends with status 3")
  static let resume = Option<String?>(
    "resume", .file, placeholder: "STATE", help: "goes on where the last run with this file stopped, and saves to it")
  static let prometheus = Option<String?>(
    "prometheus", .path("prom", placeholder: "FILE"), help: "metrics for node_exporter's textfile collector")
  static let nagios = Option<Bool>("nagios", help: "prints one plugin line and ends with a plugin's status")
  /// What makes no sense for several databases at once.
  static let single = [seal, againstSeal, resume, prometheus]
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

      --seal records the SHA-256 of live tables and blob files, CURRENT, the MANIFEST, OPTIONS files and IDENTITY; \
      write-ahead logs change and are not sealed. --against-seal reports files whose bytes changed since, also where \
      no checksum covers them, a MANIFEST that is shorter than it was, and a CURRENT that went back; files that \
      compactions removed or wrote since are remarks. Checksums find accidents; who forges a file forges its checksum \
      with it, and can make a new seal as well. A seal that is kept elsewhere, or is made with --seal-key-file, holds \
      against that: its last record is then an HMAC-SHA-256. What was written after the seal was made is not covered.

      --max-time and --resume spread a check over nights: each run begins with the file whose last check is longest \
      ago, finishes the files that it began, and remembers what was checked and found; logs are checked every time. \
      A file that changed is checked again. A run that covers what is left of the round ends it with 0 or 1, any \
      other with 3, or 1 when the round has findings so far; findings of earlier runs of the round are reported \
      again. SIGINT and SIGTERM save the state as well. Such runs, and those with --read-mib-per-sec, drop from the \
      page cache what was not in it before.

      --prometheus replaces FILE with the metrics sofatool_verify_*: time of the last run and of the last one that \
      ended with 0, exit status, completeness, findings by severity, damaged blocks, bytes checked and in scope, \
      duration; also when there is no verdict. Their label db is PATH. Alert on the age of \
      sofatool_verify_last_success_timestamp_seconds.

      --nagios prints nothing but one line with performance data, and ends with 0 for OK, 1 (WARNING) for warnings, \
      2 (CRITICAL) for errors, 3 (UNKNOWN) for everything else; a wrong command line is 2, with nothing on standard \
      output.

      With -q, a clean database prints nothing at all, nor does a part of a round that found nothing; otherwise \
      what is wrong is printed, and one summary line on standard error.
      """,
    options: [
      OptionGroup("Check", [level, contentDigest, jobs, CommonOptions.readRate]),
      OptionGroup("Over many runs", [maxTime, resume]),
      OptionGroup("Seals", [seal, againstSeal, sealKey, overwrite]),
      OptionGroup(
        "Output",
        [json, prometheus, nagios, CommonOptions.showKeys, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool verify db", "Everything."),
      Command.Example("sofatool verify --level blocks -q db", "For cron: checksums only, silent when all is well."),
      Command.Example("sofatool verify --read-mib-per-sec 50 db", "Leaves the disk to the service beside it."),
      Command.Example(
        "sofatool verify --content-digest db", "Two databases that print the same content hold the same entries."),
      Command.Example(
        "sofatool verify --seal /safe/db.seal --seal-key-file /safe/key db", "Remembers what every file holds."),
      Command.Example(
        "sofatool verify --against-seal /safe/db.seal --seal-key-file /safe/key db", "Finds what changed since."),
      Command.Example(
        "0 2 * * * service sofatool verify -q --max-time 2h --resume /var/lib/sofatool/db.state /srv/db",
        "A line of /etc/cron.d: two hours a night, oldest check first; mail only when something is wrong."),
      Command.Example(
        "ExecStart=/usr/bin/sofatool verify -q --prometheus /var/lib/node_exporter/sofadb_db.prom /srv/db",
        "A line of a systemd service that a timer starts; Prometheus reads the metrics through node_exporter."),
      Command.Example("sofatool verify --nagios --level blocks /srv/db", "As a Nagios plugin."),
      Command.Example("sofatool verify --json db > report.ndjson", "For scripts."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.ok, "Everything was read and nothing is wrong."),
      Command.ExitMeaning(.findings, "Something is wrong; each finding has a line."),
      Command.ExitMeaning(
        .incomplete,
        "The time was spent, or a file is a link, a pipe or a directory and was not read, or the content digest met "
          + "damage; the rest is sound."),
      Command.ExitMeaning(.refused, "Changed meanwhile, I/O error, or made with a feature that is not supported."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try VerifyRun(invocation, context).run() })

  static func checkOptions(_ invocation: Invocation) throws {
    try invocation.exclude(json, nagios)
    // What speaks of the whole cannot be made in parts.
    let parts: [any OptionDeclaring] = [maxTime, resume]
    let wholes: [any OptionDeclaring] = [seal, againstSeal, contentDigest]
    for part in parts {
      for whole in wholes { try invocation.exclude(part, whole) }
    }
  }

  static func seconds(_ duration: Duration) -> Double {
    let parts = duration.components
    return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  }

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
