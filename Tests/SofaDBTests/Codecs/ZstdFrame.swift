import CZstd

/// zstd frames as a stream writes them.
enum ZstdFrame {
  static func streamed(_ raw: [UInt8], contentSize: Bool, windowLog: Int32 = 0) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
    if contentSize { ZSTD_CCtx_setPledgedSrcSize(context, UInt64(raw.count)) }
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(raw.count) + 1000)
    let length = raw.withUnsafeBytes { source in
      output.withUnsafeMutableBytes { target in
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        // In two pieces, or the library fills in the size by itself.
        for (start, end, mode) in [(0, raw.count / 2, ZSTD_e_continue), (raw.count / 2, raw.count, ZSTD_e_end)] {
          let piece = UnsafeRawBufferPointer(rebasing: source[start..<end])
          var input = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
          ZSTD_compressStream2(context, &output, &input, mode)
        }
        return output.pos
      }
    }
    return Array(output[..<length])
  }
}
