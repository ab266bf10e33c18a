/// Pieces of a dump that several threads make at once and that leave in order.
///
/// A thread claims the next piece, and may write as soon as all pieces before it are finished; until then it keeps its
/// text, and waits when that is a lot. Pieces are claimed in order, so the piece whose turn it is has always been
/// claimed by a thread that runs, and nobody waits for ever.
final class DumpQueue: Sendable {
  private struct State {
    var claimed = 0
    var turn = 0
    var failure: DatabaseError?
    var report = DumpReport()
  }

  /// Text that a thread keeps before it waits for its turn, in bytes.
  static let patience = 16 << 20

  private let pieces: Int
  private let output: any DumpOutput
  private let state = Monitor(State())

  init(pieces: Int, output: any DumpOutput) {
    self.pieces = pieces
    self.output = output
  }

  /// The number of the next piece; nil when there is none left or the dump has failed.
  func claim() -> Int? {
    state.change { state in
      guard state.claimed < pieces, state.failure == nil else { return nil }
      state.claimed += 1
      return state.claimed - 1
    }
  }

  /// Writes and empties `text` if it is the piece's turn; waits for it if `mustWrite` or when there is much.
  func pass(_ text: inout ByteWriter, of piece: Int, mustWrite: Bool) throws(DatabaseError) {
    let waits = mustWrite || text.count >= DumpQueue.patience
    let isTurn: Bool
    var failure: DatabaseError?
    if waits {
      (isTurn, failure) = state.wait(
        { $0.turn == piece || $0.failure != nil }, then: { ($0.turn == piece, $0.failure) })
    } else {
      (isTurn, failure) = state.change { ($0.turn == piece, $0.failure) }
    }
    if let failure { throw failure }
    guard isTurn, text.count > 0 else { return }
    // Only the thread whose turn it is comes here.
    try output.write(text.bytes)
    text.removeAll()
  }

  /// The piece is complete and written: the next one's turn.
  func finish(_ piece: Int, _ part: DumpReport) {
    state.change { state in
      state.turn = piece + 1
      state.report.add(part)
    }
  }

  /// Ends the dump for all threads; the first failure counts.
  func fail(_ error: DatabaseError) {
    state.change { state in
      if state.failure == nil { state.failure = error }
    }
  }

  /// What all pieces came to; throws the failure. After all threads have ended.
  func result() throws(DatabaseError) -> DumpReport {
    let (report, failure) = state.change { ($0.report, $0.failure) }
    if let failure { throw failure }
    return report
  }
}
