internal import Synchronization

/// Counts bad rows in the order of the input, whatever thread met them, and decides when there are too many: the same
/// row ends the load with one thread and with sixteen.
///
/// Threads report piece by piece; a piece counts when all pieces before it have been reported.
final class BadRows: @unchecked Sendable {
  struct Row {
    var line: UInt64
    /// In words, without the line.
    var reason: String
    /// As it stands in the input, without the line break; empty when nobody keeps it.
    var text: [UInt8]
  }

  private struct Report {
    var source: String
    var rows: [Row]
  }

  private let limit: UInt64
  private let rejects: RejectsFile?
  private let lock = Mutex<Void>(())
  private var waiting: [Int: Report] = [:]
  private var nextPiece = 0
  private var count: UInt64 = 0
  private var failure: DatabaseError?
  private let isOver = Atomic<Bool>(false)

  /// `limit` bad rows are allowed.
  init(limit: UInt64, rejects: RejectsFile?) {
    self.limit = limit
    self.rejects = rejects
  }

  /// Whether texts are wanted.
  var keepsTexts: Bool { rejects != nil }

  /// Bad rows beyond this many in one piece need not be reported.
  var mostPerPiece: Int { Int(min(limit, UInt64(Int.max - 1))) + 1 }

  /// Whether the load has ended: pieces that no thread has begun need not be read.
  var hasEnded: Bool { isOver.load(ordering: .relaxed) }

  func finish(piece: Int, of source: String, _ rows: [Row]) throws(DatabaseError) {
    try lock.withLock { (_) throws(DatabaseError) in
      waiting[piece] = Report(source: source, rows: rows)
      while failure == nil, let report = waiting.removeValue(forKey: nextPiece) {
        nextPiece += 1
        for row in report.rows { try accept(row, of: report.source) }
      }
    }
  }

  private func accept(_ row: Row, of source: String) throws(DatabaseError) {
    guard failure == nil else { return }
    count += 1
    if count > limit {
      let more =
        limit == 0
        ? "; --max-errors and --rejects set bad rows aside" : " (bad row \(count); \(limit) are allowed)"
      failure = DatabaseError(.corruption, file: source, "line \(row.line): \(row.reason)\(more)")
      isOver.store(true, ordering: .relaxed)
      return
    }
    try rejects?.append(row, of: source)
  }

  /// The bad rows, when all pieces have been reported; throws when they were too many.
  func total() throws(DatabaseError) -> UInt64 {
    try lock.withLock { (_) throws(DatabaseError) in
      if let failure { throw failure }
      return count
    }
  }
}
