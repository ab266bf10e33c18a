/// Where a block lies in its file: `varint64 offset, varint64 size`. The size leaves out the five bytes of the trailer.
public struct BlockHandle: Hashable, Sendable {
  /// Bytes from the start of the file.
  public var offset: UInt64
  /// Stored bytes, without the trailer.
  public var size: UInt64

  /// Two varints of ten bytes.
  public static let longestEncoding = 20

  @inline(__always)
  public init(offset: UInt64, size: UInt64) {
    self.offset = offset
    self.size = size
  }

  public init(from reader: inout ByteReader) throws(FormatError) {
    offset = try reader.varint64()
    size = try reader.varint64()
  }

  public func append(to writer: inout ByteWriter) {
    writer.appendVarint(offset)
    writer.appendVarint(size)
  }

  /// The offset behind the trailer; nil when no file can be that long.
  public var end: UInt64? {
    let (stored, first) = offset.addingReportingOverflow(size)
    let (end, second) = stored.addingReportingOverflow(UInt64(BlockTrailer.size))
    return first || second || end > UInt64(Int64.max) ? nil : end
  }

  /// Whether the block and its trailer lie in a file of `fileSize` bytes.
  public func lies(within fileSize: UInt64) -> Bool {
    end.map { $0 <= fileSize } ?? false
  }
}
