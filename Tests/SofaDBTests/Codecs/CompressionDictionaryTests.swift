import SofaDB
import Testing

struct CompressionDictionaryTests {
  func trained(_ count: Int, size: Int) throws -> CompressionDictionary? {
    let samples = (0..<count).flatMap { Samples.records(300, seed: UInt64($0)) }
    let lengths = [Int](repeating: 300, count: count)
    return try samples.withUnsafeBytes {
      try CompressionDictionary.trained(on: $0, lengths: lengths, size: size)
    }
  }

  @Test func trainedDictionaryIsNeededToDecode() throws {
    let dictionary = try #require(try trained(400, size: 4096))
    #expect(dictionary.bytes.starts(with: [0x37, 0xA4, 0x30, 0xEC]))
    #expect(dictionary.bytes.count <= 4096)
    let raw = Samples.records(500, seed: 12345)
    let payload = try #require(try Samples.compressed(raw, .zstd, dictionary: dictionary))
    #expect(try Samples.decompressed(payload, .zstd, dictionary: dictionary) == raw)
    #expect(throws: FormatError.self) { try Samples.decompressed(payload, .zstd) }
    let other = try Samples.dictionary([UInt8](repeating: 1, count: 100))
    #expect(throws: FormatError.self) { try Samples.decompressed(payload, .zstd, dictionary: other) }
  }

  @Test(arguments: [Compression.zlib, .lz4, .lz4hc])
  func trainedDictionaryServesOtherCodecs(codec: Compression) throws {
    let dictionary = try #require(try trained(400, size: 4096))
    let raw = Samples.records(500, seed: 12345)
    let payload = try #require(try Samples.compressed(raw, codec, dictionary: dictionary))
    #expect(try Samples.decompressed(payload, codec, dictionary: dictionary) == raw)
  }

  @Test func tooLittleTeachesNothing() throws {
    #expect(try trained(0, size: 4096) == nil)
    #expect(try trained(1, size: 4096) == nil)
    #expect(try trained(400, size: 0) == nil)
  }

  @Test func threadsShareOneDictionary() async throws {
    let dictionary = try #require(try trained(400, size: 4096))
    await withTaskGroup(of: Bool.self) { group in
      for seed in 1...8 {
        group.addTask {
          let raw = Samples.records(700, seed: UInt64(seed))
          let payload = try? Samples.compressed(raw, .zstd, level: seed % 2 + 1, dictionary: dictionary)
          guard let payload else { return false }
          return (try? Samples.decompressed(payload, .zstd, dictionary: dictionary)) == raw
        }
      }
      for await right in group { #expect(right) }
    }
  }
}
