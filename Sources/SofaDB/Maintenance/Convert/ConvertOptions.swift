/// How a conversion works.
public struct ConvertOptions: Sendable {
  public var target: TranscodeTarget
  /// Threads.
  public var jobs = Workers.processors
  /// How fast new tables are written; nil: as fast as it goes.
  public var limiter: RateLimiter?
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told by all threads, often, of bytes of old tables.
  public var progress: @Sendable (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }

  public init(_ target: TranscodeTarget) { self.target = target }
}
