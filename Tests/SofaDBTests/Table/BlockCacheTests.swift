/// The cache keeps its bound, keeps what is asked for through scans, and never changes what a table reads.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct BlockCacheTests {
  static func key(_ number: Int, table: UInt64 = 1) -> BlockCache.Key {
    BlockCache.Key(table: table, offset: UInt64(number) << 12)
  }

  /// Reads as a table would; returns whether it was a hit.
  static func read(_ cache: BlockCache, _ number: Int) -> Bool {
    if let block = cache.block(key(number)) {
      #expect(block.bytes[0] == UInt8(truncatingIfNeeded: number))
      return true
    }
    cache.insert(ByteBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 4_000)), key(number))
    return false
  }

  @Test func itKeepsItsBound() {
    let cache = BlockCache(capacity: 100_000, shardBits: 0)
    for number in 0..<1_000 {
      _ = BlockCacheTests.read(cache, number)
      #expect(cache.statistics.bytes <= 100_000)
    }
    #expect(cache.statistics.blocks == 23 && cache.statistics.misses == 1_000 && cache.statistics.hits == 0)
    // What does not fit is not kept, and takes nothing away.
    cache.insert(ByteBuffer(count: 100_000), BlockCacheTests.key(5_000))
    #expect(cache.block(BlockCacheTests.key(5_000)) == nil && cache.statistics.blocks == 23)
    cache.insert(ByteBuffer(count: 99_000), BlockCacheTests.key(5_001))
    #expect(cache.block(BlockCacheTests.key(5_001)) != nil && cache.statistics.blocks == 1)
  }

  @Test func anEmptyCacheKeepsNothing() {
    let cache = BlockCache(capacity: 0)
    _ = BlockCacheTests.read(cache, 1)
    #expect(!BlockCacheTests.read(cache, 1) && cache.statistics.blocks == 0)
  }

  /// 100 blocks that are read again and again survive a scan over ten times the capacity, which an LRU would lose.
  @Test func aScanDoesNotFlushIt() {
    let cache = BlockCache(capacity: 200 * 4_224, shardBits: 0)
    for _ in 0..<3 {
      for number in 0..<100 { _ = BlockCacheTests.read(cache, number) }
    }
    for number in 1_000..<3_000 { _ = BlockCacheTests.read(cache, number) }
    let kept = (0..<100).filter { BlockCacheTests.read(cache, $0) }
    #expect(kept.count == 100)
  }

  @Test func whatFellOutAndReturnsIsKeptLonger() {
    let cache = BlockCache(capacity: 50 * 4_224, shardBits: 0)
    for number in 0..<60 { _ = BlockCacheTests.read(cache, number) }
    #expect(!BlockCacheTests.read(cache, 0))
    for number in 1_000..<1_060 { _ = BlockCacheTests.read(cache, number) }
    #expect(BlockCacheTests.read(cache, 0))
  }

  @Test func indexBlocksOutliveNewData() {
    let cache = BlockCache(capacity: 50 * 4_224, shardBits: 0)
    cache.insert(ByteBuffer(count: 4_000), BlockCacheTests.key(1, table: 2), isPriority: true)
    for number in 0..<500 { _ = BlockCacheTests.read(cache, number) }
    #expect(cache.block(BlockCacheTests.key(1, table: 2)) != nil)
  }

  /// A skewed load (Zipf-like) against an LRU of the same size: at least as many hits.
  @Test func itIsNotWorseThanLRU() {
    var random = SeededRandom(seed: 3)
    let cache = BlockCache(capacity: 500 * 4_224, shardBits: 0)
    var recent: [Int: Int] = [:]
    var hits = (ours: 0, lru: 0)
    for time in 0..<60_000 {
      let number = Int(
        5_000 * Double.random(in: 0..<1, using: &random) * Double.random(in: 0..<1, using: &random)
          * Double.random(in: 0..<1, using: &random))
      if BlockCacheTests.read(cache, number) { hits.ours += 1 }
      if recent[number] != nil { hits.lru += 1 }
      recent[number] = time
      if recent.count > 500, let oldest = recent.min(by: { $0.value < $1.value }) { recent[oldest.key] = nil }
    }
    #expect(hits.ours >= hits.lru && hits.lru > 10_000, "\(hits)")
  }

  /// Every shape of table, walked and searched twice through one small cache that all share.
  @Test func tablesReadTheSameThroughIt() throws {
    let cache = BlockCache(capacity: 64 << 10, shardBits: 1)
    for number in 0..<60 {
      let table = TableCase(number, external: false)
      let file = MemoryFile()
      _ = try table.write(to: file)
      let reader = try TableReader(file, cache: cache)
      for _ in 0..<2 {
        var cursor = reader.cursor()
        try cursor.seekToFirst()
        for entry in table.entries {
          let key = InternalKey(userKey: entry.userKey, sequence: entry.sequence, kind: entry.kind)
          #expect(cursor.isValid && cursor.key.elementsEqual(key.bytes) && cursor.value.elementsEqual(entry.value))
          try cursor.next()
        }
        #expect(!cursor.isValid, "\(table)")
        for entry in table.entries.prefix(50) {
          let key = InternalKey(userKey: entry.userKey, sequence: entry.sequence, kind: EntryKind.seek)
          let found = try key.bytes.withUnsafeBytes { bytes throws(DatabaseError) in try reader.get(bytes) }
          #expect(found?.key.userKey == entry.userKey, "\(table)")
        }
      }
    }
    #expect(cache.statistics.hits > 0)
  }
}
