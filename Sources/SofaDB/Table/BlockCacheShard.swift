/// One part of a block cache; see `BlockCache` for the policy.
///
/// Invariants: `bytes` is the sum of the charges in both queues and at most `capacity`; each block stands in exactly
/// one queue; the ghost queue holds names only, of blocks that are in neither.
struct BlockCacheShard: Sendable {
  private struct Resident: Sendable {
    var key: BlockCache.Key
    var block: ByteBuffer
    /// Uses since it entered its queue, 3 at most.
    var uses: UInt8 = 0
    var charge: Int
  }

  /// Dictionary slots, key and object header, roughly.
  private static let overhead = 128

  private let capacity: Int
  private var places: [BlockCache.Key: Int] = [:]
  private var residents: [Resident?] = []
  private var free: [Int] = []
  /// Places in order of resident.
  private var small = Queue<Int>()
  private var main = Queue<Int>()
  private var smallBytes = 0
  private var ghosts = Queue<BlockCache.Key>()
  private var ghostCounts: [BlockCache.Key: Int] = [:]
  private(set) var statistics = BlockCache.Statistics()

  init(capacity: Int) { self.capacity = capacity }

  mutating func block(_ key: BlockCache.Key) -> ByteBuffer? {
    guard let place = places[key] else {
      statistics.misses += 1
      return nil
    }
    statistics.hits += 1
    let uses = residents[place]!.uses
    if uses < 3 { residents[place]!.uses = uses + 1 }
    return residents[place]!.block
  }

  mutating func insert(_ block: ByteBuffer, _ key: BlockCache.Key, isPriority: Bool) {
    let charge = block.count + BlockCacheShard.overhead
    // Two readers may have missed the same block.
    guard charge <= capacity, places[key] == nil else { return }
    while statistics.bytes + charge > capacity { evict() }
    let place = free.popLast() ?? residents.count
    if place == residents.count { residents.append(nil) }
    residents[place] = Resident(key: key, block: block, charge: charge)
    places[key] = place
    statistics.bytes += charge
    statistics.blocks += 1
    if isPriority || ghostCounts[key] != nil {
      main.append(place)
    } else {
      small.append(place)
      smallBytes += charge
    }
  }

  private mutating func evict() {
    if smallBytes > capacity / 10 || main.isEmpty { evictFromSmall() } else { evictFromMain() }
  }

  private mutating func evictFromSmall() {
    guard let place = small.popFirst() else { return }
    smallBytes -= residents[place]!.charge
    if residents[place]!.uses > 0 {
      residents[place]!.uses = 0
      main.append(place)
    } else {
      remember(residents[place]!.key)
      remove(place)
    }
  }

  /// Ends: each turn of the queue takes one use away.
  private mutating func evictFromMain() {
    while let place = main.popFirst() {
      let uses = residents[place]!.uses
      guard uses > 0 else { return remove(place) }
      residents[place]!.uses = uses - 1
      main.append(place)
    }
  }

  private mutating func remove(_ place: Int) {
    guard let resident = residents[place] else { return }
    places[resident.key] = nil
    residents[place] = nil
    free.append(place)
    statistics.bytes -= resident.charge
    statistics.blocks -= 1
  }

  /// As many names as there are blocks.
  private mutating func remember(_ key: BlockCache.Key) {
    ghosts.append(key)
    ghostCounts[key, default: 0] += 1
    while ghosts.count > max(statistics.blocks, 16), let oldest = ghosts.popFirst() {
      let count = ghostCounts[oldest]! - 1
      ghostCounts[oldest] = count == 0 ? nil : count
    }
  }
}

extension BlockCacheShard {
  /// First in, first out.
  private struct Queue<Element: Sendable>: Sendable {
    private var items: [Element] = []
    /// Taken items at the start.
    private var taken = 0

    var count: Int { items.count - taken }
    var isEmpty: Bool { count == 0 }

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
