internal import CZlib

/// A zlib encoding context for raw deflate streams with window 2^14, reused from block to block by one thread.
final class Deflater {
  /// zlib's own state points back at the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let dictionary: CompressionDictionary?

  init(level: Int, dictionary: CompressionDictionary?) throws(FormatError) {
    self.dictionary = dictionary
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    let status = deflateInit2_(stream, Int32(level), Z_DEFLATED, -14, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
    guard status == Z_OK else { throw FormatError("no memory for a zlib context") }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Writes one stream; returns its length, or nil when it takes more than `capacity` bytes.
  func encode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, capacity: Int) -> Int? {
    deflateReset(stream)
    if let bytes = dictionary?.bytes, bytes.count > 0 {
      deflateSetDictionary(stream, bytes.assumingMemoryBound(to: Bytef.self).baseAddress, UInt32(bytes.count))
    }
    let room = UInt32(clamping: capacity)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: raw.assumingMemoryBound(to: Bytef.self).baseAddress)
    stream.pointee.avail_in = UInt32(raw.count)
    stream.pointee.next_out = output.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = room
    guard deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
    return Int(room - stream.pointee.avail_out)
  }
}
