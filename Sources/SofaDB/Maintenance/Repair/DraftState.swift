/// The state of a database while a repair puts it together: a `Version` whose parts may be changed.
struct DraftState: Sendable {
  struct Family: Sendable {
    var id: UInt32
    var name: String
    var comparator: String?
    var logNumber: UInt64 = 0
    var tables: [TableMetadata] = []
    var blobFiles: [BlobFileMetadata] = []
    var compactCursors: [VersionEdit.CompactCursor] = []
    var timestampsPersisted: Bool?
    var fullHistoryTimestampLow: [UInt8]?

    var order: KeyOrder { comparator.map { KeyOrder(name: $0) } ?? .bytewise }
  }

  var families: [UInt32: Family] = [0: Family(id: 0, name: "default")]
  var lastSequence: SequenceNumber = 0
  var nextFileNumber: UInt64 = 2
  var previousLogNumber: UInt64 = 0
  var minLogNumberToKeep: UInt64 = 0
  var maxColumnFamily: UInt32 = 0
  var databaseID: String?
  var trackedLogs: [VersionEdit.LogAddition] = []
  var dialect = ManifestDialect.rocksdb

  init() {}

  init(_ version: Version) {
    families = [:]
    for family in version.families {
      families[family.id] = Family(
        id: family.id, name: family.name, comparator: family.comparator, logNumber: family.logNumber,
        tables: family.tables, blobFiles: family.blobFiles, compactCursors: family.compactCursors,
        timestampsPersisted: family.timestampsPersisted, fullHistoryTimestampLow: family.fullHistoryTimestampLow)
    }
    lastSequence = version.lastSequence
    nextFileNumber = version.nextFileNumber
    previousLogNumber = version.previousLogNumber
    minLogNumberToKeep = version.minLogNumberToKeep
    maxColumnFamily = version.maxColumnFamily
    databaseID = version.databaseID
    trackedLogs = version.trackedLogs
    dialect = version.dialect
  }

  /// By id.
  var sortedFamilies: [Family] { families.values.sorted { $0.id < $1.id } }

  func family(of table: UInt64) -> UInt32? {
    families.values.first { $0.tables.contains { $0.number == table } }?.id
  }

  func build() -> Version {
    let built = families.values.map { family in
      ColumnFamily(
        id: family.id, name: family.name, comparator: family.comparator, logNumber: family.logNumber,
        tables: family.tables, blobFiles: family.blobFiles, compactCursors: family.compactCursors,
        timestampsPersisted: family.timestampsPersisted, fullHistoryTimestampLow: family.fullHistoryTimestampLow)
    }
    return Version(
      families: built, lastSequence: lastSequence, nextFileNumber: nextFileNumber,
      previousLogNumber: previousLogNumber, minLogNumberToKeep: minLogNumberToKeep, maxColumnFamily: maxColumnFamily,
      databaseID: databaseID, trackedLogs: trackedLogs, dialect: dialect)
  }

  /// Raises the numbers that must cover what the state has.
  mutating func coverNumbers() {
    for family in families.values {
      for table in family.tables {
        nextFileNumber = max(nextFileNumber, table.number + 1)
        if table.hasSequences { lastSequence = max(lastSequence, table.largestSequence) }
      }
      for blob in family.blobFiles { nextFileNumber = max(nextFileNumber, blob.number + 1) }
      maxColumnFamily = max(maxColumnFamily, family.id)
    }
  }
}
