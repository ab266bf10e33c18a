internal import Synchronization

/// What an open database has done so far. Counters of many threads; read without a lock.
final class EngineCounters: Sendable {
  let bytesWritten = Atomic<UInt64>(0)
  let entriesWritten = Atomic<UInt64>(0)
  let bytesFlushed = Atomic<UInt64>(0)
  let bytesCompactedIn = Atomic<UInt64>(0)
  let bytesCompactedOut = Atomic<UInt64>(0)
  let flushes = Atomic<UInt64>(0)
  let compactions = Atomic<UInt64>(0)
  let moves = Atomic<UInt64>(0)
  /// Nanoseconds.
  let stalled = Atomic<UInt64>(0)
  let longestStall = Atomic<UInt64>(0)

  func addStall(_ seconds: Double) {
    let nanoseconds = UInt64(max(seconds, 0) * 1e9)
    stalled.wrappingAdd(nanoseconds, ordering: .relaxed)
    longestStall.max(nanoseconds, ordering: .relaxed)
  }
}
