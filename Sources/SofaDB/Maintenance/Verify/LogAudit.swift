/// Checks a write-ahead log record by record and batch by batch. Throws only what the disk throws.
struct LogAudit {
  private let file: any RandomAccessFile
  private let number: UInt64
  private let isNewest: Bool
  private let plainOnly: Bool
  private(set) var findings: [Finding] = []
  /// Behind the last batch.
  private var nextSequence: SequenceNumber?
  private(set) var facts = LogFacts()
  /// Ascending by offset. Of prepared transactions the numbers mean nothing.
  private(set) var runs: [LogRun] = []

  /// `isNewest`: only the newest log may end in a torn write without anything being lost behind it.
  /// `plainOnly`: as LevelDB writes them.
  init(_ file: any RandomAccessFile, number: UInt64, isNewest: Bool, plainOnly: Bool) {
    self.file = file
    self.number = number
    self.isNewest = isNewest
    self.plainOnly = plainOnly
  }

  mutating func run() throws(DatabaseError) {
    let reader = LogReader(file: file, number: number, mode: .skipAnyCorrupted, plainOnly: plainOnly)
    var events = LogFindings(file: DatabaseFile.log(number).name)
    while let item = try reader.next() {
      if var finding = events.finding(for: item, of: reader) {
        // Behind a torn older log come newer writes: what the tear lost was not the end.
        if finding.code == .walTail, !isNewest { finding.severity = .error }
        findings.append(finding)
      }
      if case .record(let record) = item { check(record) }
    }
    facts.compression = reader.compression
    facts.predecessor = reader.predecessor
    if let nextSequence, nextSequence > 0 { facts.lastSequence = nextSequence - 1 }
  }

  private mutating func check(_ record: LogReader.Record) {
    do throws(FormatError) {
      try WriteBatchReader.check(record.bytes)
      var batch = try WriteBatchReader(record.bytes)
      // A prepared batch takes its numbers only when it is committed, so nothing follows from those in the log.
      while let operation = try batch.next() { facts.count(operation) }
      if let nextSequence, batch.sequence < nextSequence, batch.count > 0, !facts.hasTransactions {
        add(.walRecord, record.offset, record.end - record.offset, "a batch whose sequence numbers go back")
      }
      nextSequence = max(nextSequence ?? 0, batch.nextSequence)
      if batch.count > 0 { add(batch.sequence..<batch.nextSequence, record) }
    } catch {
      add(.walRecord, record.offset, record.end - record.offset, "the write batch does not decode: \(error)")
    }
  }

  private mutating func add(_ sequences: Range<SequenceNumber>, _ record: LogReader.Record) {
    if let last = runs.last, last.sequences.upperBound == sequences.lowerBound {
      runs[runs.count - 1].sequences = last.sequences.lowerBound..<sequences.upperBound
      runs[runs.count - 1].end = record.end
    } else {
      runs.append(LogRun(sequences: sequences, offset: record.offset, end: record.end))
    }
  }

  private mutating func add(
    _ code: FindingCode, _ offset: UInt64, _ length: UInt64, _ detail: String
  ) {
    findings.append(
      Finding(
        code, file: DatabaseFile.log(number).name, offset: offset, length: length, block: .logRecord, detail: detail))
  }
}
