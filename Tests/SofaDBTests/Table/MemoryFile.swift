import Synchronization

@testable import SofaDB

/// A file in memory, to be damaged at will; counts the bytes that are read from it.
final class MemoryFile: RandomAccessFile {
  let name: String
  let bytes: [UInt8]
  let bytesRead = Atomic<Int>(0)

  init(_ bytes: [UInt8], name: String = "000001.sst") {
    self.bytes = bytes
    self.name = name
  }

  var size: UInt64 { UInt64(bytes.count) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    guard offset < UInt64(bytes.count) else { return 0 }
    let count = min(buffer.count, bytes.count - Int(offset))
    bytes.withUnsafeBytes { source in
      buffer.baseAddress?.copyMemory(from: source.baseAddress! + Int(offset), byteCount: count)
    }
    bytesRead.add(count, ordering: .relaxed)
    return count
  }

  func adviseSequential() {}
  func dropCache(offset: UInt64, length: UInt64) {}
}
