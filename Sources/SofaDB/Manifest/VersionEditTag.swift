/// Tags of a version edit, and of the fields inside some of them.
enum VersionEditTag {
  static let comparator: UInt32 = 1
  static let logNumber: UInt32 = 2
  static let nextFileNumber: UInt32 = 3
  static let lastSequence: UInt32 = 4
  static let compactCursor: UInt32 = 5
  static let deletedFile: UInt32 = 6
  static let newFile: UInt32 = 7
  static let previousLogNumber: UInt32 = 9
  // Everything below is RocksDB's.
  static let minLogNumberToKeep: UInt32 = 10
  static let newFile2: UInt32 = 100
  static let newFile3: UInt32 = 102
  static let newFile4: UInt32 = 103
  static let family: UInt32 = 200
  static let familyAdd: UInt32 = 201
  static let familyDrop: UInt32 = 202
  static let maxColumnFamily: UInt32 = 203
  static let atomicGroup: UInt32 = 300
  static let blobAddition: UInt32 = 400
  static let blobGarbage: UInt32 = 401
  /// Set in tags whose payload is a slice that unaware readers pass over, and in four old ones that have no length.
  static let ignorableBit: UInt32 = 8192
  static let databaseID: UInt32 = 8193
  static let oldBlobAddition: UInt32 = 8194
  static let oldBlobGarbage: UInt32 = 8195
  static let oldLogAddition: UInt32 = 8196
  static let oldLogDeletion: UInt32 = 8197
  static let fullHistoryTimestampLow: UInt32 = 8198
  static let logAddition: UInt32 = 8199
  static let logDeletion: UInt32 = 8200
  static let timestampsPersisted: UInt32 = 8201
  static let subcompactionProgress: UInt32 = 8202
  static let lastCompactedManifestSize: UInt32 = 8203

  /// Fields behind the fixed part of `newFile4`, each a tag and a slice, up to `terminate`.
  enum File {
    static let terminate: UInt32 = 1
    static let needCompaction: UInt32 = 2
    static let minLogNumberToKeep: UInt32 = 3
    static let oldestBlobFile: UInt32 = 4
    static let oldestAncestorTime: UInt32 = 5
    static let creationTime: UInt32 = 6
    static let checksum: UInt32 = 7
    static let checksumFunction: UInt32 = 8
    static let temperature: UInt32 = 9
    static let minTimestamp: UInt32 = 10
    static let maxTimestamp: UInt32 = 11
    static let uniqueID: UInt32 = 12
    static let epoch: UInt32 = 13
    static let compensatedRangeDeletionSize: UInt32 = 14
    static let tailSize: UInt32 = 15
    static let timestampsPersisted: UInt32 = 16
    static let openMetadata: UInt32 = 17
    static let pathID: UInt32 = 65
    /// Set in fields that a reader must understand.
    static let fatalBit: UInt32 = 64
  }

  enum Blob {
    static let end: UInt32 = 0
    static let fatalBit: UInt32 = 64
  }

  enum Log {
    static let end: UInt32 = 1
    static let syncedSize: UInt32 = 2
  }

  static func isLevelDB(_ tag: UInt32) -> Bool { (1...7).contains(tag) || tag == previousLogNumber }
}
