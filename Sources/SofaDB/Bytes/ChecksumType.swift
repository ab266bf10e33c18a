internal import CSofaKernels

/// How the blocks of a table are checked; the byte in its footer. Source: RocksDB's `ChecksumType` and
/// `ComputeBuiltinChecksum`.
///
/// A block is followed by its compression type and four bytes little-endian:
///
///     value of (stored block, compression type)  +  contextModifier(base, offset)      modulo 2^32
public enum ChecksumType: UInt8, Sendable, CaseIterable {
  case none = 0
  /// Masked CRC-32C.
  case crc32c = 1
  case xxHash32 = 2
  /// Low half of XXH64.
  case xxHash64 = 3
  /// Low half of XXH3 of the block alone, the compression type folded in.
  case xxh3 = 4

  /// RocksDB's spelling, as command lines and reports have it.
  public var name: String {
    switch self {
    case .none: "none"
    case .crc32c: "crc32c"
    case .xxHash32: "xxhash"
    case .xxHash64: "xxhash64"
    case .xxh3: "xxh3"
    }
  }

  /// The value for a block as stored (compressed, without trailer) and its compression type, before the context
  /// modifier. Type `none` is 0, and is compared like the others.
  public func blockChecksum(_ stored: UnsafeRawBufferPointer, type: UInt8) -> UInt32 {
    let start = stored.baseAddress
    return switch self {
    case .none: 0
    case .crc32c: CRC32C.mask(CRC32C.checksum(type, continuing: CRC32C.checksum(stored)))
    case .xxHash32: sofa_xxh32_with_last(start, stored.count, type, 0)
    case .xxHash64: UInt32(truncatingIfNeeded: sofa_xxh64_with_last(start, stored.count, type, 0))
    case .xxh3:
      UInt32(truncatingIfNeeded: sofa_xxh3_64(start, stored.count)) ^ (UInt32(type) &* 0x6B90_83D9)
    }
  }

  /// The value for one contiguous run whose last byte plays the part of the compression type: the form that checks
  /// the footer. 0 for type `none`, and for an empty run of type `xxh3`.
  public func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let last = bytes.last else {
      return switch self {
      case .none, .xxh3: 0
      case .crc32c: CRC32C.mask(0)
      case .xxHash32: sofa_xxh32(nil, 0, 0)
      case .xxHash64: UInt32(truncatingIfNeeded: sofa_xxh64(nil, 0, 0))
      }
    }
    return blockChecksum(UnsafeRawBufferPointer(rebasing: bytes.dropLast()), type: last)
  }

  /// What format_version >= 6 adds to a value so that a block in the wrong place or file is noticed. `base` is the
  /// footer's; 0 means no context. `offset` is the file offset of the block's first byte.
  @inline(__always)
  public static func contextModifier(base: UInt32, offset: UInt64) -> UInt32 {
    guard base != 0 else { return 0 }
    return base ^ (UInt32(truncatingIfNeeded: offset) &+ UInt32(truncatingIfNeeded: offset >> 32))
  }
}
