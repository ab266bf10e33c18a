/// The optional table at the end of a data block that maps user keys to restarts.
///
///     bucket[0..<count] (1 byte each) | fixed16 count
///
/// A key's bucket is `Hash32(user key, 397) mod count`; it holds the number of the only restart interval with keys of
/// that bucket, 254 when there are several, 255 when there is none. Source: RocksDB's `data_block_hash_index.cc`.
struct DataBlockHashIndex {
  enum Answer: Equatable {
    /// Keys of the bucket lie in this restart interval.
    case restart(Int)
    /// In several: search.
    case collision
    /// The key is not in the block.
    case absent
  }

  static let seed: UInt32 = 397
  static let collision: UInt8 = 254
  static let empty: UInt8 = 255

  private let buckets: UnsafeRawBufferPointer

  init(buckets: UnsafeRawBufferPointer) { self.buckets = buckets }

  /// The index of a loaded block; nil when it has none. Borrows the block.
  init?(_ cursor: borrowing BlockCursor) {
    let range = cursor.hashIndexRange
    guard range.count > 2 else { return nil }
    buckets = UnsafeRawBufferPointer(start: cursor.base + range.lowerBound, count: range.count - 2)
  }

  func lookup(_ userKey: UnsafeRawBufferPointer) -> Answer {
    let hash = FilterHash.hash32(userKey, seed: DataBlockHashIndex.seed, signedTail: true)
    let bucket = buckets[Int(hash % UInt32(buckets.count))]
    return switch bucket {
    case DataBlockHashIndex.collision: .collision
    case DataBlockHashIndex.empty: .absent
    default: .restart(Int(bucket))
    }
  }

  /// Checks that the bucket of every key of the block holds its restart interval or the mark of a collision. Moves
  /// the cursor to the end.
  func check(_ cursor: inout BlockCursor) throws(FormatError) {
    var restart = 0
    var more = try cursor.seekToFirst()
    while more {
      while restart + 1 < cursor.restartCount, cursor.restartOffset(restart + 1) <= cursor.entryOffset { restart += 1 }
      guard cursor.key.count >= 8 else { throw FormatError("internal key shorter than 8 bytes") }
      switch lookup(cursor.key.internalKeyUserKey) {
      case .restart(restart), .collision: break
      default: throw FormatError("hash index does not lead to a key", at: cursor.entryOffset)
      }
      more = try cursor.next()
    }
  }
}
