/// Queries of Ribbon filters, RocksDB's Standard128 form: a banded system of linear equations over bits, 128
/// coefficients a key, solved so that every added key's equation holds.
///
/// Segments of 16 bytes form blocks of 128 starts; a block has one segment a result column. Files are seldom a multiple
/// of all, so the first blocks have one column less. Source: RocksDB's `ribbon_impl.h`, `ribbon_alg.h`,
/// `InterleavedSolutionStorage`.
struct RibbonFilter {
  private let segments: UnsafeRawBufferPointer
  private let rawSeed: UInt64
  private let blocks: UInt64
  /// Columns of the last blocks.
  private let upperColumns: Int
  /// Number of leading blocks with one column less.
  private let lowerBlocks: Int

  /// `data` is the filter without its tail.
  init(_ data: UnsafeRawBufferPointer, seed: UInt8, blocks: UInt32) {
    segments = data
    self.blocks = UInt64(blocks)
    var mixed = UInt64(seed) &* 0xC782_19A2_3EEA_DD03
    mixed ^= (mixed & 0xF0F0_F0F0_F0F0_F0F0) >> 4
    rawSeed = mixed & 0xFFFF_FFFF
    let count = data.count / 16
    let wanted = blocks == 0 ? 0 : (count + Int(blocks) - 1) / Int(blocks)
    upperColumns = min(wanted, 32)
    lowerBlocks = wanted > 32 ? 0 : wanted * Int(blocks) - count
  }

  func mayContain(_ hash: UInt64) -> Bool {
    guard blocks >= 2 else { return true }
    let spread = (hash ^ rawSeed) &* 0x6193_D459_236A_3A0D
    let start = spread.multipliedFullWidth(by: blocks * 128 - 127).high
    let mixed = spread &* 0xC28F_8282_2B65_0BED
    let coefficients = UInt128(mixed) << 64 | UInt128(mixed ^ 0xC367_844A_6E52_731D) | 1
    let expected = UInt32(truncatingIfNeeded: mixed.byteSwapped)
    let block = Int(start / 128)
    let bit = UInt128(start % 128)
    let columns = upperColumns - (block < lowerBlocks ? 1 : 0)
    let first = block * upperColumns - min(block, lowerBlocks)
    // Filters whose sizes contradict each other match, like all malformed ones.
    let last = first + (bit == 0 ? columns : 2 * columns)
    guard columns >= 0, first >= 0, last <= segments.count / 16 else { return true }
    for column in 0..<columns {
      var product = segment(first + column) & (coefficients << bit)
      if bit != 0 { product ^= segment(first + columns + column) & (coefficients >> (128 - bit)) }
      if UInt32(product.nonzeroBitCount & 1) != expected >> UInt32(column) & 1 { return false }
    }
    return true
  }

  @inline(__always)
  private func segment(_ index: Int) -> UInt128 {
    let low = UInt64(littleEndian: segments.loadUnaligned(fromByteOffset: index * 16, as: UInt64.self))
    let high = UInt64(littleEndian: segments.loadUnaligned(fromByteOffset: index * 16 + 8, as: UInt64.self))
    return UInt128(high) << 64 | UInt128(low)
  }
}
