/// How a database is opened. The defaults suit a server process on a machine of its own.
public struct DatabaseOptions: Sendable {
  /// Makes the database where there is none, and its directory, whose parent must exist. Otherwise `notFound` is
  /// thrown.
  public var createsIfMissing = true
  /// Throws `alreadyExists` where there is a database.
  public var failsIfExists = false
  /// Makes column families that are named at opening and do not exist.
  public var createsMissingFamilies = false
  /// Of a family that is not named at opening.
  public var familyDefaults = FamilyOptions()
  /// What damage in a log means. nil: point-in-time for RocksDB's directories; LevelDB's own rule for LevelDB's.
  public var recoveryMode: RecoveryMode?
  /// Tables that are kept open, at least 16. More are opened and closed as they are needed.
  public var maxOpenTables = 1000
  /// Bytes of uncompressed blocks that are kept in memory; 0 for none.
  public var blockCacheBytes = 32 << 20
  /// Threads for flushes and compactions; nil for as many as processors, at least two. With 0 the work is done by
  /// whoever made it due, inside the call, so that the same calls always do the same.
  public var backgroundThreads: Int?
  /// Threads of one compaction; nil for as many as processors.
  public var subcompactions: Int?
  /// Bytes of all logs above which the families that hold on to the oldest are flushed; nil for four times all write
  /// buffers.
  public var maxLogBytes: UInt64?
  /// Seconds after which what was logged is made durable, if nobody has asked for it sooner; nil for never.
  public var logSyncInterval: Double?
  /// What compactions and flushes together write, in bytes a second; nil for no limit.
  public var writeBytesPerSecond: Double?
  /// Bytes a second that writers are held to when compaction falls behind.
  public var delayedWriteBytesPerSecond = 16_777_216.0
  /// Reads each new table back and compares it before anything relies on it.
  public var verifiesOutputs = true
  /// Bytes of a MANIFEST after which a fresh one is begun.
  public var manifestBytes: UInt64 = 64 << 20
  /// Told of what happens, on the thread on which it happens. It must not call the database.
  public var onEvent: (@Sendable (EngineEvent) -> Void)?
  /// Where background work gets the time, and waits; tests put another clock here.
  public var time: any TimeSource = SystemTime()

  /// The defaults.
  public init() {}

  /// Half of the open tables are those that point reads have at hand, half those that anybody asked for lately.
  func tableCache(_ directory: any ReadableDirectory, blocks: BlockCache?) -> TableCache {
    let half = max(maxOpenTables, 16) / 2
    return TableCache(directory: directory, limit: half, pinLimit: half, blocks: blocks)
  }
}
