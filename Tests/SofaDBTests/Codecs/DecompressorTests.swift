import CZlib
import SofaDB
import SofaTesting
import Testing

struct DecompressorTests {
  static let codecs = Compression.allCases.filter { $0.canEncode && $0 != .none }

  @Test func storedBlocksAreCopied() throws {
    for length in [0, 1, 5000] {
      let raw = Samples.noise(length)
      #expect(try Samples.decompressed(raw, .none) == raw)
    }
    #expect(throws: FormatError.self) { try Samples.decompressed([1, 2, 3], .none, limit: 2) }
  }

  @Test(arguments: [Compression.bzip2, .xpress])
  func unsupportedCodecsAreNamed(codec: Compression) {
    let error = #expect(throws: FormatError.self) { try Samples.decompressed([1, 2, 3], codec) }
    #expect(error?.description.contains(codec == .bzip2 ? "bzip2" : "Xpress") == true)
  }

  /// Every cut and every flipped bit of a small block: the right content or an error. Codecs without a checksum of
  /// their own may also decode to something else of the declared size, which the block's checksum catches.
  @Test(arguments: codecs)
  func survivesEveryCutAndEveryFlip(codec: Compression) throws {
    let raw = Samples.records(300)
    let payload = try #require(try Samples.compressed(raw, codec))
    let decompressor = Decompressor()
    for length in 0..<payload.count {
      let cut = Array(payload[..<length])
      #expect(throws: FormatError.self) { try Samples.decompressed(cut, codec, with: decompressor) }
    }
    for bit in 0..<payload.count * 8 {
      var flipped = payload
      flipped[bit / 8] ^= 1 << (bit % 8)
      let content = try? Samples.decompressed(flipped, codec, limit: 4096, with: decompressor)
      if bit < 16 { continue }
      #expect(content == nil || content?.count == raw.count)
    }
    #expect(try Samples.decompressed(payload, codec, with: decompressor) == raw)
  }

  @Test(arguments: codecs)
  func declaredSizeMustBeExact(codec: Compression) throws {
    let raw = Samples.records(3000)
    let payload = try #require(try Samples.compressed(raw, codec))
    let body = payload.dropFirst(2)
    for wrong in [0, 1, 2999, 3001, 4000, 16_000] {
      var prefix = ByteWriter()
      prefix.appendVarint(wrong)
      #expect(throws: FormatError.self) { try Samples.decompressed(prefix.array + body, codec) }
    }
  }

