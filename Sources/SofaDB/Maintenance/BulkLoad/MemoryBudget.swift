internal import Synchronization

/// Bytes that several threads share. What is taken is given back by whoever took it.
final class MemoryBudget: Sendable {
  let limit: Int
  private let used = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  /// False, and nothing is taken, when fewer than `count` bytes are left.
  func take(_ count: Int) -> Bool {
    let after = used.add(count, ordering: .relaxed).newValue
    if after <= limit { return true }
    used.subtract(count, ordering: .relaxed)
    return false
  }

  /// Takes `count` bytes even when they are not left: for the one row that somebody who holds nothing else must have.
  func takeAnyway(_ count: Int) { used.add(count, ordering: .relaxed) }

  func give(_ count: Int) { used.subtract(count, ordering: .relaxed) }

  var available: Int { limit - used.load(ordering: .relaxed) }
}
