/// Clocks that stand still until somebody sleeps or sets them: hours pass in no time, and the same in every run.
public import SofaDB
import Synchronization

public final class ManualTime: TimeSource {
  private struct State {
    var monotonic = 0.0
    var slept = 0.0
    var looks = 0
    var events: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())
  private let start: UInt64
  /// What the clock moves on whenever it is looked at, in seconds.
  private let step: Double

  public init(now: UInt64 = 1_700_000_000, step: Double = 0) {
    start = now
    self.step = step
  }

  public var monotonic: Double {
    let (value, event) = state.withLock { state in
      state.monotonic += step
      state.looks += 1
      return (state.monotonic, state.events[state.looks])
    }
    event?()
    return value
  }

  public var now: UInt64 { state.withLock { start + UInt64($0.monotonic) } }

  /// How often the clock was looked at.
  public var looks: Int { state.withLock { $0.looks } }

  /// Runs `event` when the clock is looked at for the `look`th time from now on, counted from 1.
  public func atLook(_ look: Int, _ event: @escaping @Sendable () -> Void) {
    state.withLock { $0.events[$0.looks + look] = event }
  }

  /// Seconds that were slept in all.
  public var slept: Double { state.withLock { $0.slept } }

  public func sleep(_ seconds: Double) {
    advance(seconds)
    state.withLock { $0.slept += seconds }
  }

  public func advance(_ seconds: Double) { state.withLock { $0.monotonic += seconds } }
}
