internal import CZstd

/// A zstd encoding context with its level and dictionary, reused from block to block by one thread.
final class ZstdEncoder {
  private let context: OpaquePointer
  /// Owns the digested form that the context refers to.
  private let dictionary: CompressionDictionary?

  init(level: Int, dictionary: CompressionDictionary?) throws(FormatError) {
    guard let context = ZSTD_createCCtx() else { throw FormatError("no memory for a zstd context") }
    self.context = context
    self.dictionary = dictionary
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    if let dictionary, dictionary.bytes.count > 0 {
      ZSTD_CCtx_refCDict(context, try dictionary.zstdEncoder(level: level))
    }
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Writes one frame with content size and without checksum; returns its length, or nil when it takes more than
  /// `capacity` bytes.
  func encode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, capacity: Int) -> Int? {
    let length = ZSTD_compress2(context, output, capacity, raw.baseAddress, raw.count)
    return ZSTD_isError(length) == 0 ? length : nil
  }
}
