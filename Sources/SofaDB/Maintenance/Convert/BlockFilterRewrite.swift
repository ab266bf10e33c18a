/// Builds LevelDB's filter block anew: it has one Bloom filter for each 2 KiB of the file, so that it depends on where
/// the data blocks are. The keys of all blocks were hashed on the way; bits and probes are those of the old filters.
///
///     filter[0] .. filter[k-1] | fixed32 offset of each | fixed32 offset of that array | 1 byte 11
struct BlockFilterRewrite: ~Copyable {
  private static let shift: UInt64 = 11

  /// Hashes of the keys of all blocks, in order, and where those of each block end.
  private var hashes: [UInt32] = []
  private var ends: [Int] = []

  init() {}

  /// Takes the hashes of a run's blocks.
  mutating func add(_ run: BlockRun) {
    let start = hashes.count
    hashes.append(contentsOf: run.keyHashes)
    for block in run.blocks { ends.append(start + block.keyEnd) }
  }

  /// Whether filters of this name are known.
  static func isKnown(_ entry: MetaIndex.Entry) -> Bool {
    let name = String(decoding: entry.name, as: UTF8.self)
    return name == "filter.leveldb.BuiltinBloomFilter2" || name == "filter.rocksdb.BuiltinBloomFilter"
  }

  /// The block for data blocks at `new`, which were at `old`; nil when the old filter does not say how it was built.
  func block(like filter: UnsafeRawBufferPointer, old: [BlockHandle], new: [BlockHandle]) -> ByteBuffer? {
    guard old.count == ends.count, new.count == ends.count, let measure = measure(filter, old) else { return nil }
    var block = ByteWriter(capacity: filter.count + 64)
    var offsets: [UInt32] = []
    var next = 0
    var window: UInt64 = 0
    while next < new.count {
      offsets.append(UInt32(truncatingIfNeeded: block.count))
      let first = next
      while next < new.count, new[next].offset >> BlockFilterRewrite.shift == window { next += 1 }
      append(hashes[(first == 0 ? 0 : ends[first - 1])..<(next == 0 ? 0 : ends[next - 1])], measure, to: &block)
      window += 1
    }
    let array = UInt32(truncatingIfNeeded: block.count)
    for offset in offsets { block.appendFixed32(offset) }
    block.appendFixed32(array)
    block.append(UInt8(BlockFilterRewrite.shift))
    return ByteBuffer(copying: block.bytes)
  }

  private struct Measure {
    var bitsPerKey: Int
    var probes: UInt8
  }

  /// Bits and probes of the old filter with the most keys: there rounding matters least.
  private func measure(_ filter: UnsafeRawBufferPointer, _ old: [BlockHandle]) -> Measure? {
    guard let reader = BlockBasedFilter(filter, isLevelDB: true) else { return nil }
    var best: (keys: Int, measure: Measure)?
    var next = 0
    while next < old.count {
      let first = next
      let window = old[next].offset >> BlockFilterRewrite.shift
      while next < old.count, old[next].offset >> BlockFilterRewrite.shift == window { next += 1 }
      let keys = ends[next - 1] - (first == 0 ? 0 : ends[first - 1])
      guard keys > best?.keys ?? 0, let part = reader.filter(forOffset: old[first].offset), part.count >= 2 else {
        continue
      }
      best = (keys, Measure(bitsPerKey: max(1, (part.count - 1) * 8 / keys), probes: part[part.count - 1]))
    }
    return best?.measure
  }

  private func append(_ keys: ArraySlice<UInt32>, _ measure: Measure, to block: inout ByteWriter) {
    guard !keys.isEmpty else { return }
    let size = (max(64, keys.count * measure.bitsPerKey) + 7) / 8
    let bits = UInt32(truncatingIfNeeded: size * 8)
    let start = block.count
    block.appendZeros(size)
    let bytes = block.mutableBytes
    for key in keys {
      var hash = key
      let delta = hash >> 17 | hash << 15
      for _ in 0..<min(measure.probes, 30) {
        let bit = Int(hash % bits)
        bytes[start + bit / 8] = bytes[start + bit / 8] | 1 << UInt8(bit % 8)
        hash &+= delta
      }
    }
    block.append(measure.probes)
  }
}
