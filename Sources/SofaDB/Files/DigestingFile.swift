internal import Synchronization

/// A file whose SHA-256 is made of what is read from it anyway: reads that go on where the digest stands feed it, all
/// others pass by, and `digest` reads what is missing at the end. A pass from front to back costs no second read.
final class DigestingFile: RandomAccessFile {
  private struct State {
    var hash = SHA256()
    /// Bytes of the file that are in `hash`.
    var count: UInt64 = 0
  }

  private let base: any RandomAccessFile
  private let state = Mutex(State())

  init(_ base: any RandomAccessFile) { self.base = base }

  var name: String { base.name }
  var size: UInt64 { base.size }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    let count = try base.read(into: buffer, at: offset)
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    state.withLock { state in
      // What the file grew by since it was opened is no part of it.
      let end = min(offset &+ UInt64(count), base.size)
      guard offset <= state.count, end > state.count else { return }
      let new = UnsafeRawBufferPointer(rebasing: bytes[Int(state.count - offset)..<Int(end - offset)])
      state.hash.update(new)
      state.count = end
    }
    return count
  }

  /// The digest of the whole file, once nobody else reads it any more.
  func digest() throws(DatabaseError) -> [UInt8] {
    let piece = ByteBuffer(count: Int(min(size, UInt64(ReadPace.piece))))
    while true {
      let done = state.withLock { $0.count }
      if done >= size { break }
      let length = Int(min(UInt64(piece.count), size - done))
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: piece.memory[..<length]), at: done)
      guard count == length else {
        throw DatabaseError(.corruption, file: name, offset: done, "the file became shorter while it was read")
      }
    }
    return state.withLock { $0.hash.digest() }
  }

  func adviseSequential() { base.adviseSequential() }

  func dropCache(offset: UInt64, length: UInt64) { base.dropCache(offset: offset, length: length) }
}
