/// How one column family is kept.
public struct FamilyOptions: Sendable {
  /// The order of a family that is made; one that exists keeps its own, which must be the same when this is given.
  public var order: KeyOrder?
  /// Combines operands; needed to read keys that have some.
  public var mergeOperator: MergeOperator?
  /// Bytes of a memtable after which it is sealed and flushed; 1...8 GiB. A batch is never split, so one may be
  /// larger.
  public var writeBufferBytes = 64 << 20
  /// With the largest batch behind it, it fits what the arenas of a memtable hold.
  static let largestWriteBuffer = 8 << 30
  /// Memtables, sealed ones included, at which writers wait; at least 2.
  public var maxWriteBuffers = 4
  /// When tables are compacted, and into what.
  public var compaction = CompactionOptions()
  /// Tables in level 0 from which on writers are slowed down.
  public var level0SlowdownTrigger = 20
  /// Tables in level 0 at which writers wait.
  public var level0StopTrigger = 36
  /// Bytes that compactions have to rewrite from which on writers are slowed down.
  public var pendingBytesSlowdown: UInt64 = 64 << 30
  /// Bytes that compactions have to rewrite at which writers wait.
  public var pendingBytesStop: UInt64 = 256 << 30
  /// Form of the tables: block size, filter, checksum, format. Order, family, operator, codec and origin are set by the
  /// engine.
  public var tables = TableOptions()
  /// Codec of the tables of flushes, and of compactions below whose result there is older data.
  public var compression = Compression.lz4
  /// Codec of tables below which the family has nothing: nearly all of its data.
  public var bottomCompression = Compression.zstd

  /// The defaults.
  public init() {}

  /// Options of a table of `family` that the session `origin` writes; `isBottom` when no older data lies below.
  func tableOptions(
    _ family: ColumnFamily, isBottom: Bool, now: UInt64, origin: TableOrigin
  ) -> TableOptions {
    var options = tables
    options.origin = origin
    options.order = family.order
    options.columnFamilyID = family.id
    options.columnFamilyName = family.name
    options.mergeOperator = mergeOperator?.name
    options.compression = isBottom ? bottomCompression : compression
    options.external = false
    options.creationTime = now
    return options
  }

  func validate() throws(DatabaseError) {
    try tables.validate()
    guard 1...FamilyOptions.largestWriteBuffer ~= writeBufferBytes, maxWriteBuffers >= 2, compaction.level0Trigger >= 1,
      compaction.levelMultiplier >= 2
    else { throw DatabaseError(.invalid, "an option of a column family is out of range") }
    // Writers would wait for a compaction that is never due.
    guard level0StopTrigger > compaction.level0Trigger else {
      throw DatabaseError(.invalid, "level0StopTrigger must be larger than compaction.level0Trigger")
    }
    guard compression.canEncode, bottomCompression.canEncode else {
      throw DatabaseError(.unsupported, "a codec that cannot be written was chosen")
    }
  }
}
