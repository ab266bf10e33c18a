internal import Synchronization

/// How many more files may be kept open for reading. Files beyond it are opened anew for every read, so that a level 0
/// of thousands of tables works under any limit of the system. Safe to share between threads.
///
/// Source: the `Limiter` of LevelDB's util/env_posix.cc.
final class OpenFileBudget: Sendable {
  private let left: Atomic<Int>

  init(_ count: Int) { left = Atomic(count) }

  /// Whether the caller may keep a file open until it calls `giveBack`.
  func take() -> Bool {
    if left.subtract(1, ordering: .relaxed).newValue >= 0 { return true }
    left.add(1, ordering: .relaxed)
    return false
  }

  func giveBack() { left.add(1, ordering: .relaxed) }
}
