/// A file in memory: for tests that read thousands of damaged variants, or want a read to fail.
public import SofaDB

public final class MemoryFile: RandomAccessFile, AppendFile, @unchecked Sendable {
  public let name: String
  /// Changed only between reads.
  public var content: [UInt8]
  /// Reads that reach this offset or any byte behind it fail.
  public var failsFrom: UInt64?

  public init(_ content: [UInt8] = [], name: String = "memory") {
    self.content = content
    self.name = name
  }

  public var size: UInt64 { UInt64(content.count) }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    guard offset < size else { return 0 }
    let count = min(buffer.count, content.count - Int(offset))
    if let failsFrom, offset + UInt64(count) > failsFrom {
      throw DatabaseError(.io(5), file: name, offset: failsFrom, "the device failed")
    }
    content.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<(Int(offset) + count)]))
    }
    return count
  }

  public func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    if let failsFrom, size + UInt64(bytes.count) > failsFrom {
      content.append(contentsOf: bytes.prefix(Int(failsFrom - min(failsFrom, size))))
      throw DatabaseError(.noSpace, file: name, offset: failsFrom, "no space")
    }
    content.append(contentsOf: bytes)
  }

  public func sync() throws(DatabaseError) {}
  public func close() throws(DatabaseError) {}
  public func adviseSequential() {}
  public func dropCache(offset: UInt64, length: UInt64) {}
}
