/// Turns what a log reader meets into findings. Told every item in order, because what is padding, or the old content
/// of a recycled file, at a log's end is a hole before further records.
public struct LogFindings {
  private let file: String
  private let isManifest: Bool
  /// What counts only if records follow.
  private var held: LogEvent?

  public init(file: String, isManifest: Bool = false) {
    self.file = file
    self.isManifest = isManifest
  }

  /// What `item` of `reader` shows, if anything. A torn tail is a warning: whether its record was ever acknowledged
  /// cannot be told.
  public mutating func finding(for item: LogReader.Item, of reader: LogReader) -> Finding? {
    switch item {
    case .record:
      guard let hole = held else { return nil }
      held = nil
      return finding(hole, isDamage: true)
    case .event(let event):
      if reader.isRecycled, event.lostRecord == nil, !event.hidesRecord, LogFindings.mayEndRecycledLog(event) {
        // At its very start even a log that was not written to yet has an old record that is whole.
        if event.beginsRecord || event.offset == 0 { return finding(event, isDamage: false) }
        if held == nil { held = event }
        return nil
      }
      switch event.cause {
      case .zeroPadding, .zeroHeader:
        if event.isReported || event.lostRecord != nil { return finding(event, isDamage: true) }
        if held == nil { held = event }
        return nil
      case .oldRecord(let isIntact):
        // The end of a recycled log; a record that was being written there is cut off.
        if event.lostRecord == nil, !event.isReported, !event.hidesRecord, isIntact || event.offset > 0 { return nil }
        return finding(event, isDamage: event.hidesRecord)
      case .trailerNotZero, .ignoredType:
        var remark = finding(event, isDamage: true)
        remark.severity = .info
        return remark
      case .truncatedHeader, .truncatedRecord: return finding(event, isDamage: event.hidesRecord)
      case .badLength: return finding(event, isDamage: event.isReported || event.hidesRecord)
      default: return finding(event, isDamage: true)
      }
    }
  }

  /// All findings of one log.
  public static func scan(_ log: FileTarget) throws(DatabaseError) -> [Finding] {
    let reader = LogReader(file: try log.open(), number: log.file.number ?? 0, mode: .skipAnyCorrupted)
    var findings = LogFindings(file: log.name)
    var found: [Finding] = []
    while let item = try reader.next() {
      if let finding = findings.finding(for: item, of: reader) { found.append(finding) }
    }
    return found
  }

  /// Where new records end, the next header lies somewhere in an old one.
  private static func mayEndRecycledLog(_ event: LogEvent) -> Bool {
    switch event.cause {
    case .checksumMismatch, .badLength, .mixedTypes, .unknownType, .truncatedHeader, .missingStart: true
    default: false
    }
  }

  private func finding(_ event: LogEvent, isDamage: Bool) -> Finding {
    let code: FindingCode =
      switch (isManifest, isDamage) {
      case (false, false): .walTail
      case (false, true): .walRecord
      case (true, false): .manifestTail
      case (true, true): .manifestRecord
      }
    var finding = Finding(
      code, file: file, offset: event.lostRecord ?? event.offset, length: event.length,
      block: isManifest ? .manifestRecord : .logRecord, detail: event.reason)
    if let lost = event.lostRecord { finding.length = event.offset &+ event.length &- lost }
    if case .checksumMismatch(let stored, let computed) = event.cause {
      finding.stored = HexText.number(UInt64(stored))
      finding.computed = HexText.number(UInt64(computed))
      finding.detail = "the record's bytes do not fit its checksum"
    }
    return finding
  }
}
