internal import Glibc

/// The machine's clocks.
public struct SystemTime: TimeSource {
  public init() {}

  public var monotonic: Double { MonotonicClock.seconds }

  public var now: UInt64 { UInt64(max(0, time(nil))) }

  public func sleep(_ seconds: Double) {
    guard seconds > 0 else { return }
    let bounded = min(seconds, 3600)
    var wish = timespec()
    wish.tv_sec = Int(bounded)
    wish.tv_nsec = Int((bounded - bounded.rounded(.down)) * 1e9)
    nanosleep(&wish, nil)
  }
}
