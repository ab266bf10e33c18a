import SofaTesting
import Testing

@testable import SofaDB

/// `PointLookupTests` ask the map wherever they ask the levels; these tests are about what it keeps.
@Suite struct LevelMapTests {
  private func tables(_ count: Int) throws -> (directory: any Directory, levels: [[TableMetadata]]) {
    var made = try CompactionCase(seed: 2)
    for index in 0..<count {
      let write = CompactionCase.Write(
        key: Array("key\(1000 + index)".utf8), sequence: SequenceNumber(index + 1), kind: .value, value: [1])
      try made.addTable([write], [], level: 1)
    }
    return (made.directory, made.family.levels)
  }

  private func count(_ map: LevelMap, _ key: String) throws -> Int {
    let bytes = ByteBuffer(Array(key.utf8))
    defer { withExtendedLifetime(bytes) {} }
    var count = 0
    _ = try map.forEachTable(over: bytes.bytes, prefix: map.order.prefix(of: bytes.bytes)) {
      _, _ throws(DatabaseError) in
      count += 1
      return false
    }
    return count
  }

  /// As many tables as the cache grants are kept, and no more; what a map held is granted again when it is gone.
  @Test func keepsReadersAsTheCacheAllows() throws {
    let (directory, levels) = try tables(10)
    let cache = TableCache(directory: directory, limit: 15, pinLimit: 5)
    for _ in 0..<3 {
      weak var kept: TableReader?
      weak var passing: TableReader?
      do {
        let first = LevelMap(levels, order: .bytewise, cache: cache)
        let second = LevelMap(levels, order: .bytewise, cache: cache)
        for key in 1000..<1004 { #expect(try count(first, "key\(key)") == 1) }
        for _ in 0..<2 { #expect(try count(second, "key1000") == 1) }
        #expect(try count(first, "key1003") == 1 && count(second, "key1004") == 1)
        #expect(try count(first, "key") == 0 && count(first, "key1003x") == 0 && count(first, "l") == 0)
        kept = try cache.reader(levels[1][3], order: .bytewise)
        passing = try cache.reader(levels[1][4], order: .bytewise)
        for table in levels[1] { cache.remove(table.number) }
        #expect(kept != nil && passing == nil)
        #expect(try count(first, "key1003") == 1 && count(second, "key1004") == 1)
        withExtendedLifetime((first, second)) {}
      }
      #expect(kept == nil)
    }
  }

  @Test func familiesWithoutTablesHaveNone() throws {
    let (directory, _) = try tables(1)
    let cache = TableCache(directory: directory)
    #expect(try count(LevelMap([], order: .bytewise, cache: cache), "a") == 0)
    #expect(try count(LevelMap([[], []], order: .bytewise, cache: cache), "") == 0)
  }
}
