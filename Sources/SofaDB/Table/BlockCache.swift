internal import Synchronization

/// Uncompressed blocks of tables, kept between reads and bounded in bytes. Any thread, any time.
///
/// Each shard is an S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson, "FIFO queues are all you need for cache eviction", SOSP
/// 2023): a new block enters a small queue, and only one that is asked for again before it falls out enters the main
/// queue, so that a scan passes through a tenth of the memory and leaves the rest alone. A hit moves nothing, it only
/// counts: the lock is held for a look at one slot. Blocks that fell out lately are remembered by name, and go
/// straight to the main queue when they return; so do blocks of high priority (index and filter partitions).
///
/// A block that is still read when it falls out stays alive with its readers.
public final class BlockCache: Sendable {
  /// Where a block stands.
  struct Key: Hashable, Sendable {
    /// See `newTable`.
    var table: UInt64
    var offset: UInt64

    /// All bits depend on all bits. Nobody can tell which offsets meet without knowing the number of the table.
    @inline(__always)
    var mixed: UInt64 {
      let product = (offset ^ table).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      return (product.low ^ product.high) &* 0xD6E8_FEB8_6659_FD93
    }
  }

  public struct Statistics: Sendable, Equatable {
    public var hits: UInt64 = 0
    public var misses: UInt64 = 0
    /// Bytes of blocks held, with their overhead.
    public var bytes = 0
    public var blocks = 0
  }

  /// Bytes that it may hold.
  public let capacity: Int
  private let shards: [Monitor<BlockCacheShard>]
  /// Starts anywhere, for `Key.mixed`.
  private let tables = Atomic<UInt64>(.random(in: 0 ... .max))

  /// `capacity` is shared out evenly between 2 to the `shardBits` shards.
  public init(capacity: Int, shardBits: Int = 4) {
    precondition(capacity >= 0 && (0...10).contains(shardBits))
    self.capacity = capacity
    shards = (0..<1 << shardBits).map { _ in Monitor(BlockCacheShard(capacity: capacity >> shardBits)) }
  }

  /// A number for an open table that no other one has in this cache: file numbers are not unlike across databases.
  func newTable() -> UInt64 {
    Mutant.cachedBlocksMixed.isOn ? 1 : tables.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
  }

  /// The block, if it is here; counts as a use.
  func block(_ key: Key) -> ByteBuffer? {
    let hash = key.mixed
    return shard(of: hash).change { $0.block(key, hash: hash) }
  }

  /// Keeps a block that was just read. A block larger than a shard is not kept.
  func insert(_ block: ByteBuffer, _ key: Key, isPriority: Bool = false) {
    shard(of: key.mixed).change { $0.insert(block, key, isPriority: isPriority) }
  }

  public var statistics: Statistics {
    shards.reduce(into: Statistics()) { sum, shard in
      let part = shard.change { $0.statistics }
      sum.hits += part.hits
      sum.misses += part.misses
      sum.bytes += part.bytes
      sum.blocks += part.blocks
    }
  }

  /// By other bits of the hash than those that the shard uses.
  @inline(__always)
  private func shard(of hash: UInt64) -> Monitor<BlockCacheShard> {
    shards[Int(truncatingIfNeeded: hash >> 48) & (shards.count - 1)]
  }
}
