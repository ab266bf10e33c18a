/// A file as it would be with a few bytes changed, and as short as its owner says: what a proposed fix is judged on,
/// and what a mended copy is made from. The file itself is never written.
final class PatchedFile: RandomAccessFile {
  let base: any RandomAccessFile
  /// Ascending by offset, none twice.
  let patches: [BytePatch]
  /// At most that of the file.
  let size: UInt64

  init(_ base: any RandomAccessFile, _ patches: [BytePatch] = [], size: UInt64? = nil) {
    self.base = base
    self.patches = patches.sorted { $0.offset < $1.offset }
    self.size = min(size ?? base.size, base.size)
  }

  var name: String { base.name }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    guard offset < size else { return 0 }
    let wanted = Int(min(UInt64(buffer.count), size - offset))
    let count = try base.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
    for patch in patches where patch.offset >= offset && patch.offset - offset < UInt64(count) {
      buffer[Int(patch.offset - offset)] = patch.byte
    }
    return count
  }

  func adviseSequential() { base.adviseSequential() }
  func dropCache(offset: UInt64, length: UInt64) { base.dropCache(offset: offset, length: length) }
}

/// One byte of a file that should be another.
struct BytePatch: Hashable, Sendable {
  var offset: UInt64
  var byte: UInt8
}
