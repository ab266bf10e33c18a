/// The five bytes behind every block of a table: `compression type (1) || checksum (fixed32)`.
public struct BlockTrailer: Hashable, Sendable {
  /// Encoded bytes.
  public static let size = 5

  /// As stored; a `Compression` if it is a known one.
  public var compressionByte: UInt8
  /// As stored, context modifier included.
  public var checksum: UInt32

  public init(compressionByte: UInt8, checksum: UInt32) {
    self.compressionByte = compressionByte
    self.checksum = checksum
  }

  /// Decodes the first five bytes at `start`, which the caller knows to be there.
  @inline(__always)
  public init(at start: UnsafeRawPointer) {
    compressionByte = start.load(as: UInt8.self)
    checksum = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
  }

  public func append(to writer: inout ByteWriter) {
    writer.append(compressionByte)
    writer.appendFixed32(checksum)
  }
}
