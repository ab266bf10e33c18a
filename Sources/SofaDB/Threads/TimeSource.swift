/// Time as work sees it. Long work gets it handed in, so that tests let hours pass in no time.
public protocol TimeSource: Sendable {
  /// Seconds since some fixed moment; only goes forward. For durations.
  var monotonic: Double { get }
  /// Seconds since 1970-01-01T00:00:00Z, as the machine's clock is set. For records.
  var now: UInt64 { get }
  /// Returns after about so many seconds, or sooner when a signal comes.
  func sleep(_ seconds: Double)
}
