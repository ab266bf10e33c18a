/// A compressed block whose prefix has been read: which algorithm, over which bytes, and the size they declare. The
/// size has been held against the caller's limit and against what the algorithm can reach at best, so that it may be
/// allocated.
struct CompressedBlock {
  enum Method {
    case stored, snappy, deflate, lz4, zstd
  }

  let method: Method
  /// The compressed bytes behind the prefix.
  let body: UnsafeRawBufferPointer
  /// Decompressed size in bytes; nil where the format does not tell it (unsized deflate).
  let size: Int?

  /// `limit`: the largest decompressed size that is accepted, in bytes.
  init(
    _ payload: UnsafeRawBufferPointer, as codec: Compression, framing: BlockFraming, limit: Int
  ) throws(FormatError) {
    var reader = ByteReader(payload)
    switch codec {
    case .none:
      method = .stored
      size = payload.count
    case .snappy:
      method = .snappy
      size = Int(try reader.varint32())
    case .zlib where framing == .sized:
      method = .deflate
      size = Int(try reader.varint32())
    case .zlib where framing == .leveldb && Self.isZstdFrame(payload):
      method = .zstd
      size = try Self.contentSize(ofFrame: payload)
    case .zlib:
      method = .deflate
      size = nil
    case .lz4, .lz4hc:
      method = .lz4
      size = Int(framing == .sized ? try reader.varint32() : try reader.fixed32())
      if framing != .sized { try reader.skip(4) }
    case .zstd, .zstdNotFinal:
      method = .zstd
      size = Int(try reader.varint32())
    case .bzip2: throw FormatError("compressed with bzip2, which is not supported")
    case .xpress: throw FormatError("compressed with Xpress, which is not supported")
    }
    body = reader.rest()
    guard let size else { return }
    guard size <= limit else { throw FormatError("declared size is larger than the limit") }
    guard size <= Self.greatestSize(method, body.count) else {
      throw FormatError("declared size is larger than the codec can reach")
    }
  }

  /// The most that `count` compressed bytes can become. `count` is a length in memory: nothing overflows.
  private static func greatestSize(_ method: Method, _ count: Int) -> Int {
    switch method {
    case .stored: count
    // Three bytes of a copy make at most 64.
    case .snappy: count * 64 / 3
    // Every further byte of a match length adds 255.
    case .lz4: count * 255
    // Two bits make at most 258 bytes.
    case .deflate: count * 1032
    case .zstd: ZstdDecoder.greatestSize(count)
    }
  }

  private static func isZstdFrame(_ payload: UnsafeRawBufferPointer) -> Bool {
    payload.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
  }

  private static func contentSize(ofFrame frame: UnsafeRawBufferPointer) throws(FormatError) -> Int {
    guard let size = ZstdDecoder.contentSize(ofFrame: frame) else {
      throw FormatError("zstd frame without its content size")
    }
    guard let size = Int(exactly: size) else { throw FormatError("declared size is larger than the limit") }
    return size
  }
}
