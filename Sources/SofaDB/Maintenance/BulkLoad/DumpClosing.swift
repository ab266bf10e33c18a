internal import Synchronization

/// What the lines of a dump say that are no entries, gathered from all threads.
final class DumpClosing: Sendable {
  struct Trailer: Sendable {
    var entries: UInt64
    /// Of the content, in hex; empty when its algorithm is not ours.
    var digest: String
    var isComplete: Bool
  }

  struct State: Sendable {
    var trailers: [Trailer] = []
    var gaps: UInt64 = 0
    var headers = 0
  }

  private let state = Mutex(State())

  func note(_ trailer: Trailer) { state.withLock { $0.trailers.append(trailer) } }
  func noteGap() { state.withLock { $0.gaps += 1 } }
  func noteHeader() { state.withLock { $0.headers += 1 } }

  var found: State { state.withLock { $0 } }
}
