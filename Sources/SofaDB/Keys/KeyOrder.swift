internal import Glibc

/// A comparator, known by the name that databases store. Four orders are known; any other name is kept and refused
/// wherever order matters.
public struct KeyOrder: Hashable, Sendable {
  public enum Kind: UInt8, Sendable { case bytewise, reverseBytewise, bytewiseU64ts, reverseBytewiseU64ts, unknown }

  /// The exact on-disk name.
  public let name: String
  public let kind: Kind

  public static let bytewise = KeyOrder(name: "leveldb.BytewiseComparator")
  public static let reverseBytewise = KeyOrder(name: "rocksdb.ReverseBytewiseComparator")

  public init(name: String) {
    // Literals, of which no references are counted: orders are copied on hot paths.
    (kind, self.name) =
      switch name {
      case "leveldb.BytewiseComparator": (.bytewise, "leveldb.BytewiseComparator")
      case "rocksdb.ReverseBytewiseComparator": (.reverseBytewise, "rocksdb.ReverseBytewiseComparator")
      case "leveldb.BytewiseComparator.u64ts": (.bytewiseU64ts, "leveldb.BytewiseComparator.u64ts")
      case "rocksdb.ReverseBytewiseComparator.u64ts":
        (.reverseBytewiseU64ts, "rocksdb.ReverseBytewiseComparator.u64ts")
      default: (.unknown, name)
      }
  }

  public var isKnown: Bool { kind != .unknown }

  /// Bytes of user timestamp at the end of each user key.
  @inline(__always)
  public var timestampSize: Int { kind == .bytewiseU64ts || kind == .reverseBytewiseU64ts ? 8 : 0 }

  /// Negative, zero or positive, as `memcmp`. An unknown order compares bytewise: callers check `isKnown` first.
  @inline(__always)
  public func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    switch kind {
    case .bytewise, .unknown: KeyOrder.bytewise(a, b)
    case .reverseBytewise: -KeyOrder.bytewise(a, b)
    default: compareWithTimestamp(a, b)
    }
  }

  /// Orders internal keys: user keys ascending, then trailers descending. Both hold at least 8 bytes.
  @inline(__always)
  public func compareInternal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let order = compare(a.internalKeyUserKey, b.internalKeyUserKey)
    if order != 0 { return order }
    let left = a.internalKeyTrailer
    let right = b.internalKeyTrailer
    return left == right ? 0 : (left > right ? -1 : 1)
  }

  /// A user key without its timestamp. Keys too short for one are returned whole.
  @inline(__always)
  public func withoutTimestamp(_ userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let size = timestampSize
    return size == 0 || userKey.count < size
      ? userKey : UnsafeRawBufferPointer(start: userKey.baseAddress, count: userKey.count - size)
  }

  /// Compares user keys that carry no timestamp (any more), in this order.
  @inline(__always)
  public func compareWithoutTimestamp(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let order = KeyOrder.bytewise(a, b)
    return kind == .reverseBytewise || kind == .reverseBytewiseU64ts ? -order : order
  }

  /// The first eight bytes of a user key, its timestamp left out, as a number that sorts like the key. Ties decide
  /// nothing.
  @inline(__always)
  func prefix(of userKey: UnsafeRawBufferPointer) -> UInt64 {
    let key = withoutTimestamp(userKey)
    var result: UInt64 = 0
    if key.count >= 8 {
      result = UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))
    } else {
      for byte in key { result = result << 8 | UInt64(byte) }
      if key.count > 0 { result <<= UInt64(8 * (8 - key.count)) }
    }
    return kind == .reverseBytewise || kind == .reverseBytewiseU64ts ? ~result : result
  }

  public func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { left in b.withUnsafeBytes { compare(left, $0) } }
  }

  public func compare(_ a: InternalKey, _ b: InternalKey) -> Int {
    a.bytes.withUnsafeBytes { left in b.bytes.withUnsafeBytes { compareInternal(left, $0) } }
  }

  /// Unsigned bytes, shorter first on a tie.
  @inline(__always)
  public static func bytewise(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let common = min(a.count, b.count)
    if common > 0 {
      let order = memcmp(a.baseAddress!, b.baseAddress!, common)
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  /// Keys without their last 8 bytes, then timestamps newest first. Keys too short for a timestamp sort bytewise.
  private func compareWithTimestamp(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    guard a.count >= 8, b.count >= 8 else { return KeyOrder.bytewise(a, b) }
    let order = KeyOrder.bytewise(a.internalKeyUserKey, b.internalKeyUserKey)
    if order != 0 { return kind == .bytewiseU64ts ? order : -order }
    let left = a.internalKeyTrailer
    let right = b.internalKeyTrailer
    return left == right ? 0 : (left > right ? -1 : 1)
  }
}
