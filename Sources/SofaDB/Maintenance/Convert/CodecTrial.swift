/// One codec tried on sampled blocks: sizes for its ratio, times for its rates. Blocks come one after another, so that
/// contexts and caches are as warm as in a conversion.
final class CodecTrial {
  let target: TranscodeTarget
  private let time: any TimeSource
  /// Stored bytes over uncompressed ones, and over those stored now.
  private(set) var overRaw = RatioEstimate()
  private(set) var overStored = RatioEstimate()
  private(set) var compressSeconds = 0.0
  private(set) var decompressSeconds = 0.0
  private(set) var rawBytes = 0.0
  /// For the dictionaries, all tables together.
  private(set) var trainingSeconds = 0.0
  private(set) var dictionaryBytes = 0
  private(set) var tables = 0
  private var compressor: Compressor
  private var dictionary: CompressionDictionary?
  private let decompressor = Decompressor()
  private var stored = ByteWriter(capacity: 1 << 20)
  private var raw = ByteWriter(capacity: 64 << 10)
  private var ends: [(end: Int, isSmaller: Bool)] = []

  init(_ target: TranscodeTarget, time: any TimeSource) {
    self.target = target
    self.time = time
    compressor = Compressor(codec: target.codec, level: target.level)
  }

  /// Begins with another table.
  func begin(_ source: TableReader, blocks: Int, _ tools: BlockTools) throws(DatabaseError) {
    tables += 1
    overRaw.begin(blocks: blocks)
    overStored.begin(blocks: blocks)
    guard target.dictionarySize > 0 else { return }
    let start = time.monotonic
    dictionary = try DictionaryTraining(source, size: target.dictionarySize, tools).dictionary()
    trainingSeconds += time.monotonic - start
    dictionaryBytes += dictionary?.bytes.count ?? 0
    compressor = Compressor(codec: target.codec, level: target.level, dictionary: dictionary)
  }

  /// Tries the blocks that lie one after another in `blocks`; `ends` says where, `sizes` as what they are stored now.
  func measure(_ blocks: UnsafeRawBufferPointer, ends rawEnds: [Int], sizes: [Int]) throws(FormatError) {
    stored.removeAll()
    ends.removeAll(keepingCapacity: true)
    var start = 0
    let first = time.monotonic
    for end in rawEnds {
      let block = UnsafeRawBufferPointer(rebasing: blocks[start..<end])
      let isSmaller = try compressor.compress(block, into: &stored)
      ends.append((stored.count, isSmaller))
      start = end
    }
    compressSeconds += time.monotonic - first
    try decompress(rawEnds)
    start = 0
    var storedStart = 0
    for (index, end) in rawEnds.enumerated() {
      let size = ends[index].isSmaller ? ends[index].end - storedStart : end - start
      let total = Double(size + BlockTrailer.size)
      overRaw.add(total, over: Double(end - start))
      overStored.add(total, over: Double(sizes[index] + BlockTrailer.size))
      storedStart = ends[index].end
      start = end
    }
    rawBytes += Double(blocks.count)
  }

  private func decompress(_ rawEnds: [Int]) throws(FormatError) {
    let first = time.monotonic
    var start = 0
    for index in rawEnds.indices {
      if ends[index].isSmaller {
        raw.removeAll()
        try decompressor.decompress(
          UnsafeRawBufferPointer(rebasing: stored.bytes[start..<ends[index].end]), as: target.codec, framing: .sized,
          dictionary: dictionary, limit: TableTranscoder.blockLimit, into: &raw)
      }
      start = ends[index].end
    }
    decompressSeconds += time.monotonic - first
  }
}
