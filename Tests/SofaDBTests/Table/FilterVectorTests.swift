import SofaTesting
import Testing

@testable import SofaDB

/// Filters that the engines built, asked for what was added and for what was not.
@Suite struct FilterVectorTests {
  static func keys(_ vector: Vectors.Value) -> [[UInt8]] {
    (0..<vector["n"].int).map { key("bkey", $0 * 3, digits: 5) } + vector["extra_keys"].array.map(\.hexBytes)
  }

  static func key(_ prefix: String, _ number: Int, digits: Int) -> [UInt8] {
    let text = String(number)
    return Array((prefix + String(repeating: "0", count: max(digits - text.count, 0)) + text).utf8)
  }

  private func check(_ vector: Vectors.Value, _ mayContain: ([UInt8]) -> Bool) {
    for key in Self.keys(vector) { #expect(mayContain(key)) }
    let results = (0..<64).map { mayContain(Self.key("probe", $0, digits: 0)) ? "1" : "0" }.joined()
    #expect(results == vector["probe_results"].string)
  }

  @Test(arguments: ["filters-fastlocalbloom", "filters-legacybloom", "filters-ribbon"])
  func fullFilters(name: String) throws {
    for vector in try Vectors(name)["filters"].array {
      let block = ByteBuffer(vector["filter"].hexBytes)
      let filter = FullFilter(block.bytes)
      if !Self.keys(vector).isEmpty { #expect(filter.kind != .empty && filter.kind != .alwaysMatches) }
      check(vector) { key in key.withUnsafeBytes { filter.mayContain($0) } }
    }
  }

  @Test func levelDBFilters() throws {
    for vector in try Vectors("filters-leveldb")["filters"].array {
      let filter = vector["filter"].hexBytes
      check(vector) { key in
        key.withUnsafeBytes { key in
          filter.withUnsafeBytes { BlockBasedFilter.mayContain(key, in: $0, signedTail: false) }
        }
      }
    }
  }

  @Test func levelDBFilterBlocks() throws {
    for vector in try Vectors("filters-leveldb")["filter_blocks"].array {
      let block = ByteBuffer(vector["filter_block"].hexBytes)
      let filter = try #require(BlockBasedFilter(block.bytes, isLevelDB: true))
      for covered in vector["blocks"].array {
        let keys = covered["keys"].array.map { ByteBuffer(Array($0.string.utf8)) }
        for key in keys { #expect(filter.mayContain(key.bytes, blockOffset: covered["block_offset"].uint64)) }
      }
      let other = ByteBuffer(Array("hello".utf8))
      if filter.count > 0 { #expect(!filter.mayContain(other.bytes, blockOffset: 0)) }
      // Nothing is known of blocks behind the last filter.
      #expect(filter.mayContain(other.bytes, blockOffset: 1 << 40))
    }
  }

  @Test func filtersOfRandomBytesNeverTrap() {
    var random = SeededRandom(seed: 11)
    let key: [UInt8] = Array("some key".utf8)
    for _ in 0..<20_000 {
      var bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let tail: UInt8 = [0, 1, 6, 0xFE, 0xFF, 0x80].randomElement(using: &random) ?? 0
      if bytes.count >= 5 { bytes[bytes.count - 5] = tail }
      if bytes.count >= 5, Bool.random(using: &random) { bytes.replaceSubrange((bytes.count - 3)..., with: [0, 0, 0]) }
      let block = ByteBuffer(bytes)
      key.withUnsafeBytes {
        _ = FullFilter(block.bytes).mayContain($0)
        let offset = random.next() % 5000
        _ = BlockBasedFilter(block.bytes, isLevelDB: true)?.mayContain($0, blockOffset: offset)
      }
    }
  }
}
