import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB's own filters, rebuilt from the same keys byte by byte.
@Suite struct FilterBuilderTests {
  private func key(_ index: Int) -> [UInt8] {
    let digits = String(index * 3)
    return Array(("bkey" + String(repeating: "0", count: max(5 - digits.count, 0)) + digits).utf8)
  }

  private func rebuild(_ list: String, formatVersion: Int) throws -> Int {
    let filters = try Vectors(list)["filters"].array
    for vector in filters {
      let bits = vector["bits_per_key"].double
      var builder = FilterBuilder(bitsPerKey: bits, formatVersion: formatVersion, order: .bytewise)
      for index in 0..<vector["n"].int { key(index).withUnsafeBytes { builder.add($0) } }
      for extra in vector["extra_keys"].array { extra.hexBytes.withUnsafeBytes { builder.add($0) } }
      builder.endBlock()
      var output = ByteWriter()
      let count = builder.build(blocks: 0..<1, into: &output)
      #expect(output.array == vector["filter"].hexBytes, "\(list) \(bits) bits, \(vector["n"].int) keys")
      #expect(count > 0 && count <= vector["n"].int + vector["extra_keys"].array.count)
    }
    return filters.count
  }

  @Test func fastLocalBloomIsTheEngines() throws {
    #expect(try rebuild("filters-fastlocalbloom", formatVersion: 5) >= 60)
  }

  @Test func legacyBloomIsTheEngines() throws {
    #expect(try rebuild("filters-legacybloom", formatVersion: 4) >= 20)
  }

  @Test func aKeyThatSpansBlocksIsInBothPartitions() {
    var builder = FilterBuilder(bitsPerKey: 10, formatVersion: 5, order: .bytewise)
    for name in ["a", "b", "b"] { Array(name.utf8).withUnsafeBytes { builder.add($0) } }
    builder.endBlock()
    for name in ["b", "b", "c"] { Array(name.utf8).withUnsafeBytes { builder.add($0) } }
    builder.endBlock()
    var output = ByteWriter()
    #expect(builder.build(blocks: 0..<1, into: &output) == 2)
    #expect(builder.build(blocks: 1..<2, into: &output) == 2)
    #expect(builder.build(blocks: 0..<2, into: &output) == 3)
  }

  @Test func withoutKeysThereIsNoFilter() {
    var builder = FilterBuilder(bitsPerKey: 10, formatVersion: 5, order: .bytewise)
    builder.endBlock()
    var output = ByteWriter()
    #expect(builder.build(blocks: 0..<1, into: &output) == 0)
    #expect(output.count == 0)
  }
}
