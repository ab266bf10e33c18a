internal import Glibc

/// Threads of the system for work that blocks: the same body on each of them, and nobody returns before all have ended.
public enum Workers {
  private final class Task {
    let index: Int
    let body: @Sendable (Int) -> Void

    init(index: Int, body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }

  /// Runs `body` with 0, 1, ... `count - 1`, each on a thread of its own, number 0 on the caller's. Where the system
  /// gives fewer threads, the caller runs the rest one after the other, so a body must not wait for another one.
  public static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [Handle] = []
    var unstarted: [Int] = []
    for index in stride(from: 1, to: count, by: 1) {
      if let thread = start(index, body) { threads.append(thread) } else { unstarted.append(index) }
    }
    if count > 0 { body(0) }
    for index in unstarted { body(index) }
    for thread in threads { thread.join() }
  }

  /// A thread that was started and must be joined once.
  struct Handle: @unchecked Sendable {
    fileprivate let thread: pthread_t

    func join() { pthread_join(thread, nil) }
  }

  /// Starts a thread that runs `body` with `index`; nil when the system gives none.
  static func start(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) -> Handle? {
    let passed = Unmanaged.passRetained(Task(index: index, body: body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { passed in
        guard let passed else { return nil }
        let task = Unmanaged<Task>.fromOpaque(passed).takeRetainedValue()
        task.body(task.index)
        return nil
      }, passed.toOpaque())
    guard status == 0 else {
      passed.release()
      return nil
    }
    return Handle(thread: thread)
  }

  /// Processors that this process may use, at least 1.
  public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
