/// The tables of one family as one version of it has them, made ready for point reads: which tables may hold a key is
/// told by numbers that lie side by side, and open tables are at hand. Built once for each version and shared by its
/// readers. Any thread, any time.
///
/// Readers of tables are kept here as long as the map lives, without a lock or a count on the way to them, as many as
/// the cache of tables allows; for the others each read asks the cache. `TablesOverKey` says which tables hold a key.
final class LevelMap: @unchecked Sendable {
  private struct Slot: ~Copyable {
    let metadata: TableMetadata
    /// User keys without timestamps.
    let smallest: UnsafeRawBufferPointer
    let largest: UnsafeRawBufferPointer
    let smallestPrefix: UInt64
    let reader = SetOnce<TableReader>()
  }

  let order: KeyOrder
  private let cache: TableCache
  private let keys: ByteBuffer
  private let count: Int
  private let slots: UnsafeMutablePointer<Slot>
  /// The prefix of the largest key of each slot.
  private let ends: UnsafeMutablePointer<UInt64>
  /// The slots of each level.
  private let levels: [Range<Int>]

  /// `levels`: level 0 newest first, deeper levels by smallest key.
  init(_ levels: [[TableMetadata]], order: KeyOrder, cache: TableCache) {
    self.order = order
    self.cache = cache
    let tables = levels.flatMap { $0 }
    count = tables.count
    var starts: [Range<Int>] = []
    for level in levels {
      let start = starts.last?.upperBound ?? 0
      starts.append(start..<(start + level.count))
    }
    self.levels = starts
    slots = .allocate(capacity: max(tables.count, 1))
    ends = .allocate(capacity: max(tables.count, 1))
    var all = ByteWriter(capacity: 64)
    for table in tables {
      all.append(table.smallest.userKey)
      all.append(table.largest.userKey)
    }
    keys = ByteBuffer(copying: all.bytes)
    var offset = 0
    for (index, table) in tables.enumerated() {
      let smallest = LevelMap.key(keys, offset, table.smallest.bytes.count - 8)
      let largest = LevelMap.key(keys, offset + smallest.count, table.largest.bytes.count - 8)
      offset += smallest.count + largest.count
      (slots + index).initialize(
        to: Slot(
          metadata: table, smallest: order.withoutTimestamp(smallest), largest: order.withoutTimestamp(largest),
          smallestPrefix: order.prefix(of: smallest)))
      ends[index] = order.prefix(of: largest)
    }
  }

  deinit {
    let pinned = (0..<count).count { slots[$0].reader.value != nil }
    slots.deinitialize(count: count)
    slots.deallocate()
    ends.deallocate()
    cache.giveBackPins(pinned)
  }

  private static func key(_ keys: ByteBuffer, _ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: keys.bytes.baseAddress.map { $0 + offset }, count: count)
  }

  /// Calls `body` with each table that may hold `key`, given without timestamp, from the newest to the oldest until it
  /// returns true. `reaches`: whether the range tombstones of the table count for the key.
  @inline(__always)
  func forEachTable(
    over key: UnsafeRawBufferPointer, prefix: UInt64,
    _ body: (_ table: TableReader, _ reaches: Bool) throws(DatabaseError) -> Bool
  ) throws(DatabaseError) -> Bool {
    for number in 0..<levels.count {
      let level = levels[number]
      var index = number == 0 ? level.lowerBound : firstNotEnded(level, key, prefix)
      while index < level.upperBound {
        let end = comparison(ofEnd: index, key, prefix)
        if isWithin(index, key, prefix, end: end) {
          let reaches = end != 0 || !slots[index].metadata.largest.isRangeDeletionEnd
          if try with(index, { table throws(DatabaseError) in try body(table, reaches) }) { return true }
          if number > 0, end != 0 { break }
        } else if number > 0 {
          break
        }
        index &+= 1
      }
    }
    return false
  }

  /// How the largest key of a slot stands to the key.
  @inline(__always)
  private func comparison(ofEnd index: Int, _ key: UnsafeRawBufferPointer, _ prefix: UInt64) -> Int {
    if ends[index] != prefix { return ends[index] < prefix ? -1 : 1 }
    return order.compareWithoutTimestamp(slots[index].largest, key)
  }

  @inline(__always)
  private func isWithin(_ index: Int, _ key: UnsafeRawBufferPointer, _ prefix: UInt64, end: Int) -> Bool {
    if end < 0 || end == 0 && endsBefore(index) { return false }
    let smallest = slots[index].smallestPrefix
    if smallest != prefix { return smallest < prefix }
    return order.compareWithoutTimestamp(slots[index].smallest, key) <= 0
  }

  /// Whether a slot has nothing of its largest key.
  private func endsBefore(_ index: Int) -> Bool {
    order.timestampSize == 0 && slots[index].metadata.largest.isRangeDeletionEnd
  }

  /// The first slot of a sorted level that does not end before the key.
  @inline(__always)
  private func firstNotEnded(_ level: Range<Int>, _ key: UnsafeRawBufferPointer, _ prefix: UInt64) -> Int {
    var low = level.lowerBound
    var high = level.upperBound
    while low < high {
      let middle = (low &+ high) >> 1
      let end = comparison(ofEnd: middle, key, prefix)
      if end < 0 || end == 0 && endsBefore(middle) { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  @inline(__always)
  private func with<Result>(
    _ index: Int, _ body: (TableReader) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    if let reader = slots[index].reader.value { return try reader.borrowed(body) }
    let reader = try cache.reader(slots[index].metadata, order: order)
    if cache.takePin(), !slots[index].reader.offer(reader) { cache.giveBackPins(1) }
    return try body(reader)
  }
}
