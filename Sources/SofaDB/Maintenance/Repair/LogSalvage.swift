/// What is wrong with one write-ahead log. Which sequence numbers its damage took is told by `LogSequences`.
struct LogSalvage {
  let number: UInt64
  /// Bytes.
  let size: UInt64
  var losses: [RepairLoss] = []
  /// A torn end, as a crash leaves it, and other remarks.
  private(set) var remarks: [String] = []
  let facts: LogFacts
  let runs: [LogRun]

  /// `isNewest`: only there an end that is cut off hides nothing behind it.
  init(
    _ directory: any ReadableDirectory, number: UInt64, isNewest: Bool, plainOnly: Bool
  ) throws(DatabaseError) {
    self.number = number
    let file = try directory.open(DatabaseFile.log(number).name)
    var audit = LogAudit(file, number: number, isNewest: isNewest, plainOnly: plainOnly)
    try audit.run()
    (size, facts, runs) = (file.size, audit.facts, audit.runs)
    for finding in audit.findings {
      guard finding.severity == .error else {
        if finding.severity == .warning { remarks.append("\(name): \(finding.detail)") }
        continue
      }
      lose(finding.detail, at: finding.offset, finding.length)
    }
  }

  var name: String { DatabaseFile.log(number).name }

  /// Another file says that this one had `wanted` bytes.
  mutating func expect(_ wanted: UInt64, by reason: String) {
    guard size < wanted else { return }
    // A torn end is known already.
    let isTorn = losses.contains { ($0.offset ?? 0) &+ ($0.length ?? 0) >= size && size > 0 }
    if !isTorn { lose("\(reason) that this log has \(wanted) bytes, it has \(size)", at: size, wanted - size) }
  }

  /// Losses of nothing are remarks.
  mutating func forgive() {
    for loss in losses where loss.count == 0 {
      remarks.append(
        "\(name) at \(loss.offset ?? 0): \(loss.detail); no sequence number is missing there, so no write is lost")
    }
    losses.removeAll { $0.count == 0 }
  }

  private mutating func lose(_ detail: String, at offset: UInt64?, _ length: UInt64?) {
    var loss = RepairLoss(.logRecords, file: name, detail: detail)
    (loss.offset, loss.length) = (offset, length)
    // What the lost writes replaced or deleted.
    loss.mayResurface = true
    losses.append(loss)
  }
}
