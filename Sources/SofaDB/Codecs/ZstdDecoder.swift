internal import CZstd

/// A zstd decoding context, reused from frame to frame by one thread.
final class ZstdDecoder {
  /// Largest window that a streamed frame may ask for, and thus memory that it may cost: 2^25 bytes. Logs are written
  /// at the library's default level, with 2^21.
  private static let windowLog: Int32 = 25

  private let context: OpaquePointer

  init() throws(FormatError) {
    guard let context = ZSTD_createDCtx() else { throw FormatError("no memory for a zstd context") }
    self.context = context
    _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
  }

  deinit { ZSTD_freeDCtx(context) }

  /// The most that `count` bytes can become: a run of 128 KiB takes a header of three bytes and one byte.
  static func greatestSize(_ count: Int) -> Int { (count / 4 + 1) * 131_072 }

  /// What the frame says of its decoded size, or nil when it does not tell or is no frame: the library answers both
  /// with numbers at the top of the range.
  static func contentSize(ofFrame frame: UnsafeRawBufferPointer) -> UInt64? {
    let size = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
    return size >= UInt64.max - 1 ? nil : size
  }

  /// Decodes whole frames into at most `capacity` bytes; returns how many there were. No window is allocated: the
  /// output is the window.
  func decode(
    _ body: UnsafeRawBufferPointer, dictionary: CompressionDictionary?, into output: UnsafeMutableRawPointer,
    capacity: Int
  ) throws(FormatError) -> Int {
    let length: Int
    if let dictionary, dictionary.bytes.count > 0 {
      let digested = try dictionary.zstdDecoder()
      length = ZSTD_decompress_usingDDict(context, output, capacity, body.baseAddress, body.count, digested)
    } else {
      length = ZSTD_decompressDCtx(context, output, capacity, body.baseAddress, body.count)
    }
    guard ZSTD_isError(length) == 0 else { throw FormatError("zstd frame does not decode") }
    return length
  }

  /// Decodes exactly one frame, which need not tell its size, and appends it to `output`. More than `limit` bytes are
  /// refused. On an error `output` keeps its length.
  func stream(
    _ frame: UnsafeRawBufferPointer, limit: Int, into output: inout ByteWriter
  ) throws(FormatError) {
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    let start = output.count
    var input = ZSTD_inBuffer(src: frame.baseAddress, size: frame.count, pos: 0)
    var step = min(max(frame.count, 1024) * 4, ZSTD_DStreamOutSize())
    // With room for all of it the library decodes in one go, without a window of its own.
    if let size = Self.contentSize(ofFrame: frame), size <= UInt64(min(limit, Self.greatestSize(frame.count))) {
      step = Int(size)
    }
    while true {
      // One byte more than allowed is room enough to notice that there is more.
      let room = min(step, limit - (output.count - start)) + 1
      var piece = ZSTD_outBuffer(dst: output.reserve(room), size: room, pos: 0)
      let hint = ZSTD_decompressStream(context, &piece, &input)
      output.commit(piece.pos)
      let complaint: FormatError? =
        if ZSTD_isError(hint) != 0 {
          FormatError("zstd frame does not decode", at: input.pos)
        } else if output.count - start > limit {
          FormatError("decompressed size is larger than the limit")
        } else if hint == 0 {
          input.pos == input.size ? nil : FormatError("bytes after the end of the zstd frame", at: input.pos)
        } else if input.pos == input.size && piece.pos < piece.size {
          FormatError("zstd frame is cut short", at: input.pos)
        } else {
          nil
        }
      if let complaint {
        output.truncate(to: start)
        throw complaint
      }
      if hint == 0 { return }
      step = min(max(step, 1024) * 2, 1 << 24)
    }
  }
}
