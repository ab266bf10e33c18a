/// The record that closes a run's findings. A consumer that does not see it knows that the run was cut.
public struct FindingSummary: Sendable {
  /// Files looked at, earlier runs of the same round included.
  public var files: UInt64 = 0
  /// Files that should be; at least `files`.
  public var filesInScope: UInt64 = 0
  /// Bytes read and checked, earlier runs of the same round included.
  public var bytes: UInt64 = 0
  /// Bytes that should have been.
  public var bytesInScope: UInt64 = 0
  public var seconds: Double = 0
  /// Of `bytes`, what earlier runs of the same round covered.
  public var bytesBefore: UInt64 = 0
  /// The number of the round, of a check that is spread over many runs.
  public var round: UInt64?
  /// Whether the time was spent before everything was covered.
  public var isCut = false
  /// What readers see, when it was asked for.
  public var content: ContentReport?
  /// Findings by code.
  public private(set) var counts: [FindingCode: Int] = [:]
  /// The worst one seen; nil when there was none.
  public private(set) var worst: Finding.Severity?

  /// Whether a warning or an error was about something that was looked into.
  private var hasOthers = false

  public init() {}

  public mutating func count(_ finding: Finding) {
    counts[finding.code, default: 0] += 1
    worst = max(worst ?? .info, finding.severity)
    if finding.severity > .info, !finding.code.isUnread { hasOthers = true }
  }

  /// Adds another part of the same run.
  public mutating func add(_ other: FindingSummary) {
    files += other.files
    filesInScope += other.filesInScope
    bytes += other.bytes
    bytesInScope += other.bytesInScope
    seconds += other.seconds
    hasOthers = hasOthers || other.hasOthers
    counts.merge(other.counts, uniquingKeysWith: +)
    if let severity = other.worst { worst = max(worst ?? severity, severity) }
  }

  public var total: Int { counts.values.reduce(0, +) }

  /// Whether everything in scope was covered, and what was asked for could be given.
  public var isComplete: Bool { !isCut && bytes >= bytesInScope && content?.isComplete ?? true }

  /// Whether a warning or an error was found.
  public var hasFindings: Bool { (worst ?? .info) >= .warning }

  /// Whether there are findings, and all only say that something was not looked into.
  public var isOnlyUnread: Bool {
    hasFindings && !hasOthers
  }

  /// `ok`, `findings` or `incomplete`.
  public var verdict: String { hasFindings ? "findings" : (isComplete ? "ok" : "incomplete") }

  /// Appends the record and a newline.
  public func encode(into json: inout JSONWriter, exitStatus: Int32) {
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("files", files)
    json.field("files_in_scope", max(files, filesInScope))
    json.field("bytes", bytes)
    json.field("bytes_in_scope", bytesInScope)
    json.key("findings")
    json.beginObject()
    for code in FindingCode.allCases {
      if let count = counts[code] { json.field(code.rawValue, count) }
    }
    json.endObject()
    json.field("seconds", (seconds * 1000).rounded() / 1000)
    if let content {
      json.key("content")
      content.encode(into: &json)
    }
    if let round {
      json.field("round", round)
      json.field("bytes_before", bytesBefore)
    }
    json.field("complete", isComplete)
    json.field("verdict", verdict)
    json.field("exit_status", Int(exitStatus))
    json.endObject()
    json.newline()
  }
}
