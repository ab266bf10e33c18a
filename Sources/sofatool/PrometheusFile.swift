import CommandKit
import SofaDB

/// The metrics of one run of `verify` for node_exporter's textfile collector: text format 0.0.4, one label `db`, no
/// timestamps. Replaced as a whole, so that a scrape sees the old file or the new one.
struct PrometheusFile {
  /// Bytes of a label's value, before escapes.
  private static let longestLabel = 256
  /// A larger file was not written by this tool.
  private static let largest: UInt64 = 1 << 20
  private static let prefix = "sofatool_verify_"
  private static let lastSuccess = prefix + "last_success_timestamp_seconds"

  let path: String

  /// The collector reads nothing else than names that end in `.prom`.
  init(_ path: String) throws(UsageError) {
    guard path.hasSuffix(".prom"), path != ".prom", !path.hasSuffix("/.prom") else {
      throw UsageError("option '--prometheus' names a file that ends in .prom: the collector reads no other")
    }
    self.path = path
  }

  func write(_ outcome: VerifyOutcome, _ fileSystem: any FileSystem) throws(DatabaseError) {
    let db = "db=\"\(PrometheusFile.label(outcome.path))\""
    let success = outcome.status == .ok ? outcome.now : try previousSuccess(db, fileSystem)
    let text = PrometheusFile.text(outcome, db, lastSuccess: success)
    try OutputFile.write([UInt8](text.utf8), to: path, access: .everyone, fileSystem)
  }

  static func text(_ outcome: VerifyOutcome, _ db: String, lastSuccess success: UInt64) -> String {
    var text = ""
    func add(_ name: String, _ help: String, _ samples: [(labels: String, value: String)]) {
      text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
      for sample in samples { text += "\(name){\(db)\(sample.labels)} \(sample.value)\n" }
    }
    func add(_ name: String, _ help: String, _ value: some BinaryInteger) { add(name, help, [("", "\(value)")]) }
    let (summary, tally) = (outcome.summary, outcome.tally)
    add(prefix + "last_run_timestamp_seconds", "When the last check ended.", outcome.now)
    add(lastSuccess, "When a check last covered everything and found nothing wrong; 0 for never.", success)
    add(prefix + "exit_code", "Exit status of the last check.", outcome.status.code)
    add(prefix + "complete", "Whether the last check covered everything.", outcome.isComplete ? 1 : 0)
    add(
      prefix + "findings", "Findings of the last check.",
      [
        (",severity=\"info\"", "\(tally.remarks)"), (",severity=\"warning\"", "\(tally.warnings)"),
        (",severity=\"error\"", "\(tally.errors)"),
      ])
    add(prefix + "corrupt_blocks", "Blocks that the last check found damaged.", outcome.corruptBlocks)
    add(prefix + "bytes_checked", "Bytes that the last check covered.", summary.bytes)
    add(prefix + "bytes_in_scope", "Bytes that the last check was to cover.", summary.bytesInScope)
    add(
      prefix + "duration_seconds", "How long the last check took.", [("", Quantity.decimal(summary.seconds, digits: 3))]
    )
    add(
      "sofatool_pending_transactions", "Changes of the database that sofatool began and did not finish.",
      outcome.pendingChanges)
    add("sofatool_build_info", "The tool that made these metrics.", [(",version=\"\(Sofatool.version)\"", "1")])
    return text
  }

  /// Backslash, quote and newline escaped; cut at 256 bytes, never inside a character.
  static func label(_ text: String) -> String {
    var value = ""
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      if count > longestLabel { break }
      switch scalar {
      case "\\": value += "\\\\"
      case "\"": value += "\\\""
      case "\n": value += "\\n"
      default: value.unicodeScalars.append(scalar)
      }
    }
    return value
  }

  /// What the file says now, so that an alert on its age still works after a run that failed; 0 where it says nothing.
  private func previousSuccess(_ db: String, _ fileSystem: any FileSystem) throws(DatabaseError) -> UInt64 {
    let parts = try PathParts(path)
    let directory = try fileSystem.readableDirectory(at: parts.directory)
    guard let attributes = try directory.attributes(of: parts.name), attributes.kind == .file,
      attributes.size <= PrometheusFile.largest
    else { return 0 }
    let file = try directory.open(parts.name)
    let content = try file.readExactly(Int(file.size), at: 0)
    defer { withExtendedLifetime(content) {} }
    let start = Array("\(PrometheusFile.lastSuccess){\(db)} ".utf8)
    for line in content.bytes.split(separator: 0x0A) where line.starts(with: start) {
      let digits = UnsafeRawBufferPointer(rebasing: line.dropFirst(start.count))
      do throws(FormatError) { return try DecimalText.parse(digits) } catch { return 0 }
    }
    return 0
  }
}
