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
  private var hasTransactions = false

  /// `isNewest`: only the newest log may end in a torn write without anything being lost behind it.
  init(_ file: any RandomAccessFile, number: UInt64, isNewest: Bool) {
    self.file = file
    self.number = number
    self.isNewest = isNewest
  }

  mutating func run() throws(DatabaseError) {
    let reader = LogReader(file: file, number: number, mode: .tolerateCorruptedTail)
    while let item = try reader.next() {
      switch item {
      case .record(let record): check(record)
      case .event(let event): note(event, isRecycled: reader.isRecycled)
      }
    }
    predecessor = reader.predecessor
  }

  private mutating func check(_ record: LogReader.Record) {
    do throws(FormatError) {
      try WriteBatchReader.check(record.bytes)
      var batch = try WriteBatchReader(record.bytes)
      // A prepared batch takes its numbers only when it is committed, so nothing follows from those in the log.
      while let operation = try batch.next() { hasTransactions = hasTransactions || operation.isTransactionMarker }
      if let nextSequence, batch.sequence < nextSequence, batch.count > 0, !hasTransactions {
        add(.walRecord, record.offset, record.end - record.offset, "a batch whose sequence numbers go back")
      }
      firstSequence = firstSequence ?? batch.sequence
      nextSequence = max(nextSequence ?? 0, batch.nextSequence)
    } catch {
      add(.walRecord, record.offset, record.end - record.offset, "the write batch does not decode: \(error)")
    }
  }

  private mutating func note(_ event: LogEvent, isRecycled: Bool) {
    // Behind the end of a recycled log lie whole records of the log that the file was before.
    if event.isReported || (event.hidesRecord && !isRecycled) {
      return add(.walRecord, event.offset, event.length, event.reason)
    }
    switch event.cause {
    case .truncatedHeader, .truncatedRecord, .badLength:
      if isRecycled { return }
      add(.walTail, event.offset, event.length, event.reason, severity: isNewest ? .warning : .error)
    // The tail of the log that a recycled file was before, and padding.
    default: break
    }
  }

  private mutating func add(
    _ code: FindingCode, _ offset: UInt64, _ length: UInt64, _ detail: String, severity: Finding.Severity? = nil
  ) {
    findings.append(
      Finding(
        code, severity: severity, file: DatabaseFile.log(number).name, offset: offset, length: length, block: .logRecord, detail: detail))
  }
}
