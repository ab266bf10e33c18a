import SofaDB
import Testing

struct CompressionTests {
  @Test func readsEverySpelling() {
    for codec in Compression.allCases {
      #expect(Compression(codec.name) == codec)
      #expect(Compression(codec.propertyName) == codec)
      #expect(Compression("k" + codec.propertyName) == codec)
      if codec != .none { #expect(Compression("k" + codec.propertyName + "Compression") == codec) }
    }
    #expect(Compression("zstd") == .zstd)
    #expect(Compression("kZSTD") == .zstd)
    #expect(Compression("kNoCompression") == Compression.none)
    #expect(Compression("none") == Compression.none)
    for wrong in ["", "k", "compression", "lz5", "zstd:3", "zstd "] {
      #expect(Compression(wrong) == nil)
    }
  }

  @Test func wordsUnknownTypes() {
    #expect(Compression.describe(7) == "zstd")
    #expect(Compression.describe(0x81) == "custom codec 0x81")
    #expect(Compression.describe(0x22) == "unknown codec 0x22")
  }

  @Test func defaultLevelsAreLegal() {
    for codec in Compression.allCases {
      if let levels = codec.levels { #expect(levels.contains(codec.defaultLevel)) }
      if codec.canEncode { #expect(codec.canDecode) }
    }
  }
}
