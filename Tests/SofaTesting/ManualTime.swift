/// Clocks that stand still until somebody sleeps or sets them: hours pass in no time, and the same in every run.
public import SofaDB
import Synchronization

public final class ManualTime: TimeSource {
  private let state: Mutex<(monotonic: Double, start: UInt64, slept: Double)>
  /// What the clock moves on whenever it is looked at, in seconds.
  private let step: Double

  public init(now: UInt64 = 1_700_000_000, step: Double = 0) {
    state = Mutex((0, now, 0))
    self.step = step
  }

  public var monotonic: Double {
    state.withLock {
      $0.monotonic += step
      return $0.monotonic
    }
  }

  public var now: UInt64 { state.withLock { $0.start + UInt64($0.monotonic) } }

  /// Seconds that were slept in all.
  public var slept: Double { state.withLock { $0.slept } }

  public func sleep(_ seconds: Double) {
    advance(seconds)
    state.withLock { $0.slept += seconds }
  }

  public func advance(_ seconds: Double) { state.withLock { $0.monotonic += seconds } }
}
