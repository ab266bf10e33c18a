internal import Synchronization

/// Threads that run beside their owner until it joins them.
public final class WorkerGroup: Sendable {
  private let threads: [Workers.Handle]
  private let isJoined = Atomic(false)

  /// Starts `body` with 0, 1, ... on up to `count` threads: fewer, even none, where the system gives no more.
  public init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var started: [Workers.Handle] = []
    for index in 0..<max(count, 0) {
      guard let thread = Workers.start(index, body) else { break }
      started.append(thread)
    }
    threads = started
  }

  public var count: Int { threads.count }

  /// Waits until every body has returned. The owner must call it, once, after telling them to end.
  public func join() {
    precondition(!isJoined.exchange(true, ordering: .relaxed), "joined before")
    for thread in threads { thread.join() }
  }
}
