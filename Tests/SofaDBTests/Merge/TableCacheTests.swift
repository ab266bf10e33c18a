import SofaTesting
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
}
