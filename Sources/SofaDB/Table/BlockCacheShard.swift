/// One part of a block cache; see `BlockCache` for the policy.
///
/// Invariants: `bytes` is the sum of the charges in both queues and at most `capacity`; each block stands in exactly
/// one queue.
struct BlockCacheShard: Sendable {
  /// Slot, name in a queue, object header, and what is remembered of others, roughly.
  private static let overhead = 192 + GhostTable.overhead

  private let capacity: Int
  private var blocks = BlockCacheTable()
  private var small = Queue<BlockCache.Key>()
  private var main = Queue<BlockCache.Key>()
  private var smallBytes = 0
  /// As many as there are blocks.
  private var ghosts = GhostTable()
  private(set) var statistics = BlockCache.Statistics()

  init(capacity: Int) { self.capacity = capacity }

  private static func charge(_ block: ByteBuffer) -> Int { block.count + overhead }

  @inline(__always)
  mutating func block(_ key: BlockCache.Key, hash: UInt64) -> ByteBuffer? {
    guard let place = blocks.place(of: key, hash: hash) else {
      statistics.misses &+= 1
      return nil
    }
    statistics.hits &+= 1
    return blocks.use(place)
  }

  mutating func insert(_ block: ByteBuffer, _ key: BlockCache.Key, isPriority: Bool) {
    let charge = BlockCacheShard.charge(block)
    let hash = key.mixed
    // Two readers may have missed the same block.
    guard charge <= capacity, blocks.place(of: key, hash: hash) == nil else { return }
    while statistics.bytes + charge > capacity { evict() }
    blocks.insert(block, key)
    statistics.bytes += charge
    statistics.blocks += 1
    if isPriority || ghosts.contains(hash, among: lately) {
      main.append(key)
    } else {
      small.append(key)
      smallBytes += charge
    }
  }

  private mutating func evict() {
    if smallBytes > capacity / 10 || main.isEmpty { evictFromSmall() } else { evictFromMain() }
  }

  private mutating func evictFromSmall() {
    guard let key = small.popFirst() else { return }
    let hash = key.mixed
    guard let place = blocks.place(of: key, hash: hash) else { return }
    smallBytes -= BlockCacheShard.charge(blocks[place])
    if blocks.uses(place) > 0 {
      blocks.setUses(place, 0)
      main.append(key)
    } else {
      remove(place)
      ghosts.insert(hash, among: lately)
    }
  }

  /// Ends: each turn of the queue takes one use away.
  private mutating func evictFromMain() {
    while let key = main.popFirst(), let place = blocks.place(of: key, hash: key.mixed) {
      let uses = blocks.uses(place)
      guard uses > 0 else { return remove(place) }
      blocks.setUses(place, uses - 1)
      main.append(key)
    }
  }

  private mutating func remove(_ place: Int) {
    statistics.bytes -= BlockCacheShard.charge(blocks[place])
    statistics.blocks -= 1
    blocks.remove(place)
  }

  private var lately: Int { max(statistics.blocks, 16) }
}

extension BlockCacheShard {
  /// First in, first out.
  private struct Queue<Element: Sendable>: Sendable {
    private var items: [Element] = []
    /// Taken items at the start.
    private var taken = 0

    var isEmpty: Bool { taken == items.count }

    mutating func append(_ item: Element) { items.append(item) }

    mutating func popFirst() -> Element? {
      guard taken < items.count else { return nil }
      defer { taken += 1 }
      // Amortized: each move follows as many removals.
      if taken >= 64, taken * 2 >= items.count {
        items.removeFirst(taken)
        taken = 0
      }
      return items[taken]
    }
  }
}
