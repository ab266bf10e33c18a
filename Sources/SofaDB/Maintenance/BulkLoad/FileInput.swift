/// A file as input, from its start or any other place up to a limit.
///
/// Not safe for several threads at once: whoever shares it holds a lock.
final class FileInput: InputSource, @unchecked Sendable {
  let file: any RandomAccessFile
  private var offset: UInt64
  private let limit: UInt64

  init(file: any RandomAccessFile, from start: UInt64 = 0, to limit: UInt64? = nil) {
    self.file = file
    offset = start
    self.limit = min(limit ?? file.size, file.size)
    file.adviseSequential()
  }

  var name: String { file.name }
  var size: UInt64? { file.size }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatabaseError) -> Int {
    guard offset < limit, buffer.count > 0 else { return 0 }
    let wanted = Int(min(UInt64(buffer.count), limit - offset))
    let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
    guard count == wanted else {
      throw DatabaseError(
        .io(0), file: name, offset: offset + UInt64(count), "the file became shorter while it was read")
    }
    offset += UInt64(count)
    return count
  }
}
