/// What a set of entries holds, in 128 bits that depend on neither order nor layout: the wrapping sum of one hash an
/// entry. Equal sets have equal digests whatever the tables, blocks and codecs; digests of parts add up.
///
///     key hash   = XXH3-128(key, seed: XXH3-64(family name) + kind * 0x9E3779B97F4A7C15)
///     entry hash = XXH3-128(value, seed: low half of the key hash), its high half xor the key hash's high half
///     digest     = sum of the entry hashes modulo 2^128
///
/// Sequence numbers are no part of it. It finds accidents and is no protection against forgers.
public struct ContentDigest: Sendable, Equatable {
  /// The name in dumps and reports.
  public static let algorithm = "xxh3-128-sum"

  /// What a column family adds to the hash of its entries; made once a family.
  public struct Family: Sendable {
    let seed: UInt64

    public init(name: String) {
      var name = name
      seed = name.withUTF8 { XXH3.hash64(UnsafeRawBufferPointer($0)) }
    }
  }

  /// Entries added.
  public private(set) var entries: UInt64 = 0
  public private(set) var low: UInt64 = 0
  public private(set) var high: UInt64 = 0

  public init() {}

  /// Adds one entry. A tombstone has an empty value; a range tombstone has its end key as value.
  @inline(__always)
  public mutating func add(
    _ kind: EntryKind, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, in family: Family
  ) {
    add(kindByte: kind.rawValue, key: key, value: value, in: family)
  }

  /// The same with the kind as stored.
  @inline(__always)
  mutating func add(
    kindByte: UInt8, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, in family: Family
  ) {
    let seed = family.seed &+ UInt64(kindByte) &* 0x9E37_79B9_7F4A_7C15
    let keyHash = XXH3.hash128(key, seed: seed)
    let hash = XXH3.hash128(value, seed: keyHash.low)
    add(low: hash.low, high: hash.high ^ keyHash.high)
    entries &+= 1
  }

  /// Adds all entries of another digest.
  public mutating func add(_ other: ContentDigest) {
    add(low: other.low, high: other.high)
    entries &+= other.entries
  }

  @inline(__always)
  private mutating func add(low other: UInt64, high otherHigh: UInt64) {
    let (sum, carried) = low.addingReportingOverflow(other)
    low = sum
    high = high &+ otherHigh &+ (carried ? 1 : 0)
  }

  /// 32 hex digits, high half first.
  public var hex: String {
    String(HexText.number(high, digits: 16).dropFirst(2) + HexText.number(low, digits: 16).dropFirst(2))
  }
}
