/// A filter over all keys of a table or of one filter partition: data and five bytes that say which kind it is.
///
///     tail[0]   1...127  legacy Bloom, that many probes; tail[1..4] number of cache lines
///               0        always matches
///               -1       Bloom with 64-byte lines, tail[2] low five bits: probes
///               -2       Ribbon, tail[1] seed, tail[2..4] blocks
///
/// What is not known or contradicts itself matches. Borrows its bytes. Source: RocksDB's `filter_policy.cc`,
/// `bloom_impl.h`.
public struct FullFilter {
  public enum Kind: Sendable, Equatable {
    case empty
    case alwaysMatches
    case legacyBloom(probes: Int, lines: UInt32)
    case bloom(probes: Int)
    case ribbon(seed: UInt8, blocks: UInt32)
  }

  /// Seed of the hash of all older Bloom filters.
  static let legacySeed: UInt32 = 0xBC9F_1D34

  public let kind: Kind
  /// Without the tail.
  private let data: UnsafeRawBufferPointer

  public init(_ block: UnsafeRawBufferPointer) {
    let length = max(block.count - 5, 0)
    data = UnsafeRawBufferPointer(rebasing: block.prefix(length))
    kind = length == 0 ? .empty : FullFilter.kind(length, UnsafeRawBufferPointer(rebasing: block.suffix(5)))
  }

  private static func kind(_ length: Int, _ tail: UnsafeRawBufferPointer) -> Kind {
    let number = UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    switch Int8(bitPattern: tail[0]) {
    case let probes where probes >= 1:
      guard number > 0, length % Int(number) == 0, (length / Int(number)).nonzeroBitCount == 1 else {
        return .alwaysMatches
      }
      return .legacyBloom(probes: Int(probes), lines: number)
    case -1:
      let probes = Int(tail[2] & 0x1F)
      guard tail[1] == 0, tail[2] >> 5 == 0, tail[3] == 0, tail[4] == 0, 1...30 ~= probes, length % 64 == 0 else {
        return .alwaysMatches
      }
      return .bloom(probes: probes)
    case -2:
      return .ribbon(seed: tail[1], blocks: number >> 8)
    default:
      return .alwaysMatches
    }
  }

  /// Whether `key`, a user key without timestamp or a prefix, may have been added.
  public func mayContain(_ key: UnsafeRawBufferPointer) -> Bool {
    switch kind {
    case .empty: false
    case .alwaysMatches: true
    case .legacyBloom(let probes, let lines): legacyBloom(key, probes, lines)
    case .bloom(let probes): bloom(FilterHash.xxph3(key), probes)
    case .ribbon(let seed, let blocks): RibbonFilter(data, seed: seed, blocks: blocks).mayContain(FilterHash.xxph3(key))
    }
  }

  private func bloom(_ hash: UInt64, _ probes: Int) -> Bool {
    let lines = UInt64(data.count / 64)
    let base = Int(((hash & 0xFFFF_FFFF) &* lines) >> 32) * 64
    var word = UInt32(truncatingIfNeeded: hash >> 32)
    // All bits, because a branch at each could not be predicted. They lie in one cache line of the checked data.
    let line = data.baseAddress! + base
    var bits: UInt8 = 1
    for _ in 0..<probes {
      let bit = Int(word >> 23)
      bits &= line.load(fromByteOffset: bit / 8, as: UInt8.self) &>> UInt8(bit % 8)
      word &*= 0x9E37_79B9
    }
    return bits != 0
  }

  private func legacyBloom(_ key: UnsafeRawBufferPointer, _ probes: Int, _ lines: UInt32) -> Bool {
    var hash = FilterHash.hash32(key, seed: FullFilter.legacySeed, signedTail: true)
    let lineSize = data.count / Int(lines)
    let base = Int(hash % lines) * lineSize
    let delta = hash >> 17 | hash << 15
    let mask = lineSize * 8 - 1
    for _ in 0..<probes {
      let bit = Int(hash) & mask
      if data[base + bit / 8] & (1 << UInt8(bit % 8)) == 0 { return false }
      hash &+= delta
    }
    return true
  }
}
