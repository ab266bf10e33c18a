/// One record of a MANIFEST: a change of the database's state. Fields are nil or empty where the record does not have
/// them.
///
/// The bytes are a run of `varint32 tag, payload`; `VersionEditTag` names the tags.
public struct VersionEdit: Sendable, Equatable {
  public struct CompactCursor: Sendable, Equatable {
    public var level: Int
    public var key: InternalKey
    public init(level: Int, key: InternalKey) {
      self.level = level
      self.key = key
    }
  }

  public struct DeletedTable: Sendable, Hashable {
    public var level: Int
    public var number: UInt64
    public init(level: Int, number: UInt64) {
      self.level = level
      self.number = number
    }
  }

  public struct BlobGarbage: Sendable, Equatable {
    public var number: UInt64
    public var count: UInt64
    public var bytes: UInt64
    public init(number: UInt64, count: UInt64, bytes: UInt64) {
      self.number = number
      self.count = count
      self.bytes = bytes
    }
  }

  /// A WAL that RocksDB tracks in the MANIFEST.
  public struct LogAddition: Sendable, Equatable {
    public var number: UInt64
    /// Bytes known to be on disk.
    public var syncedSize: UInt64?
    public init(number: UInt64, syncedSize: UInt64? = nil) {
      self.number = number
      self.syncedSize = syncedSize
    }
  }

  public struct UnknownField: Sendable, Equatable {
    public var tag: UInt32
    public var bytes: [UInt8]
    public init(tag: UInt32, bytes: [UInt8]) {
      self.tag = tag
      self.bytes = bytes
    }
  }

  /// The column family that log number, tables, cursors and blob files belong to.
  public var family: UInt32 = 0
  public var databaseID: String?
  public var comparator: String?
  public var logNumber: UInt64?
  public var previousLogNumber: UInt64?
  public var nextFileNumber: UInt64?
  public var maxColumnFamily: UInt32?
  public var minLogNumberToKeep: UInt64?
  public var lastSequence: SequenceNumber?
  public var compactCursors: [CompactCursor] = []
  public var deletedTables: [DeletedTable] = []
  public var newTables: [TableMetadata] = []
  public var blobAdditions: [BlobFileMetadata] = []
  public var blobGarbage: [BlobGarbage] = []
  public var logAdditions: [LogAddition] = []
  /// WALs with smaller numbers are gone.
  public var logDeletion: UInt64?
  /// The name of the column family that the edit creates.
  public var addedFamily: String?
  public var dropsFamily = false
  /// Edits of the same atomic group that follow this one.
  public var remainingInGroup: UInt32?
  public var fullHistoryTimestampLow: [UInt8]?
  public var timestampsPersisted: Bool?
  /// Opaque: RocksDB's notes on an unfinished compaction.
  public var subcompactionProgress: [UInt8]?
  public var lastCompactedManifestSize: UInt64?
  /// Unknown tags that readers may pass over, in order.
  public var unknownFields: [UnknownField] = []
  /// Whether it held a tag that LevelDB does not know.
  public var usesRocksDBTags = false

  /// Levels that a MANIFEST may name, 0...63.
  public static let levelLimit = 64
  /// The largest file number: RocksDB keeps two bits of 64 for the path.
  public static let largestFileNumber: UInt64 = (1 << 62) - 1

  public init(family: UInt32 = 0) { self.family = family }

  /// Decodes one record.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(FormatError) -> VersionEdit {
    var decoder = VersionEditDecoder(bytes)
    return try decoder.decode()
  }
}
