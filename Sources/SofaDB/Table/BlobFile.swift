/// Reads one blob file: large values that live outside the tables.
///
///     header   fixed32 magic, fixed32 version 1, fixed32 family, flags, compression, fixed64 x 2 expiry range
///     record   fixed64 key length, fixed64 stored value length, fixed64 expiry,
///              masked CRC-32C of those 24 bytes, masked CRC-32C of key and stored value, key, stored value
///     footer   fixed32 magic, fixed64 records, fixed64 x 2 expiry range, masked CRC-32C of the 28 bytes before
///
/// The footer is missing where the file was never closed. The header has no checksum. Source: RocksDB's
/// `db/blob/blob_log_format.h`. Safe to share between threads.
public final class BlobFile: Sendable {
  public static let headerSize = 30
  public static let recordHeaderSize = 32
  public static let footerSize = 32
  static let magic: UInt32 = 0x0024_8F37

  public struct Footer: Sendable, Equatable {
    public var records: UInt64
  }

  let file: any RandomAccessFile
  public let familyID: UInt32
  /// Of every value in the file; the number that blocks use.
  public let compression: UInt8

  public init(file: any RandomAccessFile) throws(DatabaseError) {
    self.file = file
    let header = try file.readExactly(BlobFile.headerSize, at: 0)
    defer { withExtendedLifetime(header) {} }
    var reader = ByteReader(header.bytes)
    do throws(FormatError) {
      guard try reader.fixed32() == BlobFile.magic else { throw FormatError("not a blob file: wrong magic", at: 0) }
      guard try reader.fixed32() == 1 else { throw FormatError("unknown version of a blob file", at: 4) }
      familyID = try reader.fixed32()
      let flags = try reader.byte()
      compression = try reader.byte()
      guard flags == 0, try reader.fixed64() == 0, try reader.fixed64() == 0 else {
        throw FormatError("a blob file with expiry, which only the old BlobDB wrote", at: 12)
      }
    } catch { throw DatabaseError(error, file: file.name) }
  }

  /// nil when the file does not end in a valid footer.
  public func footer() throws(DatabaseError) -> Footer? {
    guard file.size >= UInt64(BlobFile.headerSize + BlobFile.footerSize) else { return nil }
    let tail = try file.readExactly(BlobFile.footerSize, at: file.size - UInt64(BlobFile.footerSize))
    defer { withExtendedLifetime(tail) {} }
    let bytes = tail.bytes
    var reader = ByteReader(bytes)
    do {
      guard try reader.fixed32() == BlobFile.magic else { return nil }
      let records = try reader.fixed64()
      try reader.skip(16)
      let stored = try reader.fixed32()
      let computed = CRC32C.mask(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<28])))
      return stored == computed ? Footer(records: records) : nil
    } catch { return nil }
  }

  /// Appends the value of `userKey` (timestamp included) whose stored form lies at `offset`; checks both checksums,
  /// the key, the lengths and what the reference says of the compression.
  public func value(
    at offset: UInt64, size: UInt64, compression wanted: UInt8, userKey: UnsafeRawBufferPointer, limit: Int,
    into output: inout ByteWriter
  ) throws(DatabaseError) {
    guard wanted == compression else {
      throw DatabaseError(
        .corruption, file: file.name, offset: 13, "its header and a blob reference name different compressions")
    }
    let prefix = UInt64(BlobFile.recordHeaderSize + userKey.count)
    guard offset >= prefix, size <= UInt64(limit), offset <= file.size, size <= file.size - offset else {
      throw DatabaseError(.corruption, file: file.name, offset: offset, "a blob reference points outside the file")
    }
    let start = offset - prefix
    let record = try file.readExactly(Int(prefix + size), at: start)
    defer { withExtendedLifetime(record) {} }
    let stored = UnsafeRawBufferPointer(rebasing: record.bytes[Int(prefix)...])
    do throws(FormatError) {
      let header = try BlobRecordHeader(UnsafeRawBufferPointer(rebasing: record.bytes[..<BlobFile.recordHeaderSize]))
      guard header.keySize == UInt64(userKey.count), header.valueSize == size else {
        throw FormatError("a blob record of other lengths than its reference", at: 0)
      }
      let body = UnsafeRawBufferPointer(rebasing: record.bytes[BlobFile.recordHeaderSize...])
      guard CRC32C.mask(CRC32C.checksum(body)) == header.bodyChecksum else {
        throw FormatError("blob checksum mismatch", at: BlobFile.recordHeaderSize)
      }
      guard KeyOrder.bytewise(UnsafeRawBufferPointer(rebasing: body[..<userKey.count]), userKey) == 0 else {
        throw FormatError("a blob record of another key", at: BlobFile.recordHeaderSize)
      }
      try decode(stored, limit: limit, into: &output)
    } catch { throw DatabaseError(error, file: file.name, base: start) }
  }

  func decode(
    _ stored: UnsafeRawBufferPointer, limit: Int, into output: inout ByteWriter
  ) throws(FormatError) {
    guard compression != 0 else {
      output.append(stored)
      return
    }
    guard let codec = Compression(rawValue: compression) else { throw FormatError("a blob of unknown compression") }
    let raw = try Decompressor().decompress(stored, as: codec, framing: .sized, dictionary: nil, limit: limit)
    withExtendedLifetime(raw) { output.append(raw.bytes) }
  }
}

/// The 32 bytes before a blob's key.
public struct BlobRecordHeader: Sendable {
  public var keySize: UInt64
  public var valueSize: UInt64
  /// Masked CRC-32C of key and stored value.
  public var bodyChecksum: UInt32

  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var reader = ByteReader(bytes)
    keySize = try reader.fixed64()
    valueSize = try reader.fixed64()
    _ = try reader.fixed64()
    let stored = try reader.fixed32()
    bodyChecksum = try reader.fixed32()
    let computed = CRC32C.mask(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<24])))
    guard stored == computed else { throw FormatError("blob record header checksum mismatch", at: 24) }
  }
}
