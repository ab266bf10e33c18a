internal import Glibc

/// Eight bytes of a user key as a number that never falls where keys rise, so that most comparisons of keys are one of
/// numbers; where numbers are equal the keys decide.
///
/// Keys often begin alike, so the eight bytes are taken behind what all keys are expected to begin with. Keys that
/// begin otherwise have the least number or the greatest. Reverse orders take the complement.
struct KeyPrefixes {
  /// What keys are expected to begin with.
  private let common: ByteBuffer
  private let skipped: Int
  /// The first bytes of `common`, and ones where it has bytes, both as they lie in memory.
  private let commonWord: UInt64
  private let commonMask: UInt64
  /// Bytes behind what is compared: trailer and timestamp.
  private let tail: Int
  private let flip: UInt64

  /// `expected`: user keys without timestamps that show what all keys begin with.
  init(_ expected: [[UInt8]], order: KeyOrder) {
    let first = expected.first ?? []
    var shared = first.count
    for key in expected {
      let most = min(shared, key.count)
      shared = (0..<most).first { key[$0] != first[$0] } ?? most
    }
    let start = first.prefix(shared)
    common = start.withUnsafeBytes { ByteBuffer(copying: $0) }
    skipped = shared
    commonWord = start.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }.littleEndian
    commonMask = (skipped >= 8 ? .max : UInt64(1) << UInt64(8 * skipped) - 1).littleEndian
    tail = 8 + order.timestampSize
    flip = order.kind == .reverseBytewise || order.kind == .reverseBytewiseU64ts ? .max : 0
  }

  /// The number of an input's key; the greatest when it has ended.
  @inline(__always)
  func prefix(of source: UnsafeMutablePointer<EntrySource>) -> UInt64 {
    guard source.pointee.isValid else { return .max }
    return prefix(of: source.pointee.key)
  }

  /// What rises where keys fall; the greatest when the input has ended.
  @inline(__always)
  func reversePrefix(of source: UnsafeMutablePointer<EntrySource>) -> UInt64 {
    guard source.pointee.isValid else { return .max }
    return ~prefix(of: source.pointee.key)
  }

  /// The number of a user key given without timestamp.
  func prefix(ofBare userKey: [UInt8]) -> UInt64 {
    let key = ByteBuffer(userKey + [UInt8](repeating: 0, count: tail))
    defer { withExtendedLifetime(key) {} }
    return prefix(of: key.bytes)
  }

  /// The number of an internal key.
  @inline(__always)
  func prefix(of key: UnsafeRawBufferPointer) -> UInt64 {
    guard skipped &+ 8 &+ tail <= key.count, let start = key.baseAddress, beginsAsExpected(start) else {
      return KeyPrefixes.unusual(key, tail: tail, common: common, flip: flip)
    }
    return UInt64(bigEndian: start.loadUnaligned(fromByteOffset: skipped, as: UInt64.self)) ^ flip
  }

  @inline(__always)
  private func beginsAsExpected(_ start: UnsafeRawPointer) -> Bool {
    if (start.loadUnaligned(as: UInt64.self) ^ commonWord) & commonMask != 0 { return false }
    return skipped <= 8 || memcmp(start, common.memory.baseAddress!, skipped) == 0
  }

  /// Of a key that is short, or does not begin like the others.
  @inline(never)
  private static func unusual(_ key: UnsafeRawBufferPointer, tail: Int, common: ByteBuffer, flip: UInt64) -> UInt64 {
    // Keys too short for a timestamp are compared whole.
    let userKey = UnsafeRawBufferPointer(rebasing: key.dropLast(key.count < tail ? 8 : tail))
    let side = KeyOrder.bytewise(UnsafeRawBufferPointer(rebasing: userKey.prefix(common.count)), common.bytes)
    if side != 0 { return (side < 0 ? 0 : .max) ^ flip }
    var word: UInt64 = 0
    let rest = userKey.dropFirst(common.count).prefix(8)
    for byte in rest { word = word << 8 | UInt64(byte) }
    // Shifted by 64 bits nothing is left.
    return word << UInt64(8 * (8 - rest.count)) ^ flip
  }
}
