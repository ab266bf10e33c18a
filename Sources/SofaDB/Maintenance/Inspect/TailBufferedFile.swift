/// A file whose last bytes are read once and kept: footer, metaindex, properties and often the index of a table lie
/// there, and every step that reads one of them would be a transfer of its own.
final class TailBufferedFile: RandomAccessFile {
  /// Bytes that are kept.
  static let length: UInt64 = 32 << 10

  private let file: any RandomAccessFile
  private let start: UInt64
  private let tail: ByteBuffer

  init(_ file: any RandomAccessFile) throws(DatabaseError) {
    self.file = file
    let length = min(file.size, TailBufferedFile.length)
    start = file.size - length
    tail = try file.readExactly(Int(length), at: start)
  }

  var name: String { file.name }
  var size: UInt64 { file.size }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    guard offset >= start, offset <= size else { return try file.read(into: buffer, at: offset) }
    let count = Int(min(UInt64(buffer.count), size - offset))
    let position = Int(offset - start)
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: tail.bytes[position..<(position + count)]))
    return count
  }

  func adviseSequential() { file.adviseSequential() }
  func dropCache(offset: UInt64, length: UInt64) { file.dropCache(offset: offset, length: length) }
}
