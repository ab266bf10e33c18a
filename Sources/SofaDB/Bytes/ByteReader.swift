/// A bounds-checked cursor over borrowed bytes: the only way that bytes from disk are decoded, hot block loops apart.
///
/// Every read compares with what remains before it moves, so hostile lengths end in `FormatError`, never in a trap.
/// The caller keeps the bytes alive. A struct over a raw pointer, not over `RawSpan`, because cursors that must be
/// stored in escapable types share it.
public struct ByteReader {
  @usableFromInline let base: UnsafeRawPointer
  /// Length of the whole input.
  public let count: Int
  /// Next byte to read, 0...count.
  public private(set) var position = 0

  @inline(__always)
  public init(_ bytes: UnsafeRawBufferPointer) {
    // An empty input has no address; with a count of 0 it is never read.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    count = bytes.count
  }

  @inline(__always) public var remaining: Int { count - position }
  @inline(__always) public var isAtEnd: Bool { position == count }

  @inline(__always)
  public mutating func byte() throws(FormatError) -> UInt8 {
    guard position < count else { throw FormatError("unexpected end", at: position) }
    let value = base.load(fromByteOffset: position, as: UInt8.self)
    position += 1
    return value
  }

  @inline(__always)
  public mutating func fixed16() throws(FormatError) -> UInt16 { try fixed(UInt16.self) }
  @inline(__always)
  public mutating func fixed32() throws(FormatError) -> UInt32 { try fixed(UInt32.self) }
  @inline(__always)
  public mutating func fixed64() throws(FormatError) -> UInt64 { try fixed(UInt64.self) }

  @inline(__always)
  private mutating func fixed<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws(FormatError) -> T {
    guard remaining >= MemoryLayout<T>.size else { throw FormatError("unexpected end", at: position) }
    let value = base.loadUnaligned(fromByteOffset: position, as: T.self)
    position += MemoryLayout<T>.size
    return T(littleEndian: value)
  }

  /// At most five bytes; bits beyond 32 are dropped, as the engines do.
  @inline(__always)
  public mutating func varint32() throws(FormatError) -> UInt32 {
    UInt32(truncatingIfNeeded: try varint(limit: 5))
  }

  /// At most ten bytes; bits beyond 64 are dropped, as the engines do.
  @inline(__always)
  public mutating func varint64() throws(FormatError) -> UInt64 { try varint(limit: 10) }

  @inline(__always)
  public mutating func signedVarint64() throws(FormatError) -> Int64 { Varint.unzigzag(try varint64()) }

  @inline(__always)
  private mutating func varint(limit: Int) throws(FormatError) -> UInt64 {
    if position < count {
      let first = base.load(fromByteOffset: position, as: UInt8.self)
      if first < 0x80 {
        position += 1
        return UInt64(first)
      }
    }
    return try longVarint(limit: limit)
  }

  private mutating func longVarint(limit: Int) throws(FormatError) -> UInt64 {
    var value: UInt64 = 0
    let end = min(count, position + limit)
    var shift: UInt64 = 0
    for index in position..<end {
      let byte = base.load(fromByteOffset: index, as: UInt8.self)
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        position = index + 1
        return value
      }
      shift += 7
    }
    throw FormatError(end == count ? "unexpected end of a varint" : "varint too long", at: position)
  }

  /// A varint64 that must fit `Int` and be no larger than `limit`: for lengths, offsets and counts.
  @inline(__always)
  public mutating func length(atMost limit: Int) throws(FormatError) -> Int {
    let start = position
    let value = try varint64()
    guard value <= UInt64(limit) else { throw FormatError("length out of range", at: start) }
    return Int(value)
  }

  /// The next `length` bytes, borrowed.
  @inline(__always)
  public mutating func bytes(_ length: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    guard length >= 0, length <= remaining else { throw FormatError("unexpected end", at: position) }
    defer { position += length }
    return UnsafeRawBufferPointer(start: base + position, count: length)
  }

  /// A varint32 length and that many bytes, borrowed.
  @inline(__always)
  public mutating func slice() throws(FormatError) -> UnsafeRawBufferPointer {
    let start = position
    let length = Int(try varint32())
    guard length <= remaining else { throw FormatError("slice longer than what remains", at: start) }
    return try bytes(length)
  }

  /// A slice, copied.
  public mutating func sliceArray() throws(FormatError) -> [UInt8] { [UInt8](try slice()) }

  /// Everything that is left, borrowed.
  public mutating func rest() -> UnsafeRawBufferPointer {
    defer { position = count }
    return UnsafeRawBufferPointer(start: base + position, count: remaining)
  }

  public mutating func skip(_ length: Int) throws(FormatError) { _ = try bytes(length) }
}
