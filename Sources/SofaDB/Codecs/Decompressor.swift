internal import CLZ4

/// Decompresses blocks and log records. Keeps the contexts of the codecs from call to call, so each thread should have
/// one of its own, and no two may share one.
///
/// Nothing is allocated for a declared size before it has been held against the caller's `limit` and against what the
/// codec can reach, and what comes out must have exactly that size. The formats: `CompressedBlock`.
public final class Decompressor {
  private var zstd: ZstdDecoder?
  private var inflater: Inflater?
  /// Holds blocks whose size is known only afterwards.
  private var unsized = ByteWriter(capacity: 16)
  private var stored = ByteBuffer(count: 0)

  /// Stored blocks of this size are read into the same memory again and again.
  private static let kept = 64 << 10

  public init() {}

  /// Memory to read `count` stored bytes into, which are decompressed next. Good until the next call.
  func room(_ count: Int) -> ByteBuffer {
    if count > Decompressor.kept { return ByteBuffer(count: count) }
    if stored.count < count { stored = ByteBuffer(count: max(count, min(2 * stored.count, Decompressor.kept))) }
    return stored
  }

  /// The content of `payload`, in memory of its own.
  ///
  /// `dictionary`: the table's, for its data blocks only; codecs without dictionaries ignore it. `limit`: the largest
  /// content that is accepted, in bytes. Throws for damage, and for codecs that `Compression.canDecode` denies: ask
  /// that first where the two must be told apart.
  public func decompress(
    _ payload: UnsafeRawBufferPointer, as codec: Compression, framing: BlockFraming,
    dictionary: CompressionDictionary? = nil, limit: Int
  ) throws(FormatError) -> ByteBuffer {
    let block = try CompressedBlock(payload, as: codec, framing: framing, limit: limit)
    guard let size = block.size else {
      unsized.removeAll()
      try openInflater().decode(block.body, dictionary: dictionary, limit: limit, into: &unsized)
      return ByteBuffer(copying: unsized.bytes)
    }
    let slack = block.method == .snappy ? SnappyDecoder.slack : 0
    let content = ByteBuffer(count: size, slack: slack)
    guard let start = content.memory.baseAddress else { return content }
    try decode(block, dictionary, into: start, size: size, capacity: size + slack)
    return content
  }

  /// Appends the content of `payload` to `output`, whose memory is reused: for scans. On an error `output` keeps its
  /// length. Otherwise as above.
  public func decompress(
    _ payload: UnsafeRawBufferPointer, as codec: Compression, framing: BlockFraming,
    dictionary: CompressionDictionary? = nil, limit: Int, into output: inout ByteWriter
  ) throws(FormatError) {
    let block = try CompressedBlock(payload, as: codec, framing: framing, limit: limit)
    guard let size = block.size else {
      return try openInflater().decode(block.body, dictionary: dictionary, limit: limit, into: &output)
    }
    let capacity = size + SnappyDecoder.slack
    try decode(block, dictionary, into: output.reserve(capacity), size: size, capacity: capacity)
    output.commit(size)
  }

  /// Appends the content of one zstd frame that need not tell its size, as compressed logs hold them. More than
  /// `limit` bytes are refused. On an error `output` keeps its length.
  public func decompressFrame(
    _ frame: UnsafeRawBufferPointer, limit: Int, into output: inout ByteWriter
  ) throws(FormatError) {
    try openZstd().stream(frame, limit: limit, into: &output)
  }

  private func decode(
    _ block: CompressedBlock, _ dictionary: CompressionDictionary?, into output: UnsafeMutableRawPointer, size: Int,
    capacity: Int
  ) throws(FormatError) {
    let body = block.body
    let length: Int
    switch block.method {
    case .stored:
      UnsafeMutableRawBufferPointer(start: output, count: size).copyMemory(from: body)
      length = size
    case .snappy:
      try SnappyDecoder.decode(body, into: output, size: size, capacity: capacity)
      length = size
    case .deflate:
      length = try openInflater().decode(body, dictionary: dictionary, into: output, capacity: size)
    case .lz4:
      length = try decodeLZ4(body, dictionary, into: output, size: size)
    case .zstd:
      length = try openZstd().decode(body, dictionary: dictionary, into: output, capacity: size)
    }
    guard length == size else { throw FormatError("decompressed size is not the declared one") }
  }

  private func decodeLZ4(
    _ body: UnsafeRawBufferPointer, _ dictionary: CompressionDictionary?, into output: UnsafeMutableRawPointer,
    size: Int
  ) throws(FormatError) -> Int {
    guard let count = Int32(exactly: body.count), let capacity = Int32(exactly: size) else {
      throw FormatError("block is too long for LZ4")
    }
    let source = body.assumingMemoryBound(to: CChar.self).baseAddress
    let target = output.assumingMemoryBound(to: CChar.self)
    let length: Int32
    if let bytes = dictionary?.bytes, bytes.count > 0 {
      let prefix = bytes.assumingMemoryBound(to: CChar.self).baseAddress
      length = LZ4_decompress_safe_usingDict(source, target, count, capacity, prefix, Int32(bytes.count))
    } else {
      length = LZ4_decompress_safe(source, target, count, capacity)
    }
    guard length >= 0 else { throw FormatError("LZ4 block does not decode") }
    return Int(length)
  }

  private func openZstd() throws(FormatError) -> ZstdDecoder {
    if let zstd { return zstd }
    let opened = try ZstdDecoder()
    zstd = opened
    return opened
  }

  private func openInflater() throws(FormatError) -> Inflater {
    if let inflater { return inflater }
    let opened = try Inflater()
    inflater = opened
    return opened
  }
}
