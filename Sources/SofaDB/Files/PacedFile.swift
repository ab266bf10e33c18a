/// A file that is read at a given pace, in pieces of 1 MiB.
final class PacedFile: RandomAccessFile {
  private let base: any RandomAccessFile
  private let pace: ReadPace
  private let dropsBehind: Bool

  init(_ base: any RandomAccessFile, pace: ReadPace) {
    self.base = base
    self.pace = pace
    // What was there for the most part is in use by somebody else.
    dropsBehind = pace.leavesCache && (base.cachedBytes ?? 0) < base.size / 2
  }

  deinit { if dropsBehind { base.dropCache(offset: 0, length: size) } }

  var name: String { base.name }
  var size: UInt64 { base.size }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    var done = 0
    repeat {
      let length = min(buffer.count - done, ReadPace.piece)
      try pace.wait(for: length)
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + length)])
      let count = try base.read(into: piece, at: offset + UInt64(done))
      if dropsBehind, count == ReadPace.piece { base.dropCache(offset: offset + UInt64(done), length: UInt64(count)) }
      done += count
      if count < length { break }
    } while done < buffer.count
    return done
  }

  var cachedBytes: UInt64? { base.cachedBytes }

  func adviseSequential() { base.adviseSequential() }

  func dropCache(offset: UInt64, length: UInt64) { base.dropCache(offset: offset, length: length) }
}
