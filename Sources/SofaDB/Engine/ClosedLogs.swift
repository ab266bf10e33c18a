/// The logs before the present one that memtables may still need.
final class ClosedLogs {
  private var logs: [(number: UInt64, size: UInt64)] = []
  /// Of all of them.
  private(set) var bytes: UInt64 = 0

  func add(_ number: UInt64, _ size: UInt64) {
    logs.append((number, size))
    bytes &+= size
  }

  func forget(before oldest: UInt64) {
    logs.removeAll { $0.number < oldest }
    bytes = logs.reduce(0) { $0 &+ $1.size }
  }
}
