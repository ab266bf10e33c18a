/// What the MANIFEST says about one table file.
///
/// Optional fields are nil where the record does not have them; written back, they stay absent.
public struct TableMetadata: Sendable, Equatable {
  /// File number; the name follows from it.
  public var number: UInt64
  public var level: Int
  /// Bytes, exact.
  public var size: UInt64
  /// First internal key, widened by range deletions.
  public var smallest: InternalKey
  /// Last internal key, widened by range deletions.
  public var largest: InternalKey
  public var smallestSequence: SequenceNumber
  public var largestSequence: SequenceNumber

  /// Age order in level 0, larger is newer; RocksDB 7.10 and later. 0 counts as unknown.
  public var epoch: UInt64?
  /// Smallest blob file that its entries refer to.
  public var oldestBlobFile: UInt64?
  /// Seconds since 1970 of the oldest data in it; 0 counts as unknown. So in the next.
  public var oldestAncestorTime: UInt64?
  public var creationTime: UInt64?
  /// Of the whole file, by the function named below.
  public var fileChecksum: [UInt8]?
  public var fileChecksumFunction: String?
  /// 0 unknown, 4 hot, 8 warm, 10 cool, 12 cold, 16 ice.
  public var temperature: UInt8?
  /// Index into `db_paths`, 0...3.
  public var pathID: UInt8?
  public var isMarkedForCompaction: Bool?
  /// 16 bytes derived from the table's properties; RocksDB refuses a table that does not match it.
  public var uniqueID: [UInt8]?
  public var minTimestamp: [UInt8]?
  public var maxTimestamp: [UInt8]?
  public var compensatedRangeDeletionSize: UInt64?
  /// Bytes after the last data block.
  public var tailSize: UInt64?
  /// False when user timestamps were stripped from the file; the bounds here have them again, as zeros.
  public var timestampsPersisted = true
  /// Timestamp bytes that were put back into the bounds of a file without timestamps; they are left out again when
  /// the record is written.
  public private(set) var restoredTimestampSize = 0
  /// Opaque hint of RocksDB.
  public var openMetadata: [UInt8]?
  /// Fields that readers may pass over, kept as they are.
  public var unknownFields: [VersionEdit.UnknownField] = []

  /// What stands for unknown sequence numbers: the smallest is this and the largest 0.
  static let unknownSequence = SequenceNumber.maximum

  public init(
    number: UInt64, level: Int = 0, size: UInt64, smallest: InternalKey, largest: InternalKey,
    smallestSequence: SequenceNumber, largestSequence: SequenceNumber, epoch: UInt64? = nil
  ) {
    self.number = number
    self.level = level
    self.size = size
    self.smallest = smallest
    self.largest = largest
    self.smallestSequence = smallestSequence
    self.largestSequence = largestSequence
    self.epoch = epoch
  }

  /// False for a table of a LevelDB MANIFEST, which does not record them.
  public var hasSequences: Bool {
    !(smallestSequence == TableMetadata.unknownSequence && largestSequence == 0)
  }

  /// Whether it has an epoch that RocksDB would use.
  public var hasEpoch: Bool { (epoch ?? 0) != 0 }

  /// Gives the bounds of a file without timestamps the ones that its keys are read with: the smallest, or behind every
  /// other for the exclusive end of a range deletion.
  mutating func restoreTimestamps(size: Int) {
    guard !timestampsPersisted, size > 0, restoredTimestampSize == 0 else { return }
    restoredTimestampSize = size
    smallest = TableMetadata.padded(smallest, with: 0, size)
    largest = TableMetadata.padded(largest, with: largest.isRangeDeletionEnd ? 0xFF : 0, size)
  }

  private static func padded(_ key: InternalKey, with byte: UInt8, _ size: Int) -> InternalKey {
    InternalKey(userKey: key.userKey + [UInt8](repeating: byte, count: size), trailer: key.trailer)
  }

  /// A bound as the file and the MANIFEST store it.
  func stored(_ bound: InternalKey) -> InternalKey {
    guard restoredTimestampSize > 0 else { return bound }
    return InternalKey(userKey: Array(bound.userKey.dropLast(restoredTimestampSize)), trailer: bound.trailer)
  }
}
