/// Turns what a log reader meets into findings. Told every item in order, because zeros are padding at a log's end and
/// a hole before further records.
public struct LogFindings {
  private let file: String
  private let isManifest: Bool
  private var zeros: LogEvent?

  public init(file: String, isManifest: Bool = false) {
    self.file = file
    self.isManifest = isManifest
  }

  /// What `item` shows, if anything. A torn tail is a warning: whether its record was ever acknowledged cannot be told.
  public mutating func finding(for item: LogReader.Item) -> Finding? {
    switch item {
    case .record:
      guard let hole = zeros else { return nil }
      zeros = nil
      return finding(hole, isDamage: true, detail: "zero bytes between records")
    case .event(let event):
      switch event.cause {
      case .zeroPadding, .zeroHeader:
        if event.isReported || event.lostRecord != nil { return finding(event, isDamage: true) }
        zeros = event
        return nil
      case .oldRecord:
        // The end of a recycled log; a record that was being written there is cut off.
        return event.lostRecord == nil && !event.isReported ? nil : finding(event, isDamage: false)
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

  private func finding(_ event: LogEvent, isDamage: Bool, detail: String? = nil) -> Finding {
    let code: FindingCode =
      switch (isManifest, isDamage) {
      case (false, false): .walTail
      case (false, true): .walRecord
      case (true, false): .manifestTail
      case (true, true): .manifestRecord
      }
    var finding = Finding(
      code, file: file, offset: event.lostRecord ?? event.offset, length: event.length,
      block: isManifest ? .manifestRecord : .logRecord, detail: detail ?? event.reason)
    if let lost = event.lostRecord { finding.length = event.offset &+ event.length &- lost }
    if case .checksumMismatch(let stored, let computed) = event.cause {
      finding.stored = HexText.number(UInt64(stored))
      finding.computed = HexText.number(UInt64(computed))
      finding.detail = "the record's bytes do not fit its checksum"
    }
    return finding
  }
}
