internal import CSofaKernels

/// Finds the blocks of a part of a block cache: open addressing, linear probing, at most half full. What a hit needs
/// lies in one slot.
///
/// Invariant: no empty slot lies between the home of a key and its place, so removing moves later ones up. Places are
/// good until the next insertion or removal.
struct BlockCacheTable: Sendable {
  private struct Slot: @unchecked Sendable {
    var key: BlockCache.Key
    /// nil in an empty slot.
    var block: ByteBuffer?
    /// Near the end of the block, which a reader looks at first.
    var end: UnsafeRawPointer?
    /// Of the block since it entered its queue, 3 at most.
    var uses: UInt8

    static let empty = Slot(key: BlockCache.Key(table: 0, offset: 0), block: nil, end: nil, uses: 0)
  }

  /// A power of two of them.
  private var slots = [Slot](repeating: .empty, count: 16)
  private var count = 0

  private var mask: Int { slots.count &- 1 }

  @inline(__always)
  func place(of key: BlockCache.Key, hash: UInt64) -> Int? {
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place].block != nil {
      if slots[place].key.offset == key.offset, slots[place].key.table == key.table { return place }
      place = (place &+ 1) & mask
    }
    return nil
  }

  /// The block of an occupied place.
  subscript(_ place: Int) -> ByteBuffer { slots[place].block! }

  /// The block of an occupied place, of which one more use is counted.
  @inline(__always)
  mutating func use(_ place: Int) -> ByteBuffer? {
    // While the object, which counts references, is on its way, so may be the bytes.
    sofa_prefetch(slots[place].end)
    if slots[place].uses < 3 { slots[place].uses &+= 1 }
    return slots[place].block
  }

  func uses(_ place: Int) -> UInt8 { slots[place].uses }
  mutating func setUses(_ place: Int, _ uses: UInt8) { slots[place].uses = uses }

  /// The key must not be there.
  mutating func insert(_ block: ByteBuffer, _ key: BlockCache.Key) {
    if 2 * (count + 1) > slots.count { grow() }
    let end = block.bytes.baseAddress.map { $0 + max(block.count - 4, 0) }
    put(Slot(key: key, block: block, end: end, uses: 0))
    count += 1
  }

  mutating func remove(_ place: Int) {
    var hole = place
    var next = (place + 1) & mask
    while slots[next].block != nil {
      let home = Int(truncatingIfNeeded: slots[next].key.mixed) & mask
      // Whether its home is not behind the hole.
      if (next &- home) & mask >= (next &- hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = .empty
    count -= 1
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: .empty, count: 2 * old.count)
    for slot in old where slot.block != nil { put(slot) }
  }

  private mutating func put(_ slot: Slot) {
    var place = Int(truncatingIfNeeded: slot.key.mixed) & mask
    while slots[place].block != nil { place = (place &+ 1) & mask }
    slots[place] = slot
  }
}
