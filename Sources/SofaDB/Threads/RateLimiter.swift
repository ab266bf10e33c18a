internal import Synchronization

/// A token bucket that all threads of a piece of work share: together they take no more than so many bytes a second.
///
/// The bucket is one number, the moment at which everything taken so far is paid for. What is taken moves it on, and
/// the taker waits until it has come. A bucket that nobody took from holds a tenth of a second's worth, so in any span
/// of `t` seconds at most `rate * (t + 0.1)` bytes are granted.
public final class RateLimiter: Sendable {
  /// Seconds that a full bucket is worth.
  static let burst = 0.1
  /// The longest sleep, in seconds: a wish to stop is noticed within it.
  static let slice = 0.1
  /// Less than this, in seconds, is no time: a sum of many spans is not exact.
  private static let instant = 1e-6

  private let bytesPerSecond: Double
  private let time: any TimeSource
  private let paidUntil: Lock<Double>

  /// `bytesPerSecond` is more than 0.
  public init(bytesPerSecond: Double, time: any TimeSource = SystemTime()) {
    precondition(bytesPerSecond > 0)
    self.bytesPerSecond = bytesPerSecond
    self.time = time
    paidUntil = Lock(time.monotonic - RateLimiter.burst)
  }

  /// Waits until `bytes` more may be used. Returns early, and false, once `isCancelled`.
  public func take(_ bytes: Int, unless isCancelled: () -> Bool = { false }) -> Bool {
    let span = Double(max(bytes, 0)) / bytesPerSecond
    let now = time.monotonic
    let moment = paidUntil.withLock { paid in
      paid = max(paid, now - RateLimiter.burst) + span
      return paid
    }
    while true {
      if isCancelled() { return false }
      let left = moment - time.monotonic
      if left < RateLimiter.instant { return true }
      time.sleep(min(left, RateLimiter.slice))
    }
  }
}
