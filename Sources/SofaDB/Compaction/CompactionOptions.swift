/// When the tables of a column family are compacted, and into what. The defaults are RocksDB's.
public struct CompactionOptions: Sendable, Equatable {
  /// What is traded for what.
  public enum Style: Sendable, Equatable {
    /// Each level ten times the one above, so that reads look at few tables.
    case leveled
    /// Sorted runs of similar size are merged, so that data is rewritten seldom and takes up to twice the space.
    case universal
  }

  /// Of the family; may be another one each time it is opened.
  public var style = Style.leveled
  /// Sorted runs in level 0 (leveled) or at all (universal) from which on they are compacted; at least 1.
  public var level0Trigger = 4
  /// Bytes of the topmost level below level 0 that holds data.
  public var baseLevelBytes: UInt64 = 256 << 20
  /// How much larger each level is than the one above; at least 2.
  public var levelMultiplier: UInt64 = 10
  /// Bytes of a table of the compaction's result, between two user keys.
  public var targetFileSize: UInt64 = 64 << 20
  /// Bytes that a compaction takes beyond what it must.
  public var maxCompactionBytes: UInt64 = 25 * 64 << 20
  /// Universal: a run joins the newer ones when it is at most so many percent larger than all of them.
  public var sizeRatio: UInt64 = 1
  /// Universal: everything is merged when all but the oldest run are so many percent of it.
  public var maxSizeAmplification: UInt64 = 200

  /// The defaults.
  public init() {}
}
