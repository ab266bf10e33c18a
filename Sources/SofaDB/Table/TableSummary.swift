/// What a finished table is, as its MANIFEST record and its owner need it.
public struct TableSummary: Sendable {
  /// Bytes of the file.
  public var fileSize: UInt64
  /// The least internal key, tombstone begins included.
  public var smallest: InternalKey
  /// The greatest internal key, widened by the exclusive ends of tombstones.
  public var largest: InternalKey
  public var smallestSequence: SequenceNumber
  public var largestSequence: SequenceNumber
  /// Point entries and range tombstones.
  public var entryCount: UInt64
  /// Point and range tombstones.
  public var tombstoneCount: UInt64
  public var rangeTombstoneCount: UInt64
  public var dataBlockCount: UInt64
  /// Bytes of internal keys and values, range tombstones included.
  public var rawSize: UInt64
  /// Where filter, index and properties begin, in bytes from the start of the file.
  public var tailOffset: UInt64
  /// The smallest number of a blob file that a blob index refers to.
  public var oldestBlobFile: UInt64?
  public var properties: TableProperties
}
