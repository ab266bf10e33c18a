internal import Glibc

/// Maps keys to 64-bit numbers that never contradict the order of the keys: a smaller key has a smaller or equal
/// number. The number is the eight bytes after a prefix that the keys of a sample have in common; keys without that
/// prefix get the smallest or the largest number. Equal numbers say nothing.
///
/// Plain memory, so that it is copied without reference counting.
struct KeyPrefix: @unchecked Sendable {
  /// Kept alive by the owner of this value.
  private let common: UnsafeRawBufferPointer
  private let isReversed: Bool
  private let timestampSize: Int

  init(common: UnsafeRawBufferPointer, order: KeyOrder) {
    self.common = common
    isReversed = order.kind == .reverseBytewise || order.kind == .reverseBytewiseU64ts
    timestampSize = order.timestampSize
  }

  var depth: Int { common.count }

  @inline(__always)
  func number(of key: UnsafeRawBufferPointer) -> UInt64 {
    let number = bytewiseNumber(key, count: max(0, key.count - timestampSize))
    return isReversed ? ~number : number
  }

  @inline(__always)
  private func bytewiseNumber(_ key: UnsafeRawBufferPointer, count: Int) -> UInt64 {
    let depth = common.count
    guard count >= depth + 8 else { return shortNumber(key, count: count) }
    if depth > 0, let difference = difference(key, count: depth) { return difference < 0 ? 0 : .max }
    return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: depth, as: UInt64.self))
  }

  /// How the first `count` bytes differ from the common prefix; nil when they do not.
  @inline(__always)
  private func difference(_ key: UnsafeRawBufferPointer, count: Int) -> Int32? {
    let difference = memcmp(key.baseAddress!, common.baseAddress!, count)
    return difference == 0 ? nil : difference
  }

  @inline(never)
  private func shortNumber(_ key: UnsafeRawBufferPointer, count: Int) -> UInt64 {
    let shared = min(count, common.count)
    if shared > 0, let difference = difference(key, count: shared) { return difference < 0 ? 0 : .max }
    return KeyPrefix.eightBytes(of: key, count: count, at: common.count)
  }

  /// The bytes `offset..<offset + 8` of the first `count` ones as a big-endian number, zeros for those that are not
  /// there.
  @inline(__always)
  static func eightBytes(of key: UnsafeRawBufferPointer, count: Int, at offset: Int) -> UInt64 {
    if count >= offset + 8 { return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    var number: UInt64 = 0
    for index in offset..<(offset + 8) { number = number << 8 | (index < count ? UInt64(key[index]) : 0) }
    return number
  }
}
