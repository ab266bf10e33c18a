internal import Glibc

/// The memory in which a cursor assembles its current key. Grows, never shrinks; its owner caches the address and asks
/// again after `grow`. Not safe to share between threads: two users would overwrite each other's key.
final class KeyBuffer {
  /// Bytes that may be written past the end of every key, so that short copies can be done in whole words.
  static let slack = 16

  private static let leastCapacity = 240

  /// Points nowhere before the first `grow`.
  private(set) var base = UnsafeMutableRawPointer(bitPattern: 16)!
  /// Longest key that fits, `slack` bytes more are allocated; negative before the first `grow`.
  private(set) var capacity = -1

  init() {}

  deinit { if capacity >= 0 { base.deallocate() } }

  /// Makes room for a key of `length` bytes and keeps the first `kept` bytes.
  func grow(to length: Int, keeping kept: Int) {
    let larger = max(capacity * 2, length, KeyBuffer.leastCapacity)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger + KeyBuffer.slack, alignment: 16)
    if capacity >= 0 {
      memcpy(moved, base, kept)
      base.deallocate()
    }
    base = moved
    capacity = larger
  }
}
