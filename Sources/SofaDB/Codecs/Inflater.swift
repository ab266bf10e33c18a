internal import CZlib

/// A zlib decoding context for raw deflate streams, reused from block to block by one thread. Its window is 2^15, which
/// reads every stream; the writers of these files use 2^14.
final class Inflater {
  /// zlib's own state points back at the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>

  init() throws(FormatError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw FormatError("no memory for a zlib context") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Decodes one stream into at most `capacity` bytes; returns how many there were.
  func decode(
    _ body: UnsafeRawBufferPointer, dictionary: CompressionDictionary?, into output: UnsafeMutableRawPointer,
    capacity: Int
  ) throws(FormatError) -> Int {
    try start(body, dictionary)
    guard let room = UInt32(exactly: capacity) else { throw FormatError("block is too long for zlib") }
    stream.pointee.next_out = output.assumingMemoryBound(to: Bytef.self)
    stream.pointee.avail_out = room
    let status = inflate(stream, Z_FINISH)
    let length = capacity - Int(stream.pointee.avail_out)
    try check(status)
    return length
  }

  /// Decodes one stream of unknown size, at most `limit` bytes of it, and appends it to `output`. On an error `output`
  /// keeps its length.
  func decode(
    _ body: UnsafeRawBufferPointer, dictionary: CompressionDictionary?, limit: Int, into output: inout ByteWriter
  ) throws(FormatError) {
    try start(body, dictionary)
    let beginning = output.count
    var step = min(max(body.count, 1024) * 4, 1 << 24)
    do throws(FormatError) {
      while true {
        // One byte more than allowed is room enough to notice that there is more.
        let room = min(step, limit - (output.count - beginning)) + 1
        stream.pointee.next_out = output.reserve(room).assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = UInt32(room)
        let status = inflate(stream, Z_NO_FLUSH)
        let left = Int(stream.pointee.avail_out)
        output.commit(room - left)
        guard output.count - beginning <= limit else {
          throw FormatError("decompressed size is larger than the limit")
        }
        if status == Z_OK && left == 0 {
          step = min(step * 2, 1 << 24)
          continue
        }
        return try check(status)
      }
    } catch {
      output.truncate(to: beginning)
      throw error
    }
  }

  private func start(_ body: UnsafeRawBufferPointer, _ dictionary: CompressionDictionary?) throws(FormatError) {
    guard let length = UInt32(exactly: body.count) else { throw FormatError("block is too long for zlib") }
    inflateReset(stream)
    if let bytes = dictionary?.bytes, bytes.count > 0 {
      inflateSetDictionary(stream, bytes.assumingMemoryBound(to: Bytef.self).baseAddress, UInt32(bytes.count))
    }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: body.assumingMemoryBound(to: Bytef.self).baseAddress)
    stream.pointee.avail_in = length
  }

  private func check(_ status: Int32) throws(FormatError) {
    switch status {
    case Z_STREAM_END:
      guard stream.pointee.avail_in == 0 else { throw FormatError("bytes after the end of the deflate stream") }
    case Z_OK, Z_BUF_ERROR: throw FormatError("deflate stream is cut short or longer than it declares")
    default: throw FormatError("deflate stream does not decode")
    }
  }
}
