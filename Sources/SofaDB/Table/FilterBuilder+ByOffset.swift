/// LevelDB's filter block: see `BlockBasedFilter` for its layout. Bytes are the same as LevelDB's for the same keys,
/// but that a key which follows itself is counted once.
extension FilterBuilder {
  private static let rangeBits: UInt8 = 11

  /// Appends the block; `handles` are those of the data blocks whose keys were added.
  func buildByOffset(_ handles: [BlockHandle], into output: inout ByteWriter) {
    var starts = ByteWriter()
    var taken = 0
    var filters: UInt64 = 0
    func close(upTo end: Int, _ output: inout ByteWriter, _ starts: inout ByteWriter) {
      starts.appendFixed32(UInt32(truncatingIfNeeded: output.count))
      appendSmall(taken..<end, into: &output)
      taken = end
    }
    for (block, handle) in handles.enumerated() {
      while filters < handle.offset >> UInt64(FilterBuilder.rangeBits) {
        close(upTo: hashCount(blocks: block), &output, &starts)
        filters += 1
      }
    }
    let all = hashCount(blocks: handles.count)
    if all > taken { close(upTo: all, &output, &starts) }
    let array = output.count
    output.append(starts.bytes)
    output.appendFixed32(UInt32(truncatingIfNeeded: array))
    output.append(FilterBuilder.rangeBits)
  }

  /// One Bloom filter over some hashes; nothing when there are none.
  private func appendSmall(_ range: Range<Int>, into output: inout ByteWriter) {
    if range.isEmpty { return }
    let bitsPerKey = (millibits + 500) / 1000
    let size = (max(64, range.count * bitsPerKey) + 7) / 8
    let probes = min(max(Int(Double(bitsPerKey) * 0.69), 1), 30)
    let bits = output.reserve(size)
    bits.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    for index in range {
      var hash = UInt32(truncatingIfNeeded: hash(at: index))
      let delta = hash >> 17 | hash << 15
      for _ in 0..<probes {
        let bit = Int(hash % UInt32(truncatingIfNeeded: size * 8))
        let byte = bits.load(fromByteOffset: bit >> 3, as: UInt8.self)
        bits.storeBytes(of: byte | 1 << UInt8(truncatingIfNeeded: bit & 7), toByteOffset: bit >> 3, as: UInt8.self)
        hash &+= delta
      }
    }
    output.commit(size)
    output.append(UInt8(truncatingIfNeeded: probes))
  }
}
