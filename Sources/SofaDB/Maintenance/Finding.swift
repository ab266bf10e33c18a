/// One thing that is wrong or remarkable, as a value: what `verify`, `dump`, `repair` and `info` report.
///
/// Its JSON record is a contract: `"schema":1`, keys never renamed, absent when unknown. Keys of entries (`from`, `to`)
/// are data of the user and leave only when asked for.
public struct Finding: Sendable, Equatable {
  public enum Severity: String, Sendable, Comparable, CaseIterable {
    /// Worth knowing; does not raise the exit status.
    case info
    case warning
    case error

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .info: 0
      case .warning: 1
      case .error: 2
      }
    }
  }

  public enum BlockKind: String, Sendable, CaseIterable {
    case data, index, filter, dictionary, properties, metaindex, footer
    case rangeDeletion = "range-del"
    case logRecord = "log-record"
    case manifestRecord = "manifest-record"
  }

  public var severity: Severity
  public var code: FindingCode
  /// The file's name in its directory, as it is on disk; escaped where it is printed.
  public var file: String?
  /// Column family.
  public var family: String?
  public var level: Int?
  /// Bytes from the start of the file.
  public var offset: UInt64?
  /// Bytes.
  public var length: UInt64?
  public var block: BlockKind?
  /// What the file says: a checksum as 0x and hex digits, a count in decimal.
  public var stored: String?
  /// What was found instead, written the same way.
  public var computed: String?
  /// Bounds of the user keys concerned, both included when known.
  public var from: [UInt8]?
  public var to: [UInt8]?
  public var firstSequence: SequenceNumber?
  public var lastSequence: SequenceNumber?
  /// The likely cause, when the bytes tell.
  public var cause: String?
  /// One sentence in words, without keys or values.
  public var detail: String
  /// Commands to run next, ready for a shell.
  public var next: [String] = []

  /// `severity` nil: what the code says.
  public init(
    _ code: FindingCode, severity: Severity? = nil, file: String? = nil, family: String? = nil, level: Int? = nil,
    offset: UInt64? = nil, length: UInt64? = nil, block: BlockKind? = nil, detail: String
  ) {
    self.code = code
    self.severity = severity ?? code.severity
    self.file = file
    self.family = family
    self.level = level
    self.offset = offset
    self.length = length
    self.block = block
    self.detail = detail
  }

  /// Appends the record and a newline. `showKeys`: whether key bounds may appear.
  public func encode(into json: inout JSONWriter, showKeys: Bool = false) {
    json.beginObject()
    json.field("record", "finding")
    json.field("schema", 1)
    encodeFields(into: &json, showKeys: showKeys)
    json.endObject()
    json.newline()
  }

  /// The members alone, for records that hold a finding among others.
  func encodeFields(into json: inout JSONWriter, showKeys: Bool) {
    json.field("severity", severity.rawValue)
    json.field("code", code.rawValue)
    if let file { json.field("file", EscapedText.printable(file)) }
    if let family { json.field("cf", EscapedText.printable(family)) }
    if let level { json.field("level", level) }
    if let offset { json.field("offset", offset) }
    if let length { json.field("length", length) }
    if let block { json.field("block", block.rawValue) }
    if let stored { json.field("stored", stored) }
    if let computed { json.field("computed", computed) }
    if showKeys, let from { json.field("from", from, as: .escaped) }
    if showKeys, let to { json.field("to", to, as: .escaped) }
    if let firstSequence { json.field("seq_from", firstSequence) }
    if let lastSequence { json.field("seq_to", lastSequence) }
    if let cause { json.field("cause", EscapedText.printable(cause)) }
    json.field("detail", EscapedText.printable(detail))
    guard !next.isEmpty else { return }
    json.key("next")
    json.beginArray()
    for command in next { json.value(EscapedText.printable(command)) }
    json.endArray()
  }

  /// One line for people: severity, code, place, words. Never holds keys.
  public var line: String {
    var place = file.map { " " + EscapedText.printable($0) } ?? ""
    if let offset { place += " at \(offset)" }
    if let length { place += "+\(length)" }
    if let block { place += " (\(block.rawValue))" }
    let sums = stored.flatMap { stored in computed.map { " (stored \(stored), computed \($0))" } } ?? ""
    if !place.isEmpty { place = ":" + place }
    return "\(severity.rawValue): \(code.rawValue)\(place): \(EscapedText.printable(detail))\(sums)"
  }
}
