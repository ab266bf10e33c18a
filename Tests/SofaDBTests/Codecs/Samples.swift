import SofaDB

/// Inputs for codecs.
enum Samples {
  /// Like a data block: short records that repeat in part.
  static func records(_ length: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = seed
    var bytes: [UInt8] = []
    while bytes.count < length {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes += Array("user:\(random >> 50):name=Smith,city=\(random >> 60),score=\(random >> 44);".utf8)
    }
    return Array(bytes[..<length])
  }

  /// Nothing repeats.
  static func noise(_ length: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = seed
    return (0..<length).map { _ in
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: random >> 56)
    }
  }

  static func compressed(
    _ raw: [UInt8], _ codec: Compression, level: Int? = nil, dictionary: CompressionDictionary? = nil
  ) throws -> [UInt8]? {
    var output = ByteWriter()
    let compressor = Compressor(codec: codec, level: level, dictionary: dictionary)
    return try raw.withUnsafeBytes { try compressor.compress($0, into: &output) } ? output.array : nil
  }

  /// Through both forms of `decompress`, which must agree.
  static func decompressed(
    _ payload: [UInt8], _ codec: Compression, framing: BlockFraming = .sized,
    dictionary: CompressionDictionary? = nil, limit: Int = 1 << 24, with decompressor: Decompressor = Decompressor()
  ) throws(FormatError) -> [UInt8] {
    // Memory of exactly this length, so that address sanitizers see every step beyond it.
    let exact = ByteBuffer(payload)
    let first: Result<[UInt8], FormatError> = Result { () throws(FormatError) in
      let content = try decompressor.decompress(
        exact.bytes, as: codec, framing: framing, dictionary: dictionary, limit: limit)
      return [UInt8](content.bytes)
    }
    var output = ByteWriter()
    output.append(utf8: "before")
    do {
      try decompressor.decompress(
        exact.bytes, as: codec, framing: framing, dictionary: dictionary, limit: limit, into: &output)
    } catch {
      precondition(output.array == Array("before".utf8), "an error changed the output")
      if case .success = first { preconditionFailure("the two forms disagree") }
      throw error
    }
    let content = try first.get()
    precondition(Array(output.array.dropFirst(6)) == content, "the two forms disagree")
    return content
  }

  static func dictionary(_ bytes: [UInt8]) throws(FormatError) -> CompressionDictionary {
    let copy = ByteBuffer(bytes)
    return try CompressionDictionary(copy.bytes)
  }
}
