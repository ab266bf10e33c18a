/// The one bit of a block, its trailer included, whose flip makes the block's checksum hold. A checksum of 32 bits
/// agrees by chance once in some hundred thousand blocks, so the block must also decode before anybody believes it.
///
/// For CRC-32C the search is linear: flipping a bit changes the checksum by an amount that depends on its distance from
/// the end alone. The others are tried bit by bit, which bounds the size of the block.
struct FlippedBit: Hashable, Sendable {
  /// Bytes from the block's start; the trailer follows the stored bytes.
  var position: Int
  var mask: UInt8

  /// Blocks that are tried bit by bit have at most so many bytes: 24 KiB take about half a second.
  private static let largestTried = 24 << 10

  /// All bits that would do. `block` holds the stored bytes and the five of the trailer.
  static func candidates(_ block: UnsafeRawBufferPointer, at offset: UInt64, _ footer: Footer) -> [FlippedBit] {
    let size = block.count - BlockTrailer.size
    guard size >= 0, let base = block.baseAddress, footer.checksum != .none else { return [] }
    let trailer = BlockTrailer(at: base + size)
    let stored = UnsafeRawBufferPointer(start: base, count: size)
    let expected = footer.blockChecksum(stored, type: trailer.compressionByte, at: offset)
    var found: [FlippedBit] = []
    let difference = expected ^ trailer.checksum
    if difference.nonzeroBitCount == 1 {
      let bit = difference.trailingZeroBitCount
      found.append(FlippedBit(position: size + 1 + bit / 8, mask: 1 << UInt8(bit % 8)))
    }
    let modifier = ChecksumType.contextModifier(base: footer.contextBase, offset: offset)
    if footer.checksum == .crc32c {
      found += linear(
        size, CRC32C.unmask(expected &- modifier) ^ CRC32C.unmask(trailer.checksum &- modifier))
    } else if size <= largestTried {
      found += tried(block, size, footer, offset, wanted: trailer.checksum)
    }
    return found
  }

  /// Bits of the stored bytes and of the compression type whose flip changes the checksum by `difference`.
  private static func linear(_ size: Int, _ difference: UInt32) -> [FlippedBit] {
    guard difference != 0 else { return [] }
    let zero = CRC32C.checksum(0, continuing: 0)
    let table = (0..<256).map { CRC32C.checksum(UInt8($0), continuing: 0) ^ zero }
    var effects = (0..<8).map { table[1 << $0] }
    var found: [FlippedBit] = []
    for position in stride(from: size, through: 0, by: -1) {
      for bit in 0..<8 {
        if effects[bit] == difference { found.append(FlippedBit(position: position, mask: 1 << UInt8(bit))) }
        effects[bit] = (effects[bit] >> 8) ^ table[Int(effects[bit] & 0xFF)]
      }
    }
    return found
  }

  private static func tried(
    _ block: UnsafeRawBufferPointer, _ size: Int, _ footer: Footer, _ offset: UInt64, wanted: UInt32
  ) -> [FlippedBit] {
    let copy = ByteBuffer(copying: block)
    defer { withExtendedLifetime(copy) {} }
    let stored = UnsafeRawBufferPointer(rebasing: copy.bytes[..<size])
    var found: [FlippedBit] = []
    for position in 0...size {
      for bit in 0..<8 {
        copy.memory[position] ^= 1 << UInt8(bit)
        if footer.blockChecksum(stored, type: copy.memory[size], at: offset) == wanted {
          found.append(FlippedBit(position: position, mask: 1 << UInt8(bit)))
        }
        copy.memory[position] ^= 1 << UInt8(bit)
      }
    }
    return found
  }

  /// The byte that mends a file in which the block starts at `offset`.
  func patch(_ block: UnsafeRawBufferPointer, at offset: UInt64) -> BytePatch {
    BytePatch(offset: offset + UInt64(position), byte: block[position] ^ mask)
  }
}
