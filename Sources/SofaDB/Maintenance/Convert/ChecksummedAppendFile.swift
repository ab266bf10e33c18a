internal import Synchronization

/// A new file whose CRC-32C is made of the bytes as they are appended, while they are in the processor's cache.
final class ChecksummedAppendFile: AppendFile {
  private let file: any AppendFile
  private let value = Atomic<UInt32>(0)

  init(_ file: any AppendFile) { self.file = file }

  /// Of everything appended so far. One thread appends.
  var checksum: UInt32 { value.load(ordering: .relaxed) }

  var name: String { file.name }
  var size: UInt64 { file.size }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    try file.append(bytes)
    value.store(CRC32C.checksum(bytes, continuing: checksum), ordering: .relaxed)
  }

  func sync() throws(DatabaseError) { try file.sync() }
  func close() throws(DatabaseError) { try file.close() }
}
