/// One line of a scrub's state, member by member; what a record needs is asked for by its kind.
struct ScrubLine {
  private(set) var record = ""
  private(set) var what = ""
  private(set) var name = ""
  private(set) var round: UInt64 = 0
  private(set) var blob: UInt64?
  private(set) var compression: UInt8?
  private var identity = ScrubRecord.Identity()
  private var verified: UInt64 = 0
  /// A verify level in files, an LSM level in findings.
  private var levelText: String?
  private var levelNumber: Int?
  private var texts: [String: String] = [:]
  private var numbers: [String: UInt64] = [:]

  init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var line = JSONLine(bytes)
    while let member = try line.nextName() {
      switch member {
      case "record": record = try line.text()
      case "what": what = try line.text()
      case "name": name = try line.text()
      case "round": round = try line.number()
      case "size": identity.size = try line.number()
      case "modified":
        (identity.modified, identity.modifiedNanoseconds) = try ScrubRecord.moment(line.text())
      case "file_id": identity.fileID = try line.number()
      case "device": identity.device = try line.number()
      case "verified": verified = try line.number()
      case "blob": blob = try line.number()
      case "compression":
        guard let byte = UInt8(exactly: try line.number()) else { throw FormatError("not a compression") }
        compression = byte
      // A kind of check in files, a number in findings.
      case "level" where record == "file": levelText = try line.text()
      case "level":
        guard let number = Int(exactly: try line.number()) else { throw FormatError("not a level") }
        levelNumber = number
      case "severity", "code", "file", "cf", "block", "stored", "computed", "cause", "detail":
        texts[member] = try line.text()
      case "offset", "length", "seq_from", "seq_to": numbers[member] = try line.number()
      default: try line.skip()
      }
    }
  }

  func file() throws(FormatError) -> ScrubRecord {
    guard !name.isEmpty, let level = levelText.flatMap(VerifyLevel.init(rawValue:)) else {
      throw FormatError("a file without a name or a level")
    }
    return ScrubRecord(
      name: name, identity: identity, verified: verified, round: round, level: level,
      outcome: AuditOutcome(compression: compression))
  }

  func finding() throws(FormatError) -> Finding {
    guard let code = texts["code"].flatMap(FindingCode.init(rawValue:)),
      let severity = texts["severity"].flatMap(Finding.Severity.init(rawValue:)), let detail = texts["detail"]
    else { throw FormatError("a finding without code, severity or detail") }
    var finding = Finding(
      code, severity: severity, file: texts["file"], family: texts["cf"], level: levelNumber,
      offset: numbers["offset"], length: numbers["length"],
      block: texts["block"].flatMap(Finding.BlockKind.init(rawValue:)), detail: detail)
    (finding.stored, finding.computed) = (texts["stored"], texts["computed"])
    (finding.firstSequence, finding.lastSequence) = (numbers["seq_from"], numbers["seq_to"])
    finding.cause = texts["cause"]
    return finding
  }
}
