import SofaDB
import Testing

struct CompressorTests {
  static let codecs = Compression.allCases.filter { $0.canEncode && $0 != .none }

  @Test(arguments: codecs)
  func roundTrips(codec: Compression) throws {
    for length in [16, 100, 4096, 5000, 65_536, 300_000] {
      let raw = Samples.records(length)
      guard let payload = try Samples.compressed(raw, codec) else {
        #expect(length < 200, "\(length) bytes of records do not shrink")
        continue
      }
      #expect(payload.count < raw.count - raw.count / 8)
      #expect(try Samples.decompressed(payload, codec) == raw)
    }
  }

  @Test(arguments: codecs.filter { $0.levels != nil })
  func roundTripsAtEveryLevel(codec: Compression) throws {
    let raw = Samples.records(20_000)
    let levels = try #require(codec.levels)
    for level in [levels.lowerBound, -5, 1, 3, levels.upperBound] where levels.contains(level) {
      guard let payload = try Samples.compressed(raw, codec, level: level) else { continue }
      #expect(try Samples.decompressed(payload, codec) == raw)
    }
  }

  @Test(arguments: codecs)
  func roundTripsHugeRuns(codec: Compression) throws {
    let raw = [UInt8](repeating: 7, count: 3_000_000)
    let payload = try #require(try Samples.compressed(raw, codec))
    #expect(try Samples.decompressed(payload, codec) == raw)
  }

  @Test(arguments: codecs)
  func leavesAloneWhatDoesNotShrink(codec: Compression) throws {
    for length in [0, 1, 7, 100, 4096, 100_000] {
      #expect(try Samples.compressed(Samples.noise(length), codec) == nil)
    }
    var output = ByteWriter()
    output.append(9)
    let raw = Samples.noise(500)
    let kept = try raw.withUnsafeBytes { try Compressor(codec: codec).compress($0, into: &output) }
    #expect(!kept)
    #expect(output.array == [9])
  }

  @Test func storedIsNeverCompressed() throws {
    #expect(try Samples.compressed(Samples.records(4096), .none) == nil)
  }

  @Test(arguments: codecs)
  func contextsAreReused(codec: Compression) throws {
    let compressor = Compressor(codec: codec)
    let decompressor = Decompressor()
    var output = ByteWriter()
    for seed in 0..<200 {
      let raw = Samples.records(50 + seed * 37, seed: UInt64(seed))
      output.removeAll()
      guard try raw.withUnsafeBytes({ try compressor.compress($0, into: &output) }) else { continue }
      let payload = output.array
      #expect(try Samples.decompressed(payload, codec, with: decompressor) == raw)
      // A fresh context writes the same bytes: nothing of the last block leaks into the next.
      #expect(try Samples.compressed(raw, codec) == payload)
    }
  }

  @Test(arguments: codecs.filter(\.usesDictionary))
  func dictionariesHelpAndAreNeeded(codec: Compression) throws {
    let decompressor = Decompressor()
    for length in [30, 5000, 100_000] {
      let dictionary = try Samples.dictionary(Samples.records(length, seed: 99))
      let compressor = Compressor(codec: codec, dictionary: dictionary)
      for seed in 1...20 {
        let raw = Samples.records(900, seed: UInt64(seed))
        var output = ByteWriter()
        guard try raw.withUnsafeBytes({ try compressor.compress($0, into: &output) }) else {
          Issue.record("900 bytes of records do not shrink")
          continue
        }
        let payload = output.array
        #expect(
          try Samples.decompressed(payload, codec, dictionary: dictionary, with: decompressor) == raw)
        let plain = try #require(try Samples.compressed(raw, codec))
        if length > 1000 { #expect(payload.count < plain.count) }
        #expect(try Samples.decompressed(plain, codec, with: decompressor) == raw)
      }
    }
  }

  @Test(arguments: codecs)
  func emptyDictionaryIsNone(codec: Compression) throws {
    let raw = Samples.records(2000)
    let none = try Samples.dictionary([])
    let payload = try #require(try Samples.compressed(raw, codec, dictionary: none))
    #expect(try Samples.compressed(raw, codec) == payload)
    #expect(try Samples.decompressed(payload, codec, dictionary: none) == raw)
  }

  @Test func damagedDictionaryIsRefused() throws {
    // The magic of a trained dictionary, and nothing behind it that makes sense.
    let damaged = try Samples.dictionary([0x37, 0xA4, 0x30, 0xEC] + Samples.noise(200))
    let raw = Samples.records(2000)
    #expect(throws: FormatError.self) { try Samples.compressed(raw, .zstd, dictionary: damaged) }
    let payload = try #require(try Samples.compressed(raw, .zstd))
    #expect(throws: FormatError.self) { try Samples.decompressed(payload, .zstd, dictionary: damaged) }
    let long = [UInt8](repeating: 0, count: CompressionDictionary.longest + 1)
    #expect(throws: FormatError.self) { try Samples.dictionary(long) }
  }
}
