/// A buffer that slides forward over a file, so that records of any length up to a limit are seen in one piece.
final class SofaGoWindow {
  let file: any RandomAccessFile
  private var buffer: ByteBuffer
  private var start: UInt64 = 0
  private var count = 0

  /// Bytes that are read at least.
  private static let piece = 64 << 10

  init(_ file: any RandomAccessFile) {
    self.file = file
    buffer = ByteBuffer(count: Int(min(file.size, UInt64(SofaGoWindow.piece))))
  }

  /// `length` bytes from `offset`, which the caller has held against the file's size. Valid until the next call.
  func bytes(_ length: Int, at offset: UInt64) throws(DatabaseError) -> UnsafeRawBufferPointer {
    if offset < start || offset + UInt64(length) > start + UInt64(count) {
      try fill(length, at: offset)
    }
    let position = Int(offset - start)
    return UnsafeRawBufferPointer(rebasing: buffer.bytes[position..<(position + length)])
  }

  private func fill(_ length: Int, at offset: UInt64) throws(DatabaseError) {
    let wanted = Int(min(UInt64(max(length, SofaGoWindow.piece)), file.size - offset))
    if wanted > buffer.count { buffer = ByteBuffer(count: wanted) }
    // Until the read has succeeded nothing of the old content may be taken for the new.
    count = 0
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[..<wanted])
    let read = try file.read(into: target, at: offset)
    guard read == wanted else {
      throw DatabaseError(
        .corruption, file: file.name, offset: offset + UInt64(read), "the file became shorter while it was read")
    }
    start = offset
    count = wanted
  }
}
