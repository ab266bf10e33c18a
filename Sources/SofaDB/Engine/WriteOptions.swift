/// How one write is made durable.
public struct WriteOptions: Sendable {
  /// Returns only after the write survives a crash of the machine. Otherwise it survives one of the process, and the
  /// machine keeps a prefix of all writes.
  public var sync: Bool
  /// Without the log a write survives only what flushes to tables before a crash.
  public var usesLog: Bool

  /// With neither argument: logged, and not synced.
  public init(sync: Bool = false, usesLog: Bool = true) {
    self.sync = sync
    self.usesLog = usesLog
  }
}
