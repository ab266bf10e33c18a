/// How fast the files of a directory may be read, and when to stop. One value is shared by all threads of a command.
public struct ReadPace: Sendable {
  /// Bytes that are read between two looks at the limit and at the wish to stop.
  static let piece = 1 << 20

  /// nil: as fast as the device allows.
  public var limiter: RateLimiter?
  /// Whether files that were not in the system's cache before are dropped from it behind the reads, so that a check
  /// does not push out what a service beside it works with.
  public var leavesCache: Bool
  /// Asked before every read; true makes it throw `cancelled`.
  public var isCancelled: @Sendable () -> Bool

  public init(
    limiter: RateLimiter? = nil, leavesCache: Bool = false, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.limiter = limiter
    self.leavesCache = leavesCache
    self.isCancelled = isCancelled
  }

  /// Waits until `bytes` may be read.
  func wait(for bytes: Int) throws(DatabaseError) {
    let isStopped = limiter.map { !$0.take(bytes, unless: isCancelled) } ?? isCancelled()
    if isStopped { throw DatabaseError(.cancelled, "interrupted") }
  }
}
