import SofaDB
import SofaTesting
import Testing

struct SnappyDecoderTests {
  let decompressor = Decompressor()

  func decoded(_ payload: [UInt8], limit: Int = 1 << 24) throws(FormatError) -> [UInt8] {
    try Samples.decompressed(payload, .snappy, limit: limit, with: decompressor)
  }

  @Test func emptyAndTiny() throws {
    #expect(try decoded([0]) == [])
    #expect(try decoded([1, 0, 0x41]) == [0x41])
    #expect(throws: FormatError.self) { try decoded([]) }
    #expect(throws: FormatError.self) { try decoded([1]) }
    #expect(throws: FormatError.self) { try decoded([0, 0, 0x41]) }
    #expect(throws: FormatError.self) { try decoded([2, 0, 0x41]) }
  }

  @Test func decodesWhatTheLibraryWrote() throws {
    for vector in try Vectors("snappy")["vectors"].array {
      let times = vector.optional("times")?.int ?? 1
      let raw = Array([[UInt8]](repeating: vector.input, count: times).joined())
      #expect(try decoded(vector["compressed"].hexBytes) == raw)
    }
  }

  @Test func everyLengthAndOffsetOfCopies() throws {
    for offset in Array(1...40) + [63, 64, 65, 200, 2047] {
      for length in 1...64 {
        var block = SnappyBlock()
        block.literal(Samples.noise(max(offset, 3), seed: UInt64(offset)))
        block.copy(length, back: offset, kind: 2)
        if (4...11).contains(length) { block.copy(length, back: offset, kind: 1) }
        block.copy(length, back: offset, kind: 4)
        #expect(try decoded(block.payload) == block.content)
        // Far from the end, where the other loop works.
        block.literal(Samples.noise(300))
        #expect(try decoded(block.payload) == block.content)
      }
    }
  }

  @Test func everyFormOfLiteral() throws {
    for length in Array(1...130) + [255, 256, 257, 65_535, 65_536, 65_537] {
      for extra in [nil, 4] {
        var block = SnappyBlock()
        block.literal(Samples.noise(length), lengthBytes: extra)
        block.copy(1, back: 1, kind: 2)
        #expect(try decoded(block.payload) == block.content)
      }
    }
  }

  @Test func randomElements() throws {
    for seed in 0..<400 {
      let block = SnappyBlock.random(seed % 8 == 0 ? 20_000 : seed * 3, seed: UInt64(seed))
      #expect(try decoded(block.payload) == block.content)
    }
  }

  @Test func survivesEveryCutAndEveryFlip() throws {
    for seed in 0..<12 {
      let block = SnappyBlock.random(250, seed: UInt64(seed))
      let payload = block.payload
      for length in 0..<payload.count {
        #expect(throws: FormatError.self) { try decoded(Array(payload[..<length])) }
      }
      for bit in 0..<payload.count * 8 {
        var flipped = payload
        flipped[bit / 8] ^= 1 << (bit % 8)
        let content = try? decoded(flipped, limit: 4096)
        if bit >= 16 { #expect(content == nil || content?.count == block.content.count) }
      }
    }
  }

  @Test func survivesNoise() throws {
    for seed in 0..<3000 {
      _ = try? decoded(SnappyBlock.header(seed % 700) + Samples.noise(seed % 300, seed: UInt64(seed)))
    }
  }

  @Test func copiesFromBeforeTheStartAreRefused() {
    for (offset, extra) in [(0, 0), (6, 0), (7, 0), (0, 300), (6, 300), (2000, 300)] {
      for kind in [1, 2, 4] {
        // A literal of five bytes and a copy of four from beyond it; with and without room behind.
        var bytes: [UInt8] = [4 << 2, 1, 2, 3, 4, 5]
        switch kind {
        case 1: bytes += [UInt8((offset >> 8) << 5 | 1), UInt8(offset & 255)]
        case 2: bytes += [3 << 2 | 2, UInt8(offset & 255), UInt8(offset >> 8)]
        default: bytes += [3 << 2 | 3, UInt8(offset & 255), UInt8(offset >> 8), 0, 0]
        }
        if extra > 0 { bytes += [61 << 2, UInt8((extra - 1) & 255), UInt8((extra - 1) >> 8)] + Samples.noise(extra) }
        let error = #expect(throws: FormatError.self) { try decoded(SnappyBlock.header(9 + extra) + bytes) }
        #expect(error?.description.hasPrefix("Snappy copy from before the start") == true)
      }
    }
  }
}
