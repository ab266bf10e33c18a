internal import Synchronization

/// Bytes done so far, added up by many threads.
final class ByteTally: Sendable {
  private let done = Atomic<UInt64>(0)

  /// The sum with `bytes`.
  func add(_ bytes: UInt64) -> UInt64 { done.wrappingAdd(bytes, ordering: .relaxed).newValue }
}