  @Test(arguments: codecs)
  func declaredSizeIsHeldAgainstTheLimit(codec: Compression) throws {
    let raw = Samples.records(3000)
    let payload = try #require(try Samples.compressed(raw, codec))
    #expect(try Samples.decompressed(payload, codec, limit: 3000) == raw)
    #expect(throws: FormatError.self) { try Samples.decompressed(payload, codec, limit: 2999) }
    // Just under 4 GiB, from a few bytes.
    let bomb: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F] + payload.dropFirst(2).prefix(40)
    #expect(throws: FormatError.self) { try Samples.decompressed(bomb, codec) }
    #expect(throws: FormatError.self) { try Samples.decompressed(bomb, codec, limit: .max) }
  }

  @Test(arguments: [Compression.zlib, .lz4, .snappy])
  func implausibleSizesAreNotAllocated(codec: Compression) {
    // 64 MiB from 20 bytes is more than these can reach.
    let payload: [UInt8] = [0x80, 0x80, 0x80, 0x20] + [UInt8](repeating: 0, count: 20)
    let error = #expect(throws: FormatError.self) { try Samples.decompressed(payload, codec, limit: 1 << 30) }
    #expect(error?.description == "declared size is larger than the codec can reach")
  }

  @Test(arguments: codecs)
  func bytesAfterTheEndAreRefused(codec: Compression) throws {
    let payload = try #require(try Samples.compressed(Samples.records(3000), codec))
    #expect(throws: FormatError.self) { try Samples.decompressed(payload + [0], codec) }
  }

  @Test func unsizedDeflateGrowsUpToTheLimit() throws {
    let decompressor = Decompressor()
    for raw in [Samples.records(3000), [UInt8](repeating: 1, count: 1_000_000)] {
      let payload = try #require(try Samples.compressed(raw, .zlib))
      let bare = Array(payload.drop { $0 >= 0x80 }.dropFirst())
      for framing in [BlockFraming.unsized, .leveldb] {
        #expect(try Samples.decompressed(bare, .zlib, framing: framing, with: decompressor) == raw)
        #expect(
          try Samples.decompressed(bare, .zlib, framing: framing, limit: raw.count, with: decompressor) == raw)
        for limit in [0, 1, raw.count - 1] {
          #expect(throws: FormatError.self) {
            try Samples.decompressed(bare, .zlib, framing: framing, limit: limit, with: decompressor)
          }
        }
        #expect(throws: FormatError.self) {
          try Samples.decompressed(bare + [0], .zlib, framing: framing, with: decompressor)
        }
      }
      for length in 0..<min(bare.count, 500) {
        #expect(throws: FormatError.self) {
          try Samples.decompressed(Array(bare[..<length]), .zlib, framing: .unsized, with: decompressor)
        }
      }
    }
  }

  @Test(arguments: [Compression.lz4, .lz4hc])
  func unsizedLZ4HasEightBytesBefore(codec: Compression) throws {
    let raw = Samples.records(3000)
    let payload = try #require(try Samples.compressed(raw, codec))
    var old = ByteWriter()
    old.appendFixed32(3000)
    old.appendFixed32(0xDEAD_BEEF)
    let bytes = old.array + payload.dropFirst(2)
    #expect(try Samples.decompressed(bytes, codec, framing: .unsized) == raw)
    for length in 0..<12 {
      #expect(throws: FormatError.self) {
        try Samples.decompressed(Array(bytes[..<length]), codec, framing: .unsized)
      }
    }
  }

  @Test func zstdIsSizedInEveryFraming() throws {
    let raw = Samples.records(3000)
    let payload = try #require(try Samples.compressed(raw, .zstd))
    for framing in [BlockFraming.sized, .unsized, .leveldb] {
      #expect(try Samples.decompressed(payload, .zstd, framing: framing) == raw)
      #expect(try Samples.decompressed(payload, .zstdNotFinal, framing: framing) == raw)
    }
  }

  @Test func levelDBHasBareZstdFrames() throws {
    let raw = Samples.records(3000)
    let frame = Array(try #require(try Samples.compressed(raw, .zstd)).dropFirst(2))
    #expect(try Samples.decompressed(frame, .zlib, framing: .leveldb) == raw)
    #expect(throws: FormatError.self) { try Samples.decompressed(frame, .zlib, framing: .unsized) }
    #expect(throws: FormatError.self) { try Samples.decompressed(frame, .zlib, framing: .leveldb, limit: 2999) }
    let sizeless = ZstdFrame.streamed(raw, contentSize: false)
    let error = #expect(throws: FormatError.self) { try Samples.decompressed(sizeless, .zlib, framing: .leveldb) }
    #expect(error?.description == "zstd frame without its content size")
    // The other sentinel: no frame at all behind the magic.
    #expect(throws: FormatError.self) {
      try Samples.decompressed([0x28, 0xB5, 0x2F, 0xFD], .zlib, framing: .leveldb)
    }
    for length in 0..<frame.count {
      #expect(throws: FormatError.self) {
        try Samples.decompressed(Array(frame[..<length]), .zlib, framing: .leveldb)
      }
    }
  }

  @Test func deflateWindowsOf32KiBAreRead() throws {
    // A match from 30,000 bytes back, beyond the window that the writers of these files use.
    let start = Samples.noise(30_000)
    let raw = start + start
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    #expect(deflateInit2_(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK)
    var prefix = ByteWriter()
    prefix.appendVarint(raw.count)
    var output = [UInt8](repeating: 0, count: 70_000)
    var input = raw
    let length = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
        return target.count - Int(stream.avail_out)
      }
    }
    deflateEnd(&stream)
    #expect(length < 40_000)
    #expect(try Samples.decompressed(prefix.array + output[..<length], .zlib) == raw)
  }
}
