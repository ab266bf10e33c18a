import CommandKit
import SofaDB
internal import Synchronization

/// Prints findings as they come and the summary at the end: lines for people, or NDJSON records. May be called from
/// any thread; a failing output is remembered and thrown by `check` and `close`.
final class FindingReport: Sendable {
  enum Form {
    /// Lines; when quiet, only what is wrong, with the summary on standard error.
    case text
    case json
    /// Nothing: something else is printed instead.
    case none
  }

  /// What was found so far.
  struct Tally {
    /// Counts only.
    var summary = FindingSummary()
    /// Files with something wrong.
    var files: Set<String> = []
    /// Warnings and errors.
    var errors = 0
    var warnings = 0
    var remarks = 0
  }

  private let console: Console
  private let form: Form
  private let isQuiet: Bool
  private let showKeys: Bool
  private let state = Mutex((failure: (any Error)?.none, tally: Tally()))

  init(_ console: Console, form: Form, isQuiet: Bool, showKeys: Bool) {
    self.console = console
    self.form = form
    self.isQuiet = isQuiet
    self.showKeys = showKeys
  }

  var tally: Tally { state.withLock { $0.tally } }

  func add(_ finding: Finding) {
    state.withLock { state in
      state.tally.count(finding)
      guard state.failure == nil else { return }
      do { try print(finding) } catch { state.failure = error }
    }
  }

  private func print(_ finding: Finding) throws {
    switch form {
    case .json:
      var json = JSONWriter()
      finding.encode(into: &json, showKeys: showKeys)
      try console.output.write(json.output.bytes)
    case .text where !(isQuiet && finding.severity == .info): try console.output.write(finding.line + "\n")
    case .text, .none: break
    }
  }

  func check() throws {
    if let error = state.withLock({ $0.failure }) { throw error }
  }

  func close(_ path: String, _ summary: FindingSummary, _ status: ExitStatus) throws {
    try check()
    switch form {
    case .json:
      var json = JSONWriter()
      summary.encode(into: &json, exitStatus: status.code)
      try console.output.write(json.output.bytes)
    case .text where isQuiet:
      // Nothing for cron to mail when all is well, or when a part of a round went as planned.
      let isPart = summary.isCut && summary.round != nil && status == .incomplete
      if status != .ok, !isPart { console.note("sofatool: " + line(path, summary)) }
    case .text: try console.output.write(contentLines(summary) + line(path, summary) + "\n")
    case .none: break
    }
  }

  private func contentLines(_ summary: FindingSummary) -> String {
    guard let content = summary.content else { return "" }
    func line(_ name: String, _ digest: ContentDigest, _ entries: UInt64, _ isComplete: Bool) -> String {
      let rest = isComplete ? "" : ", incomplete"
      return "\(name) \(ContentDigest.algorithm):\(digest.hex), \(entries) entries\(rest)\n"
    }
    let families = content.families.map { family in
      line("content of \(EscapedText.printable(family.name))", family.digest, family.entries, family.isComplete)
    }
    return (families.count > 1 ? families.joined() : "")
      + line("content", content.digest, content.entries, content.isComplete)
  }

  private func line(_ path: String, _ summary: FindingSummary) -> String {
    let counts = summary.counts.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
    var what = "\(summary.files) files, \(Quantity.bytes(summary.bytes)) in \(Quantity.seconds(summary.seconds))"
    if summary.isCut {
      what =
        "\(summary.files) of \(summary.filesInScope) files, \(Quantity.bytes(summary.bytes)) of "
        + "\(Quantity.bytes(summary.bytesInScope)) in \(Quantity.seconds(summary.seconds))"
      if summary.hasFindings { what = "incomplete, " + what }
    }
    if let round = summary.round { what += ", round \(round)" }
    return "\(EscapedText.printable(path)): \(summary.verdict), \(what)" + (counts.isEmpty ? "" : ": \(counts)")
  }
}

extension FindingReport.Tally {
  fileprivate mutating func count(_ finding: Finding) {
    summary.count(finding)
    switch finding.severity {
    case .info: remarks += 1
    case .warning: warnings += 1
    case .error: errors += 1
    }
    if finding.severity > .info, let file = finding.file { files.insert(file) }
  }
}
