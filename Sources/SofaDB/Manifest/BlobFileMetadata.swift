/// What the MANIFEST says about one blob file.
public struct BlobFileMetadata: Sendable, Equatable {
  public var number: UInt64
  /// Records in it.
  public var count: UInt64
  /// Bytes of all records: 32 of header, key and stored value each. The file has 62 more, header and footer.
  public var bytes: UInt64
  public var checksumMethod: String
  public var checksum: [UInt8]
  /// Records that no table refers to any more, and their bytes.
  public var garbageCount: UInt64 = 0
  public var garbageBytes: UInt64 = 0

  public init(number: UInt64, count: UInt64, bytes: UInt64, checksumMethod: String = "", checksum: [UInt8] = []) {
    self.number = number
    self.count = count
    self.bytes = bytes
    self.checksumMethod = checksumMethod
    self.checksum = checksum
  }
}
