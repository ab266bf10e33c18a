/// Where a value lives outside the tree: the value of an entry of kind `blobIndex`.
///
/// Layout: one byte (0 inlined with expiry, 1 blob, 2 blob with expiry), then [varint64 expiry], then varint64 file
/// number, varint64 offset of the stored value, varint64 stored size, one byte compression. File number 0 means "in
/// the same table". Source: RocksDB's `db/blob/blob_index.h`.
public enum BlobIndex: Sendable, Hashable {
  /// The value itself, from the old stacked BlobDB.
  case inlined(expiration: UInt64, value: [UInt8])
  case stored(file: UInt64, offset: UInt64, size: UInt64, compression: UInt8)

  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var reader = ByteReader(bytes)
    let kind = try reader.byte()
    guard kind <= 2 else { throw FormatError("unknown kind of blob reference") }
    let expiration = kind == 1 ? 0 : try reader.varint64()
    if kind == 0 {
      self = .inlined(expiration: expiration, value: [UInt8](reader.rest()))
      return
    }
    let file = try reader.varint64()
    let offset = try reader.varint64()
    let size = try reader.varint64()
    self = .stored(file: file, offset: offset, size: size, compression: try reader.byte())
    guard reader.isAtEnd else { throw FormatError("bytes after a blob reference", at: reader.position) }
  }
}
