import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct TableCacheTests {
  /// `count` tables of one key each.
  private func tables(_ count: Int) throws -> (directory: any Directory, tables: [TableMetadata]) {
    var made = try CompactionCase(seed: 1)
    for index in 0..<count {
      let write = CompactionCase.Write(
        key: Array("key\(1000 + index)".utf8), sequence: SequenceNumber(index + 1), kind: .value, value: [1])
      try made.addTable([write], [], level: 1)
    }
    return (made.directory, made.tables)
  }

  @Test func keepsTablesOpenUpToItsLimit() throws {
    let (directory, tables) = try tables(20)
    let cache = TableCache(directory: directory, limit: 8)
    let first = try cache.reader(tables[0], order: .bytewise)
    for table in tables[..<8] {
      // The first is asked for again and again, and stays.
      #expect(try cache.reader(tables[0], order: .bytewise) === first)
      _ = try cache.reader(table, order: .bytewise)
    }
    weak var second: TableReader?
    second = try cache.reader(tables[1], order: .bytewise)
    #expect(second != nil)
    for table in tables[8...] {
      #expect(try cache.reader(tables[0], order: .bytewise) === first)
      _ = try cache.reader(table, order: .bytewise)
    }
    #expect(second == nil)
  }

  @Test func forgetsARemovedTable() throws {
    let (directory, tables) = try tables(3)
    let cache = TableCache(directory: directory, limit: 2)
    for round in 0..<3 {
      weak var reader: TableReader?
      reader = try cache.reader(tables[round], order: .bytewise)
      #expect(reader != nil)
      cache.remove(tables[round].number)
      #expect(reader == nil)
      cache.remove(tables[round].number)
    }
  }

  @Test func manyThreadsShareIt() throws {
    let (directory, tables) = try tables(40)
    let cache = TableCache(directory: directory, limit: 16, blocks: BlockCache(capacity: 1 << 20))
    let failures = Atomic<Int>(0)
    let group = WorkerGroup(4) { thread in
      var random = SeededRandom(seed: UInt64(thread))
      for _ in 0..<500 {
        let table = tables[random.below(tables.count)]
        do {
          let reader = try cache.reader(table, order: .bytewise)
          if try reader.probeKey(table.smallest.userKey) == nil { failures.add(1, ordering: .relaxed) }
          if random.below(20) == 0 { cache.remove(table.number) }
        } catch { failures.add(1, ordering: .relaxed) }
      }
    }
    group.join()
    #expect(failures.load(ordering: .relaxed) == 0)
  }
}

extension TableReader {
  fileprivate func probeKey(_ key: [UInt8]) throws -> [UInt8]? {
    let bytes = ByteBuffer(key)
    defer { withExtendedLifetime(bytes) {} }
    guard case .found(let entry) = try probe(bytes.bytes, at: .maximum) else { return nil }
    return withExtendedLifetime(entry.block) { [UInt8](entry.value) }
  }
}
