/// What is wrong with one write-ahead log, and which sequence numbers its damage took.
struct LogSalvage {
  private(set) var losses: [RepairLoss] = []
  /// A torn end, as a crash leaves it, and other remarks.
  private(set) var remarks: [String] = []
  private(set) var facts = LogFacts()

  /// `isNewest`: only there an end that is cut off hides nothing behind it.
  init(
    _ directory: any ReadableDirectory, number: UInt64, isNewest: Bool, plainOnly: Bool
  ) throws(DatabaseError) {
    let name = DatabaseFile.log(number).name
    let file = try directory.open(name)
    var audit = LogAudit(file, number: number, isNewest: isNewest, plainOnly: plainOnly)
    try audit.run()
    facts = audit.facts
    for finding in audit.findings {
      guard finding.severity == .error else {
        if finding.severity == .warning { remarks.append("\(name): \(finding.detail)") }
        continue
      }
      var loss = RepairLoss(.logRecords, file: name, detail: finding.detail)
      (loss.offset, loss.length) = (finding.offset, finding.length)
      // What the lost writes replaced or deleted.
      loss.mayResurface = true
      losses.append(loss)
    }
    if !losses.isEmpty, !facts.hasTransactions { try nameSequences(file, number, plainOnly) }
  }

  /// The numbers between the batches around each damage.
  private mutating func nameSequences(
    _ file: any RandomAccessFile, _ number: UInt64, _ plainOnly: Bool
  ) throws(DatabaseError) {
    let reader = LogReader(file: file, number: number, mode: .skipAnyCorrupted, plainOnly: plainOnly)
    var expected: SequenceNumber?
    var end: UInt64 = 0
    while let item = try reader.next() {
      guard case .record(let record) = item else { continue }
      do throws(FormatError) {
        try WriteBatchReader.check(record.bytes)
        let batch = try WriteBatchReader(record.bytes)
        if let expected, batch.sequence > expected {
          let place = losses.firstIndex { $0.firstSequence == nil && ($0.offset ?? 0) >= end }
          if let place, (losses[place].offset ?? 0) < record.offset {
            (losses[place].firstSequence, losses[place].lastSequence) = (expected, batch.sequence - 1)
            (losses[place].count, losses[place].isExact) = (batch.sequence - expected, true)
          }
        }
        expected = batch.nextSequence
        end = record.end
      } catch { /* It is among the losses. */  }
    }
  }
}
