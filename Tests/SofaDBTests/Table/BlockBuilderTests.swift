import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB's own blocks, rebuilt from the same entries byte by byte.
@Suite struct BlockBuilderTests {
  @Test func dataBlocksAreTheEngines() throws {
    var rebuilt = 0
    for block in try Vectors("blocks")["blocks"].array where block.optional("entries") != nil {
      // Separated keys and values are read, not written.
      if block.optional("separated") != nil { continue }
      let name = block["name"].string
      var interval = 16
      if name.contains("interval ") { interval = number(after: "interval ", in: name) }
      var builder = BlockBuilder(restartInterval: interval, hashed: block.optional("hash_index") != nil)
      for entry in block["entries"].array {
        let key = entry[0].hexBytes
        let value = entry[1].hexBytes
        let delta = !name.contains("no key delta")
        key.withUnsafeBytes { key in
          value.withUnsafeBytes { value in
            if delta { builder.add(key, value: value) } else { builder.add(key, shared: 0, value: value) }
          }
        }
      }
      let size = builder.size
      let contents = [UInt8](builder.finish())
      #expect(contents == block["contents"].hexBytes, "\(name)")
      #expect(contents.count == size, "\(name)")
      rebuilt += 1
    }
    #expect(rebuilt >= 6)
  }

  @Test func indexBlocksAreTheEngines() throws {
    var rebuilt = 0
    for block in try Vectors("blocks")["blocks"].array where block.optional("index") != nil {
      if block["first_keys"].bool { continue }
      let interval = number(after: "interval ", in: block["name"].string)
      var builder = IndexBlockBuilder(restartInterval: interval, isDelta: block["delta"].bool)
      for entry in block["index_entries"].array {
        let handle = BlockHandle(offset: entry["offset"].uint64, size: entry["size"].uint64)
        Array(entry["key"].string.utf8).withUnsafeBytes { builder.add($0, handle) }
      }
      let contents = [UInt8](builder.finish())
      #expect(contents == block["contents"].hexBytes, "\(block["name"].string)")
      rebuilt += 1
    }
    #expect(rebuilt == 4)
  }

  private func number(after prefix: String, in text: String) -> Int {
    guard let range = text.range(of: prefix) else { preconditionFailure("no number in \(text)") }
    return Int(text[range.upperBound...].prefix { $0.isNumber })!
  }

  @Test func aBuilderIsReused() {
    var builder = BlockBuilder(restartInterval: 2)
    var first: [UInt8] = []
    for round in 0..<3 {
      for text in ["", "a", "ab", "abc", "b"] {
        Array(text.utf8).withUnsafeBytes { builder.add($0, value: $0) }
      }
      let contents = [UInt8](builder.finish())
      if round == 0 { first = contents }
      #expect(contents == first)
      builder.removeAll()
    }
  }
}
