import SofaTesting
import Testing

@testable import SofaDB

/// Filters that hold prefixes beside whole keys.
struct PrefixFilterTests {
  private func reader(_ options: TableOptions, keys: [[UInt8]]) throws -> TableReader {
    let disk = SimulatedFileSystem()
    let directory = try disk.directory(at: "db")
    let writer = try TableWriter(file: directory.create("1.sst"), options: options)
    for key in keys {
      let bytes = ByteBuffer(key)
      try writer.add(userKey: bytes.bytes, sequence: 7, kind: .value, value: bytes.bytes)
      withExtendedLifetime(bytes) {}
    }
    _ = try writer.finish()
    return try TableReader(directory.open("1.sst"))
  }

  private func ask(_ filter: FilterReader, _ prefix: [UInt8]) -> Bool {
    prefix.withUnsafeBytes { filter.mayContain(keysWith: $0) }
  }

  @Test(arguments: [3, 4, 5, 6]) func F6_everyPrefixIsKnownAndOthersHardlyEver(_ version: Int) throws {
    var options = TableOptions()
    options.prefixLength = 2
    options.blockSize = 100
    options.formatVersion = version
    let keys = (0..<200).map { [UInt8($0), 1, UInt8($0 % 7)] }
    let table = try reader(options, keys: keys)
    #expect(table.properties.text(.prefixExtractor) == "rocksdb.FixedPrefix.2")
    let filter = try #require(try table.filter())
    for key in keys {
      #expect(ask(filter, Array(key.prefix(2))))
      #expect(ask(filter, key))
      #expect(try key.withUnsafeBytes { try filter.mayContain($0) })
      // Shorter than what the filter holds: it cannot tell.
      #expect(ask(filter, [key[0]]))
    }
    let strangers = (0..<200).filter { ask(filter, [UInt8($0), 2]) }.count
    #expect(strangers < 20)
  }

  @Test func partitionedFiltersNeverRuleOut() throws {
    var options = TableOptions()
    options.prefixLength = 2
    options.blockSize = 64
    options.indexType = .twoLevel
    options.partitionSize = 64
    let keys = (0..<200).map { [UInt8($0), 1, UInt8($0 % 7)] }
    let filter = try #require(try reader(options, keys: keys).filter())
    for key in keys {
      #expect(ask(filter, Array(key.prefix(2))))
      #expect(try key.withUnsafeBytes { try filter.mayContain($0) })
    }
  }

  @Test func withoutPrefixesNothingIsRuledOut() throws {
    let filter = try #require(try reader(TableOptions(), keys: [[1, 1], [2, 2]]).filter())
    #expect(ask(filter, [9, 9]))
  }
}
