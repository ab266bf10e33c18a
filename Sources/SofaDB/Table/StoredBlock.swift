/// A block as it lies in the file, checked or not: the form in which verification, repair and conversion see it.
public struct StoredBlock: Sendable {
  public let kind: BlockKind
  public let handle: BlockHandle
  public let trailer: BlockTrailer
  /// What the checksum in the trailer should be.
  public let expectedChecksum: UInt32
  private let buffer: ByteBuffer

  /// `buffer` holds the block and its trailer.
  init(_ buffer: ByteBuffer, handle: BlockHandle, kind: BlockKind, footer: Footer) {
    self.buffer = buffer
    self.handle = handle
    self.kind = kind
    let stored = UnsafeRawBufferPointer(rebasing: buffer.bytes.dropLast(BlockTrailer.size))
    trailer = BlockTrailer(at: buffer.bytes.baseAddress! + stored.count)
    expectedChecksum = footer.blockChecksum(stored, type: trailer.compressionByte, at: handle.offset)
  }

  /// The stored bytes, compressed if the trailer says so, without the trailer. Valid as long as the value lives.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer.bytes.dropLast(BlockTrailer.size))
  }

  /// Keeps `bytes` alive.
  public var owner: ByteBuffer { buffer }

  public var isIntact: Bool { trailer.checksum == expectedChecksum }
}
