/// A shared, fixed run of raw memory. Whoever holds the object keeps the bytes alive; cursors borrow its address.
/// Filled once by one thread, then only read.
public final class ByteBuffer: @unchecked Sendable {
  public let memory: UnsafeMutableRawBufferPointer

  /// Room for `count` bytes, not zeroed.
  public init(count: Int) {
    memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
  }

  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count)
    memory.copyMemory(from: bytes)
  }

  public convenience init(_ bytes: [UInt8]) {
    self.init(count: bytes.count)
    memory.copyBytes(from: bytes)
  }

  deinit { memory.deallocate() }

  @inline(__always) public var count: Int { memory.count }
  @inline(__always) public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
}
