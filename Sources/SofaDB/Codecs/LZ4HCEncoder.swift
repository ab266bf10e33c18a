internal import CLZ4

/// An LZ4HC encoding state with its level and dictionary, reused from block to block by one thread.
final class LZ4HCEncoder {
  private let level: Int32
  private let dictionary: CompressionDictionary?
  private let state: UnsafeMutablePointer<LZ4_streamHC_t>
  /// The state after loading the dictionary: copying it is far cheaper than loading again. It points at the bytes.
  private let loaded: UnsafeMutablePointer<LZ4_streamHC_t>?

  init(level: Int, dictionary: CompressionDictionary?) {
    self.level = Int32(level)
    self.dictionary = dictionary
    state = .allocate(capacity: 1)
    LZ4_initStreamHC(state, MemoryLayout<LZ4_streamHC_t>.size)
    if let bytes = dictionary?.bytes, bytes.count > 0 {
      let start: UnsafeMutablePointer<LZ4_streamHC_t> = .allocate(capacity: 1)
      LZ4_initStreamHC(start, MemoryLayout<LZ4_streamHC_t>.size)
      LZ4_resetStreamHC_fast(start, self.level)
      LZ4_loadDictHC(start, bytes.assumingMemoryBound(to: CChar.self).baseAddress, Int32(bytes.count))
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
    if let loaded {
      state.update(from: loaded, count: 1)
    } else {
      LZ4_resetStreamHC_fast(state, level)
    }
    let source = raw.assumingMemoryBound(to: CChar.self).baseAddress
    let target = output.assumingMemoryBound(to: CChar.self)
    let length = LZ4_compress_HC_continue(state, source, target, Int32(raw.count), Int32(clamping: capacity))
    return length > 0 ? Int(length) : nil
  }
}
