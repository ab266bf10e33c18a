/// The optional accelerator at the end of a data block: from the hash of a user key to its restart interval.
///
///     bucket[0..<b] (1 byte each), fixed16 b
///
/// A bucket holds a restart index 0...253, 254 where keys of different restart intervals meet, or 255 for nothing.
/// Layout, hash seed and bucket count as RocksDB's `DataBlockHashIndexBuilder` with its utilisation of 0.75.
struct DataBlockHashIndexBuilder: ~Copyable {
  /// Larger blocks go without: readers keep the bucket count in 16 bits.
  static let maximumBlockSize = 65536
  private static let collision: UInt8 = 254
  private static let empty: UInt8 = 255
  private static let utilisation = 0.75

  /// Pairs of fixed32 hash, fixed32 restart index.
  private var entries = ByteWriter(capacity: 512)
  /// A running sum, as RocksDB keeps it: the rounding decides the bucket count.
  private var estimatedBuckets = 0.0
  private var isWithinRange = true

  @inline(__always)
  mutating func add(_ userKey: UnsafeRawBufferPointer, restart: Int) {
    guard isWithinRange else { return }
    guard restart < Int(DataBlockHashIndexBuilder.collision) else {
      isWithinRange = false
      return
    }
    entries.appendFixed32(FilterHash.hash32(userKey, seed: FilterHash.dataBlockIndexSeed, signedTail: true))
    entries.appendFixed32(UInt32(truncatingIfNeeded: restart))
    estimatedBuckets += 1 / DataBlockHashIndexBuilder.utilisation
  }

  /// Whether every key of the block could be added, and there is one.
  var isUsable: Bool { isWithinRange && entries.count > 0 }

  /// Odd, because the low bits of the hash are the weakest.
  private var bucketCount: Int { min(Int(estimatedBuckets), 0xFFFE) | 1 }

  /// Bytes that `finish` would append.
  var size: Int { isUsable ? bucketCount + 2 : 0 }

  mutating func finish(into block: inout ByteWriter) {
    let count = bucketCount
    let buckets = UnsafeMutableRawBufferPointer(start: block.reserve(count), count: count)
    buckets.initializeMemory(as: UInt8.self, repeating: DataBlockHashIndexBuilder.empty)
    var index = 0
    while index < entries.count {
      let hash = UInt32(littleEndian: entries.bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
      let restart = UInt32(littleEndian: entries.bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
      let bucket = Int(hash % UInt32(truncatingIfNeeded: count))
      if buckets[bucket] == DataBlockHashIndexBuilder.empty {
        buckets[bucket] = UInt8(truncatingIfNeeded: restart)
      } else if buckets[bucket] != UInt8(truncatingIfNeeded: restart) {
        buckets[bucket] = DataBlockHashIndexBuilder.collision
      }
      index += 8
    }
    block.commit(count)
    block.appendFixed16(UInt16(truncatingIfNeeded: count))
  }

  mutating func removeAll() {
    entries.removeAll()
    estimatedBuckets = 0
    isWithinRange = true
  }
}
