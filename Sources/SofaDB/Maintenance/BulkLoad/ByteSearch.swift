internal import Glibc

/// Bytes found by the C library, which looks at 32 at a time.
enum ByteSearch {
  /// Where `byte` first stands in the `count` bytes from `start`.
  @inline(__always)
  static func first(_ byte: UInt8, in start: UnsafePointer<UInt8>, count: Int) -> Int? {
    guard count > 0, let found = memchr(start, Int32(byte), count) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(start)
  }

  /// How often `byte` stands in the `count` bytes from `start`.
  static func count(of byte: UInt8, in start: UnsafePointer<UInt8>, count: Int) -> Int {
    var position = 0
    var found = 0
    while let next = first(byte, in: start + position, count: count - position) {
      position += next + 1
      found += 1
    }
    return found
  }

  static func count(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    return count(of: byte, in: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
  }
}
