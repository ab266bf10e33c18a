internal import Glibc

/// A growable run of raw bytes with the encodings of the formats. Reused by its owner: `removeAll` keeps the memory.
/// Not safe to share between threads while it changes.
public struct ByteWriter: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  /// Bytes written.
  public private(set) var count = 0

  public init(capacity: Int = 256) {
    self.capacity = max(capacity, 16)
    base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// What was written; valid until the next change.
  @inline(__always)
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// What was written, as memory that may be changed; valid until the next append.
  @inline(__always)
  public var mutableBytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: count)
  }

  /// What was written, copied.
  public var array: [UInt8] { [UInt8](bytes) }

  public mutating func removeAll() { count = 0 }

  /// Forgets everything after the first `length` bytes.
  public mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count)
    count = length
  }

  /// Makes room for `extra` bytes and returns where they go; `commit` counts them.
  @inline(__always)
  public mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
    if capacity - count < extra { grow(extra) }
    return base + count
  }

  @inline(__always)
  public mutating func commit(_ length: Int) {
    assert(length <= capacity - count)
    count += length
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = moved
    capacity = larger
  }

  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    reserve(1).storeBytes(of: byte, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  public mutating func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress, source.count > 0 else { return }
    memcpy(reserve(source.count), start, source.count)
    count += source.count
  }

  public mutating func append(_ source: [UInt8]) {
    source.withUnsafeBytes { append($0) }
  }

  public mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Text known to the compiler: no `String` is made.
  @inline(__always)
  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func appendZeros(_ length: Int) {
    memset(reserve(length), 0, length)
    count += length
  }

  @inline(__always)
  public mutating func appendFixed16(_ value: UInt16) { appendFixed(value) }
  @inline(__always)
  public mutating func appendFixed32(_ value: UInt32) { appendFixed(value) }
  @inline(__always)
  public mutating func appendFixed64(_ value: UInt64) { appendFixed(value) }

  @inline(__always)
  private mutating func appendFixed<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size).storeBytes(of: value.littleEndian, as: T.self)
    count += MemoryLayout<T>.size
  }

  @inline(__always)
  public mutating func appendVarint(_ value: UInt64) {
    let place = reserve(10)
    var left = value
    var length = 0
    while left >= 0x80 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: left) | 0x80, toByteOffset: length, as: UInt8.self)
      left >>= 7
      length += 1
    }
    place.storeBytes(of: UInt8(truncatingIfNeeded: left), toByteOffset: length, as: UInt8.self)
    count += length + 1
  }

  @inline(__always)
  public mutating func appendVarint(_ value: Int) { appendVarint(UInt64(value)) }
  @inline(__always)
  public mutating func appendVarint(_ value: UInt32) { appendVarint(UInt64(value)) }

  public mutating func appendSignedVarint(_ value: Int64) { appendVarint(Varint.zigzag(value)) }

  /// Length and bytes.
  @inline(__always)
  public mutating func appendSlice(_ source: UnsafeRawBufferPointer) {
    appendVarint(source.count)
    append(source)
  }

  public mutating func appendSlice(_ source: [UInt8]) {
    source.withUnsafeBytes { appendSlice($0) }
  }

  public mutating func appendSlice(utf8 text: String) {
    var text = text
    text.withUTF8 { appendSlice(UnsafeRawBufferPointer($0)) }
  }
}
