/// The filter of LevelDB, and of RocksDB before 7: a small Bloom filter for each range of file offsets.
///
///     filters | fixed32 offset of each | fixed32 offset of that array | 1 byte lg
///
/// The data block at file offset o is covered by filter number `o >> lg`; lg is 11. A filter is a bit array and its
/// number of probes. What is not covered, or contradicts itself, matches. Borrows its bytes. Source: LevelDB's
/// `filter_block.cc`, `bloom.cc`.
public struct BlockBasedFilter {
  private let block: UnsafeRawBufferPointer
  /// LevelDB hashes the last bytes unsigned, RocksDB signed.
  private let signedTail: Bool
  private let arrayOffset: Int
  private let shift: UInt8

  /// nil when the block cannot be one.
  public init?(_ block: UnsafeRawBufferPointer, isLevelDB: Bool) {
    guard block.count >= 5 else { return nil }
    let offset = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: block.count - 5, as: UInt32.self))
    guard Int(offset) <= block.count - 5 else { return nil }
    self.block = block
    signedTail = !isLevelDB
    arrayOffset = Int(offset)
    shift = block[block.count - 1]
  }

  /// Number of filters.
  public var count: Int { (block.count - 5 - arrayOffset) / 4 }

  /// Whether `key`, a user key, may be in the data block that starts at `offset` in the file.
  public func mayContain(_ key: UnsafeRawBufferPointer, blockOffset: UInt64) -> Bool {
    filter(forOffset: blockOffset).map { mayContain(key, in: $0) } ?? true
  }

  /// The filter that covers the data block at `blockOffset`; nil when there is none or it contradicts itself.
  func filter(forOffset blockOffset: UInt64) -> UnsafeRawBufferPointer? {
    let index = shift < 64 ? blockOffset >> UInt64(shift) : 0
    guard index < UInt64(count) else { return nil }
    let place = arrayOffset + 4 * Int(index)
    let start = Int(UInt32(littleEndian: block.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    // The offset of the array closes the last filter.
    let end = Int(UInt32(littleEndian: block.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)))
    guard start <= end, end <= arrayOffset else { return nil }
    return UnsafeRawBufferPointer(rebasing: block[start..<end])
  }

  private func mayContain(_ key: UnsafeRawBufferPointer, in filter: UnsafeRawBufferPointer) -> Bool {
    BlockBasedFilter.mayContain(key, in: filter, signedTail: signedTail)
  }

  /// One Bloom filter of this kind.
  static func mayContain(_ key: UnsafeRawBufferPointer, in filter: UnsafeRawBufferPointer, signedTail: Bool) -> Bool {
    guard filter.count >= 2 else { return false }
    let probes = filter[filter.count - 1]
    guard probes <= 30 else { return true }
    let bits = UInt32(truncatingIfNeeded: (filter.count - 1) * 8)
    guard bits > 0 else { return true }
    var hash = FilterHash.hash32(key, seed: FullFilter.legacySeed, signedTail: signedTail)
    let delta = hash >> 17 | hash << 15
    for _ in 0..<probes {
      let bit = hash % bits
      if filter[Int(bit / 8)] & (1 << UInt8(bit % 8)) == 0 { return false }
      hash &+= delta
    }
    return true
  }
}
