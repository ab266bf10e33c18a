import CommandKit
import SofaDB
internal import Synchronization

/// Prints findings as they come and the summary at the end: lines for people, or NDJSON records. May be called from
/// any thread; a failing output is remembered and thrown by `check` and `close`.
final class FindingReport: Sendable {
  private let console: Console
  private let asJSON: Bool
  private let isQuiet: Bool
  private let showKeys: Bool
  private let failure = Mutex<(any Error)?>(nil)

  init(_ console: Console, asJSON: Bool, isQuiet: Bool, showKeys: Bool) {
    self.console = console
    self.asJSON = asJSON
    self.isQuiet = isQuiet
    self.showKeys = showKeys
  }

  func add(_ finding: Finding) {
    if asJSON {
      var json = JSONWriter()
      finding.encode(into: &json, showKeys: showKeys)
      write { try console.output.write(json.output.bytes) }
    } else if !(isQuiet && finding.severity == .info) {
      write { try console.output.write(finding.line + "\n") }
    }
  }

  private func write(_ body: () throws -> Void) {
    failure.withLock { failure in
      guard failure == nil else { return }
      do { try body() } catch { failure = error }
    }
  }

  func check() throws {
    if let error = failure.withLock({ $0 }) { throw error }
  }

  func close(_ path: String, _ summary: FindingSummary, _ status: ExitStatus) throws {
    try check()
    if asJSON {
      var json = JSONWriter()
      summary.encode(into: &json, exitStatus: status.code)
      try console.output.write(json.output.bytes)
    } else if !isQuiet || status != .ok {
      try console.output.write(contentLines(summary) + line(path, summary) + "\n")
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
    let what = "\(summary.files) files, \(Quantity.bytes(Int(summary.bytes))) in \(Quantity.seconds(summary.seconds))"
    return "\(EscapedText.printable(path)): \(summary.verdict), \(what)" + (counts.isEmpty ? "" : ": \(counts)")
  }
}
