/// Takes choices from the front of an input. At its end everything is 0 or empty, so every input is complete.
struct FuzzInput {
  private(set) var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 {
    guard let first = rest.first else { return 0 }
    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
    return first
  }

  /// 16 bits, little-endian.
  mutating func number() -> Int {
    let low = Int(byte())
    return low | Int(byte()) << 8
  }

  /// At most `count` bytes, borrowed.
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
    let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    return taken
  }

  /// A stretch with its length in front, borrowed.
  mutating func slice() -> UnsafeRawBufferPointer {
    let count = number()
    return take(count)
  }

  /// What `number` reads.
  static func encoded(_ number: Int) -> [UInt8] {
    [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
  }

  /// What `slice` reads; nil when it is too long for that.
  static func encoded(_ slice: [UInt8]) -> [UInt8]? {
    slice.count <= Int(UInt16.max) ? encoded(slice.count) + slice : nil
  }
}
