import SofaTesting

@testable import SofaDB

/// Compressed frames of each codec: in every framing, with and without a dictionary.
extension FuzzTarget {
  static let ofCodecs = [
    codec("snappy", [.snappy]), codec("zlib", [.zlib]), codec("lz4", [.lz4, .lz4hc]), codec("zstd", [.zstd]),
  ]

  /// Bytes that a frame may become.
  private static let limit = 1 << 20
  private static let framings: [BlockFraming] = [.sized, .unsized, .leveldb]
  private static let sample = Array("a sample, a sample, and another sample of text; 0123456789 0123456789".utf8)

  private static func codec(_ name: String, _ codecs: [Compression]) -> FuzzTarget {
    FuzzTarget(name, longest: 4096, rounds: 1000) {
      var seeds: [[UInt8]] = []
      if name == "snappy" {
        seeds = try Vectors("snappy")["vectors"].array.map { [0] + $0["compressed"].hexBytes }
      }
      for codec in codecs where codec.canEncode {
        var frame = ByteWriter()
        let isSmaller = try (sample + sample).withUnsafeBytes {
          try Compressor(codec: codec).compress($0, into: &frame)
        }
        if isSmaller { seeds += (0..<6).map { [$0] + frame.array } }
      }
      return seeds.filter { $0.count <= 4096 }
    } body: { bytes in
      for codec in codecs {
        try roundTrip(bytes, codec)
        try frame(bytes, codec)
      }
    }
  }

  private static func frame(_ bytes: UnsafeRawBufferPointer, _ codec: Compression) throws(FormatError) {
    var input = FuzzInput(bytes)
    let choice = Int(input.byte())
    let framing = framings[choice % 3]
    let dictionary = choice / 3 % 2 == 0 ? nil : try CompressionDictionary(input.take(32))
    let payload = input.rest
    if codec == .zstd {
      var streamed = ByteWriter()
      do { try Decompressor().decompressFrame(payload, limit: limit, into: &streamed) } catch { streamed.removeAll() }
      precondition(streamed.count <= limit)
    }
    // The two ways, with and without room behind the content, must agree.
    let decompressor = Decompressor()
    var appended = ByteWriter()
    var failure: FormatError?
    do {
      try decompressor.decompress(
        payload, as: codec, framing: framing, dictionary: dictionary, limit: limit, into: &appended)
    } catch {
      failure = error
    }
    do {
      let content = try decompressor.decompress(
        payload, as: codec, framing: framing, dictionary: dictionary, limit: limit)
      withExtendedLifetime(content) {
        precondition(failure == nil && content.bytes.elementsEqual(appended.bytes), "\(codec): two results")
        precondition(content.count <= limit)
      }
    } catch {
      precondition(failure != nil, "\(codec): \(error)")
    }
  }

  private static func roundTrip(_ bytes: UnsafeRawBufferPointer, _ codec: Compression) throws(FormatError) {
    guard codec.canEncode, bytes.count >= 64 else { return }
    var frame = ByteWriter()
    guard try Compressor(codec: codec).compress(bytes, into: &frame) else { return }
    let content = try Decompressor().decompress(frame.bytes, as: codec, framing: .sized, limit: bytes.count)
    withExtendedLifetime(content) {
      precondition(content.bytes.elementsEqual(bytes), "\(codec): content changed on its way")
    }
  }
}
