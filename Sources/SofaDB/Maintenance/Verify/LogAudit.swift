/// Checks a write-ahead log record by record and batch by batch. Throws only what the disk throws.
struct LogAudit {
  private let file: any RandomAccessFile
  private let number: UInt64
  private let isNewest: Bool
  private(set) var findings: [Finding] = []
  /// Of the first batch, and behind the last.
  private(set) var firstSequence: SequenceNumber?
  private(set) var nextSequence: SequenceNumber?
  private(set) var predecessor: LogReader.Predecessor?

  /// `isNewest`: only the newest log may end in a torn write without anything being lost behind it.
  init(_ file: any RandomAccessFile, number: UInt64, isNewest: Bool) {
    self.file = file
    self.number = number
    self.isNewest = isNewest
  }

  mutating func run() throws(DatabaseError) {
    let reader = LogReader(file: file, number: number, mode: .skipAnyCorrupted)
    while let item = try reader.next() {
      switch item {
      case .record(let record): check(record)
      case .event(let event): note(event)
      }
    }
    predecessor = reader.predecessor
  }

  private mutating func check(_ record: LogReader.Record) {
    do throws(FormatError) {
      try WriteBatchReader.check(record.bytes)
      let batch = try WriteBatchReader(record.bytes)
      if let nextSequence, batch.sequence < nextSequence, batch.count > 0 {
        add(.walRecord, record.offset, record.end - record.offset, "a batch whose sequence numbers go back")
      }
      firstSequence = firstSequence ?? batch.sequence
      nextSequence = max(nextSequence ?? 0, batch.nextSequence)
    } catch {
      add(.walRecord, record.offset, record.end - record.offset, "the write batch does not decode: \(error)")
    }
  }

  private mutating func note(_ event: LogEvent) {
    switch event.cause {
    case .zeroPadding, .ignoredType: return
    case .oldRecord(let isIntact): if !isIntact || event.endsLog || !event.isReported { return }
    case .truncatedHeader, .truncatedRecord:
      return add(.walTail, event.offset, event.length, event.reason, severity: isNewest ? .warning : .error)
    default: break
    }
    let isTail = event.endsLog && !event.hidesRecord && isNewest
    if isTail, case .badLength = event.cause { return add(.walTail, event.offset, event.length, event.reason) }
    add(.walRecord, event.offset, event.length, event.reason)
  }

  private mutating func add(
    _ code: FindingCode, _ offset: UInt64, _ length: UInt64, _ detail: String, severity: Finding.Severity? = nil
  ) {
    findings.append(
      Finding(
        code, severity: severity, file: file.name, offset: offset, length: length, block: .logRecord, detail: detail))
  }
}
