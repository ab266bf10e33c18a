/// The state of a database that its MANIFEST describes, at one point. Never changes; a new state is a new object, built
/// by `VersionBuilder`.
public final class Version: Sendable {
  /// By id; the first is `default` unless the MANIFEST dropped it.
  public let families: [ColumnFamily]
  /// Covers every sequence number in the tables, not those in WALs.
  public let lastSequence: SequenceNumber
  /// Larger than every file number in use when it was recorded; WALs may have larger ones since.
  public let nextFileNumber: UInt64
  /// LevelDB only: a WAL that is replayed besides those from the log number on.
  public let previousLogNumber: UInt64
  /// WALs with smaller numbers are not needed by two-phase commit either.
  public let minLogNumberToKeep: UInt64
  public let maxColumnFamily: UInt32
  public let databaseID: String?
  /// WALs that RocksDB tracks in the MANIFEST, by number.
  public let trackedLogs: [VersionEdit.LogAddition]
  /// LevelDB when the records look like LevelDB's and none has a tag that LevelDB does not know.
  public let dialect: ManifestDialect
  /// Tags of whole records that are not known here and that readers may pass over. No state has them: what they say
  /// may hold for the one that they were written for alone, so a new MANIFEST leaves them out, as one of an engine that
  /// does not know them does. Not compared.
  public let passedOver: Set<UInt32>

  public init(
    families: [ColumnFamily], lastSequence: SequenceNumber, nextFileNumber: UInt64, previousLogNumber: UInt64 = 0,
    minLogNumberToKeep: UInt64 = 0, maxColumnFamily: UInt32 = 0, databaseID: String? = nil,
    trackedLogs: [VersionEdit.LogAddition] = [], dialect: ManifestDialect = .rocksdb,
    passedOver: Set<UInt32> = []
  ) {
    self.families = families.sorted { $0.id < $1.id }
    self.lastSequence = lastSequence
    self.nextFileNumber = nextFileNumber
    self.previousLogNumber = previousLogNumber
    self.minLogNumberToKeep = minLogNumberToKeep
    self.maxColumnFamily = families.lazy.map(\.id).reduce(maxColumnFamily) { max($0, $1) }
    self.databaseID = databaseID
    self.trackedLogs = trackedLogs.sorted { $0.number < $1.number }
    self.dialect = dialect
    self.passedOver = passedOver
  }

  public func family(_ id: UInt32) -> ColumnFamily? { families.first { $0.id == id } }
  public func family(named name: String) -> ColumnFamily? { families.first { $0.name == name } }

  /// Tables of all families.
  public var tableCount: Int { families.reduce(0) { $0 + $1.tableCount } }
  /// Blob files of all families.
  public var blobFiles: [BlobFileMetadata] { families.flatMap(\.blobFiles) }
}

extension Version: Equatable {
  public static func == (a: Version, b: Version) -> Bool {
    a === b
      || a.families == b.families && a.lastSequence == b.lastSequence && a.nextFileNumber == b.nextFileNumber
        && a.previousLogNumber == b.previousLogNumber && a.minLogNumberToKeep == b.minLogNumberToKeep
        && a.maxColumnFamily == b.maxColumnFamily && a.databaseID == b.databaseID
        && a.trackedLogs == b.trackedLogs && a.dialect == b.dialect
  }
}
