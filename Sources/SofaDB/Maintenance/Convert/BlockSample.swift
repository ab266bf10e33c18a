/// Draws blocks from tables and tries every codec on them.
struct BlockSample: ~Copyable {
  let trials: [CodecTrial]
  /// Stored bytes over uncompressed ones, turned round: the total is that of uncompressed bytes.
  private(set) var present = RatioEstimate()
  private(set) var tables = 0
  private(set) var blocks = 0
  /// Uncompressed bytes that were drawn.
  private(set) var bytes = 0.0
  /// Stored bytes of all data blocks of the tables, trailers included.
  private(set) var storedBytes: UInt64 = 0
  /// Checksums and decompression of what was drawn.
  private(set) var readSeconds = 0.0
  private var random: UInt64
  private let time: any TimeSource
  private let tools = BlockTools()
  private var raw = ByteWriter(capacity: 1 << 20)
  private var ends: [Int] = []
  private var sizes: [Int] = []

  init(seed: UInt64, time: any TimeSource, trials: [CodecTrial]) {
    random = seed
    self.time = time
    self.trials = trials
  }

  /// Draws from one table its share of the sample; `trains`: whether codecs with dictionaries are tried on it.
  mutating func take(_ target: FileTarget, share: Double, trains: Bool) throws(DatabaseError) {
    let source = try TableTranscoder.open(target.open())
    var handles: [BlockHandle] = []
    var index = source.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      try source.file.check(index.handle, kind: .data)
      handles.append(index.handle)
      try index.next()
    }
    guard !handles.isEmpty else { return }
    tables += 1
    storedBytes += handles.reduce(0) { $0 + $1.size + UInt64(BlockTrailer.size) }
    let properties = source.properties
    let stated = (properties.rawKeySize &+ properties.rawValueSize) / UInt64(handles.count)
    let blockSize = stated == 0 ? Int(handles[0].size) * 2 : Int(clamping: stated)
    let wanted = EstimateCompression.wanted(share: share, blockSize: blockSize, blocks: handles.count)
    present.begin(blocks: handles.count)
    let active = trials.filter { trains || $0.target.dictionarySize == 0 }
    for trial in active { try trial.begin(source, blocks: handles.count, tools) }
    for part in 0..<wanted {
      let start = part * handles.count / wanted
      let end = max(start + 1, (part + 1) * handles.count / wanted)
      try read(handles[start + Int(next() % UInt64(end - start))], source)
      if raw.count >= EstimateCompression.measuredAtOnce { try measure(active, source) }
    }
    try measure(active, source)
  }

  private mutating func read(_ handle: BlockHandle, _ source: TableReader) throws(DatabaseError) {
    let stored = try source.file.readStored(handle, kind: .data)
    let start = time.monotonic
    try source.file.verify(stored)
    let contents = try source.file.contents(
      of: stored, dictionary: source.dictionary, decompressor: tools.decompressor)
    readSeconds += time.monotonic - start
    withExtendedLifetime(contents) { raw.append(contents.bytes) }
    ends.append(raw.count)
    sizes.append(Int(handle.size))
    present.add(Double(Int(handle.size) + BlockTrailer.size), over: Double(contents.count))
    blocks += 1
    bytes += Double(contents.count)
  }

  private mutating func measure(_ active: [CodecTrial], _ source: TableReader) throws(DatabaseError) {
    guard !ends.isEmpty else { return }
    do throws(FormatError) {
      for trial in active { try trial.measure(raw.bytes, ends: ends, sizes: sizes) }
    } catch {
      throw DatabaseError(error, file: source.name)
    }
    raw.removeAll()
    ends.removeAll(keepingCapacity: true)
    sizes.removeAll(keepingCapacity: true)
  }

  /// SplitMix64.
  private mutating func next() -> UInt64 {
    random &+= 0x9E37_79B9_7F4A_7C15
    var value = random
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
