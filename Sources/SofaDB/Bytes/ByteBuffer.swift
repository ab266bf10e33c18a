/// A shared, fixed run of raw memory. Whoever holds the object keeps the bytes alive; cursors borrow its address.
/// Filled once by one thread, then only read.
public final class ByteBuffer: @unchecked Sendable {
  public let memory: UnsafeMutableRawBufferPointer

  /// Room for `count` bytes, not zeroed; up to `slack` bytes behind them may be overwritten.
  public init(count: Int, slack: Int = 0) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: count + slack, alignment: 16)
    memory = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
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
