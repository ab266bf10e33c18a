/// Where the parts of an uncompressed block lie, as its end tells; `BlockCursor` draws the layout.
///
/// Invariants: at least eight bytes stand behind `entriesEnd`, so that an entry's header may be read in words; there is
/// at least one restart, and the first leads to offset 0.
struct BlockShape {
  /// End of the entries, or of the key section when values are separated.
  let entriesEnd: Int
  /// End of the section that holds the values; start of the restart array.
  let restartsOffset: Int
  let restartCount: Int
  /// Start of the separated values; nil where values stand in the entries.
  let valuesOffset: Int?
  /// Where the data-block hash index lies, its count included; empty when there is none.
  let hashIndexRange: Range<Int>

  @inline(__always)
  init(_ block: UnsafeRawBufferPointer) throws(FormatError) {
    guard block.count >= 8, let start = block.baseAddress else { throw FormatError("block shorter than 8 bytes") }
    guard block.count <= Int(UInt32.max) else { throw FormatError("block longer than its offsets reach") }
    let word = BlockCursor.fixed32(start, block.count - 4)
    guard word & BlockFlags.reserved == 0 else { throw FormatError("unknown block flags", at: block.count - 4) }
    var end = block.count - 4
    var valuesStart: Int?
    if word & BlockFlags.separatedValues != 0 {
      guard end >= 4 else { throw FormatError("no room for the values offset", at: end) }
      end -= 4
      valuesStart = Int(BlockCursor.fixed32(start, end))
    }
    var hashRange = 0..<0
    if word & BlockFlags.hashIndex != 0 {
      guard end >= 2 else { throw FormatError("no room for the hash index", at: end) }
      let buckets = Int(UInt16(littleEndian: start.loadUnaligned(fromByteOffset: end - 2, as: UInt16.self)))
      guard buckets > 0, buckets <= end - 2 else { throw FormatError("hash index larger than its block", at: end - 2) }
      hashRange = (end - 2 - buckets)..<end
      end = hashRange.lowerBound
    }
    let count = Int(word & BlockFlags.countMask)
    guard count > 0, count <= end / 4 else { throw FormatError("restart count out of range", at: block.count - 4) }
    let restarts = end - 4 * count
    guard valuesStart ?? 0 <= restarts else { throw FormatError("values offset out of range") }
    guard BlockCursor.fixed32(start, restarts) == 0 else { throw FormatError("first restart is not 0", at: restarts) }
    hashIndexRange = hashRange
    restartsOffset = restarts
    restartCount = count
    valuesOffset = valuesStart
    entriesEnd = valuesStart ?? restarts
  }
}
