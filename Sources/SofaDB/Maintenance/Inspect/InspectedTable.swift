/// What MANIFEST, footer and properties say about one table. Numbers that nothing tells are nil.
public struct InspectedTable: Sendable {
  public enum State: String, Sendable {
    case ok
    /// Some of what is wanted here cannot be decoded.
    case damaged
    case missing
    /// The system refused to open or to read it.
    case unreadable
  }

  /// In its directory.
  public var name: String
  public var number: UInt64?
  public var family: String
  /// nil where no MANIFEST says it.
  public var level: Int?
  /// Bytes, by the MANIFEST where it lists the table.
  public var size: UInt64
  public var state = State.ok
  /// Why the state is `unreadable`.
  public var refusal: String?
  /// The worst finding about it.
  public var worst: Finding.Severity?
  /// First and last user key, range deletions included.
  public var smallest: [UInt8]?
  public var largest: [UInt8]?
  public var smallestSequence: SequenceNumber?
  public var largestSequence: SequenceNumber?

  public var entries: UInt64?
  /// Tombstones of all kinds.
  public var deletions: UInt64?
  public var rangeDeletions: UInt64?
  public var mergeOperands: UInt64?
  public var dataBlocks: UInt64?
  /// Bytes of all data blocks as stored.
  public var dataSize: UInt64?
  /// Bytes of all keys and values.
  public var rawSize: UInt64?
  public var filterSize: UInt64?
  public var filterEntries: UInt64?

  public var formatVersion: UInt32?
  public var checksum: ChecksumType?
  /// "binary-search", "hash-search", "two-level", "first-key".
  public var index: String?
  /// "none", "bloom", "legacy-bloom", "block-based-bloom", "ribbon", with "partitioned-" before it where it is, or a
  /// plug-in's name.
  public var filter: String?
  /// By the properties, else by the blocks that were looked at; several are joined by "+".
  public var codec: String?
  /// Stored bytes of the data blocks that were looked at, by codec.
  public var sampled: [String: UInt64] = [:]
  public var comparator: String?
  public var mergeOperator: String?
  public var isLevelDB = false
  public var isExternal = false
  public var features: [EngineFeature] = []
  public var writtenBy: EngineGuess?
  /// False where RocksDB from 11.0 on misses a property that it demands.
  public var namesIndexType = true

  /// Seconds since 1970, from MANIFEST or properties.
  public var created: UInt64?
  /// Seconds since 1970 of the file.
  public var modified: UInt64?
  public var isMarkedForCompaction = false
  /// Index into `db_paths`.
  public var path: UInt8 = 0

  init(name: String, family: String, size: UInt64) {
    self.name = name
    number = DatabaseFile(name: name).number
    self.family = family
    self.size = size
  }

  init(_ metadata: TableMetadata, name: String?, family: String) {
    self.init(name: name ?? DatabaseFile.table(metadata.number).name, family: family, size: metadata.size)
    number = metadata.number
    level = metadata.level
    smallest = metadata.smallest.userKey
    largest = metadata.largest.userKey
    if metadata.hasSequences {
      smallestSequence = metadata.smallestSequence
      largestSequence = metadata.largestSequence
    }
    if let time = metadata.creationTime, time != 0 { created = time }
    isMarkedForCompaction = metadata.isMarkedForCompaction ?? false
    path = metadata.pathID ?? 0
  }

  /// Bits a key in its filter, where that can be told.
  public var filterBitsPerKey: Double? {
    guard let filterSize, filterSize > 0, let filterEntries, filterEntries > 0 else { return nil }
    return Double(filterSize) * 8 / Double(filterEntries)
  }
}
