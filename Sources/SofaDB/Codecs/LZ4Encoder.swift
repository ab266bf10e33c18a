internal import CLZ4

/// An LZ4 encoding state with its acceleration and dictionary, reused from block to block by one thread.
final class LZ4Encoder {
  private let acceleration: Int32
  private let dictionary: CompressionDictionary?
  private let state: UnsafeMutablePointer<LZ4_stream_t>
  /// The state after loading the dictionary: copying it is far cheaper than loading again. It points at the bytes.
  private let loaded: UnsafeMutablePointer<LZ4_stream_t>?

  /// `level` below zero: faster and larger by that much.
  init(level: Int, dictionary: CompressionDictionary?) {
    acceleration = Int32(max(1, -level))
    self.dictionary = dictionary
    state = .allocate(capacity: 1)
    LZ4_initStream(state, MemoryLayout<LZ4_stream_t>.size)
    if let bytes = dictionary?.bytes, bytes.count > 0 {
      let start: UnsafeMutablePointer<LZ4_stream_t> = .allocate(capacity: 1)
      LZ4_initStream(start, MemoryLayout<LZ4_stream_t>.size)
      LZ4_loadDict(start, bytes.assumingMemoryBound(to: CChar.self).baseAddress, Int32(bytes.count))
      loaded = start
    } else {
      loaded = nil
    }
  }

  deinit {
    state.deallocate()
    loaded?.deallocate()
  }

  /// Writes one LZ4 block; returns its length, or nil when it takes more than `capacity` bytes.
  func encode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, capacity: Int) -> Int? {
    let source = raw.assumingMemoryBound(to: CChar.self).baseAddress
    let target = output.assumingMemoryBound(to: CChar.self)
    let count = Int32(raw.count)
    let room = Int32(clamping: capacity)
    let length: Int32
    if let loaded {
      state.update(from: loaded, count: 1)
      length = LZ4_compress_fast_continue(state, source, target, count, room, acceleration)
    } else {
      length = LZ4_compress_fast_extState(state, source, target, count, room, acceleration)
    }
    return length > 0 ? Int(length) : nil
  }
}
