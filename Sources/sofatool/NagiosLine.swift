import CommandKit
import SofaDB

/// The one line of a Nagios plugin and its exit code: text, a bar, performance data.
struct NagiosLine {
  enum State: Int32 {
    case ok = 0
    case warning, critical, unknown

    var word: String {
      switch self {
      case .ok: "OK"
      case .warning: "WARNING"
      case .critical: "CRITICAL"
      case .unknown: "UNKNOWN"
      }
    }
  }

  let state: State
  let text: String

  init(_ outcome: VerifyOutcome) {
    let (summary, tally) = (outcome.summary, outcome.tally)
    let bad = tally.errors + tally.warnings
    var words: String
    if tally.errors > 0, !tally.summary.isOnlyUnread {
      state = .critical
    } else if outcome.status == .ok {
      state = .ok
    } else if outcome.status == .findings, outcome.failure == nil {
      state = .warning
    } else {
      state = .unknown
    }
    if bad > 0 {
      let counts = tally.summary.counts.filter { $0.key.severity > .info }.sorted { $0.key.rawValue < $1.key.rawValue }
      words =
        "\(bad) \(bad == 1 ? "finding" : "findings") in \(tally.files.count) of \(summary.files) files: "
        + counts.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
    } else {
      words = "\(summary.files) files, \(Quantity.bytes(summary.bytes)) checked"
    }
    if let failure = outcome.failure {
      words = bad > 0 ? words + "; no verdict: " + failure : failure
    } else if !outcome.isComplete {
      words += "; incomplete: \(Quantity.bytes(summary.bytes)) of \(Quantity.bytes(summary.bytesInScope))"
    }
    text =
      "SOFADB \(state.word) - \(NagiosLine.plain(words)) | bad=\(bad);0;0 files=\(summary.files) "
      + "bytes=\(summary.bytes)B time=\(Quantity.decimal(summary.seconds, digits: 1))s"
  }

  var status: ExitStatus { ExitStatus(state.rawValue) }

  /// Without what would end the text or the line.
  static func plain(_ text: String) -> String {
    var plain = ""
    for scalar in EscapedText.printable(text).unicodeScalars
    where scalar != "|" && scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) {
      plain.unicodeScalars.append(scalar)
    }
    return plain
  }
}
