/// The data blocks of a table while it is written, and everything that its tail will need.
///
/// Invariants: internal keys ascend strictly; a key's filter hash is taken once; the separator of a block is made when
/// the first key of the next one is known. `TableWriter` is the way in.
struct TableState: ~Copyable {
  /// RocksDB's limit for a key and its value lies near 4 GiB, where offsets in blocks no longer fit 32 bits.
  static let longestEntry = 1 << 30

  let options: TableOptions
  private let fileName: String
  private let pool: CompressionPool?
  /// One of three at a time: blocks that a dictionary is to be trained on, threads, or a compressor; none of them when
  /// blocks are stored raw.
  private var samples: BlockBatch?
  private var pipeline: BlockPipeline?
  private var compressor: Compressor?
  private var dictionary: CompressionDictionary?
  private var block: BlockBuilder
  private var sink: BlockSink
  private var index: IndexBuilder
  private var filter: FilterBuilder
  /// The internal key that is being added, and the one before.
  private var key = ByteWriter(capacity: 256)
  private var lastKey = ByteWriter(capacity: 256)
  private var firstKey = ByteWriter(capacity: 64)
  private var tombstones: [RangeTombstone] = []
  private(set) var counts = TableCounts()
  private let contextBase: UInt32
  private var dataSize: UInt64 = 0

  /// The options are valid.
  init(file: any AppendFile, options: TableOptions, pool: CompressionPool?) {
    self.options = options
    self.pool = pool
    fileName = file.name
    block = BlockBuilder(
      restartInterval: options.restartInterval, hashed: options.hashesDataBlocks, capacity: options.blockSize + 4096)
    contextBase = options.formatVersion < 6 ? 0 : options.contextBase ?? UInt32.random(in: 1...UInt32.max)
    sink = BlockSink(file: file, checksum: options.checksum, contextBase: contextBase)
    index = IndexBuilder(order: options.order, shortening: options.indexShortening)
    filter = FilterBuilder(
      bitsPerKey: options.filterBitsPerKey, formatVersion: options.formatVersion, order: options.order,
      prefixLength: options.prefixLength)
    guard let settings = options.compressionSettings(dictionary: options.dictionary) else { return }
    if options.dictionary == nil, options.trainedDictionarySize > 0 {
      samples = BlockBatch(settings: settings, checksum: options.checksum)
    } else {
      startCompression(settings)
    }
  }

  var isEmpty: Bool { counts.entries == 0 }

  /// The last internal key added; empty before the first.
  var lastKeyBytes: UnsafeRawBufferPointer { lastKey.bytes }

  /// About the bytes of the file if it were finished now.
  var estimatedFileSize: UInt64 {
    let stored = sink.offset + UInt64(block.size + index.estimatedSize + filter.estimatedSize)
    return samples == nil && pipeline == nil ? stored : stored + pendingSize
  }

  /// What blocks on their way will take, by what they saved so far.
  private var pendingSize: UInt64 {
    let pending = Double(pipeline?.pendingSize ?? samples?.rawSize ?? 0)
    let raw = Double(counts.keyBytes + counts.valueBytes) - pending
    return UInt64(raw < 65536 ? pending / 2 : pending * Double(sink.offset) / raw)
  }

  // MARK: Entries

  @inline(__always)
  mutating func add(
    internalKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    guard internalKey.count >= 8 else { throw invalid("an internal key is shorter than 8 bytes") }
    key.removeAll()
    key.append(internalKey)
    try addKey(value)
  }

  @inline(__always)
  mutating func add(
    userKey: UnsafeRawBufferPointer, sequence: SequenceNumber, kind: UInt8, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    guard sequence <= .maximum else { throw invalid("a sequence number is out of range") }
    key.removeAll()
    key.append(userKey)
    key.appendFixed64(InternalKey.trailer(sequence, kind))
    try addKey(value)
  }

  /// Adds the entry whose internal key is in `key`.
  @inline(__always)
  private mutating func addKey(_ value: UnsafeRawBufferPointer) throws(DatabaseError) {
    let current = key.bytes
    let userKey = current.internalKeyUserKey
    let trailer = current.internalKeyTrailer
    let kind = UInt8(truncatingIfNeeded: trailer)
    let shared = CommonPrefix.count(lastKey.bytes, current)
    try checkEntry(current, shared: shared, trailer: trailer, valueLength: value.count)
    if !block.isEmpty, isFull(keyLength: current.count, valueLength: value.count) { try cut() }
    block.add(current, shared: shared, value: value)
    filter.add(userKey)
    counts.add(sequence: trailer >> 8, kind: kind, keyLength: current.count, value: value)
    swap(&key, &lastKey)
  }

  /// RocksDB's rule: a block is cut when it is full, or nearly full and the entry would overfill it.
  @inline(__always)
  private func isFull(keyLength: Int, valueLength: Int) -> Bool {
    let size = block.size
    if size >= options.blockSize { return true }
    return size > options.blockSize - options.blockSize / 10
      && block.size(addingKey: keyLength, value: valueLength) > options.blockSize
  }

  @inline(__always)
  private mutating func checkEntry(
    _ current: UnsafeRawBufferPointer, shared: Int, trailer: UInt64, valueLength: Int
  ) throws(DatabaseError) {
    let kind = UInt8(truncatingIfNeeded: trailer)
    guard TableCounts.isPointKind(kind), !options.isLevelDB || kind <= EntryKind.value.rawValue else {
      throw invalid("an entry has a kind that tables do not store")
    }
    guard current.count <= TableState.longestEntry, valueLength <= TableState.longestEntry - current.count else {
      throw invalid("an entry is longer than 1 GiB")
    }
    guard current.count >= 8 + options.order.timestampSize else { throw invalid("a key is shorter than its timestamp") }
    if options.external, trailer >> 8 != 0 { throw invalid("an external table holds only sequence number 0") }
    if lastKey.count == 0 {
      firstKey.append(current)
    } else {
      let order = comparisonWithLast(current, shared: shared, trailer: trailer)
      if order > 0 { return }
      throw invalid(order == 0 ? "a key occurs twice in an external table" : "keys are not in ascending order")
    }
  }

  /// Positive when `current` may follow the last key, 0 when only its trailer says so and the table is external.
  @inline(__always)
  private func comparisonWithLast(_ current: UnsafeRawBufferPointer, shared: Int, trailer: UInt64) -> Int {
    let last = lastKey.bytes
    var order: Int
    if options.order.timestampSize == 0 {
      // The first difference is known already.
      let common = min(shared, min(last.count, current.count) - 8)
      if common < last.count - 8, common < current.count - 8 {
        order = Int(current[common]) - Int(last[common])
      } else {
        order = current.count - last.count
      }
      if options.order.kind == .reverseBytewise { order = -order }
    } else {
      order = options.order.compare(current.internalKeyUserKey, last.internalKeyUserKey)
    }
    if order != 0 { return order }
    if trailer >= last.internalKeyTrailer { return -1 }
    return options.external ? 0 : 1
  }

  mutating func addRangeTombstone(
    begin: [UInt8], end: [UInt8], sequence: SequenceNumber
  ) throws(DatabaseError) {
    guard sequence <= .maximum else { throw invalid("a sequence number is out of range") }
    guard !options.isLevelDB else { throw invalid("LevelDB has no range deletions") }
    guard !options.external || sequence == 0 else { throw invalid("an external table holds only sequence number 0") }
    guard begin.count >= options.order.timestampSize, end.count >= options.order.timestampSize else {
      throw invalid("a key is shorter than its timestamp")
    }
    guard options.order.compare(begin, end) < 0 else { throw invalid("a range deletion ends before it begins") }
    tombstones.append(RangeTombstone(begin: begin, end: end, sequence: sequence))
    counts.addTombstone(begin: begin, end: end, sequence: sequence)
  }

  private func invalid(_ detail: String) -> DatabaseError { DatabaseError(.invalid, file: fileName, detail) }

  // MARK: Blocks

  /// Stores the block, whose successor begins with the key in `key`.
  @inline(never)
  private mutating func cut() throws(DatabaseError) {
    index.addSeparator(lastKey.bytes, before: key.bytes)
    try storeBlock()
  }

  private mutating func storeBlock() throws(DatabaseError) {
    filter.endBlock()
    let contents = block.finish()
    if let pipeline {
      try pipeline.add(contents, to: &sink, index: &index)
    } else if let samples {
      samples.add(contents)
      if samples.rawSize >= options.trainedDictionarySize * 100 { try train(samples) }
    } else {
      index.addHandle(try sink.append(contents, compressor: compressor))
    }
    block.removeAll()
  }

  private mutating func startCompression(_ settings: CompressionSettings) {
    dictionary = settings.dictionary
    if let pool {
      pipeline = BlockPipeline(pool: pool, settings: settings, checksum: options.checksum)
    } else {
      compressor = settings.compressor()
    }
  }

  /// Ends the sampling: stores the blocks with the dictionary that they teach, or without one.
  private mutating func train(_ samples: BlockBatch) throws(DatabaseError) {
    self.samples = nil
    let trained: CompressionDictionary?
    do throws(FormatError) {
      trained = try samples.trainedDictionary(size: options.trainedDictionarySize)
    } catch {
      throw sink.fail(error)
    }
    let settings = CompressionSettings(
      codec: options.compression, level: options.level, dictionary: trained)
    startCompression(settings)
    let batch = BlockBatch(settings: settings, checksum: options.checksum)
    samples.move(to: batch)
    batch.encode(with: compressor ?? settings.compressor())
    try batch.append(to: &sink, index: &index)
  }

  /// Stores the last block, sorts the tombstones and writes everything behind the data blocks.
  mutating func finish() throws(DatabaseError) -> TableSummary {
    guard !isEmpty else { throw invalid("a table without entries is not written") }
    if !block.isEmpty {
      index.addLastSeparator(lastKey.bytes)
      try storeBlock()
    }
    if let samples { try train(samples) }
    if let pipeline { try pipeline.finish(to: &sink, index: &index) }
    dataSize = sink.offset
    let order = options.order
    tombstones.sort {
      let begins = order.compare($0.begin, $1.begin)
      return begins != 0 ? begins < 0 : $0.sequence > $1.sequence
    }
    var tail = TableTail(options: options, counts: counts, dataSize: dataSize, contextBase: contextBase)
    try tail.appendFilter(filter, index: index, to: &sink)
    try tail.appendIndex(index, filter: filter, to: &sink)
    try tail.appendDictionary(dictionary, to: &sink)
    try tail.appendRangeDeletions(tombstones, to: &sink)
    try tail.close(&sink)
    return summary(tail.properties)
  }

  private func summary(_ properties: TableProperties) -> TableSummary {
    var bounds = TableBounds(order: options.order)
    if counts.pointEntries > 0 {
      bounds.include(first: firstKey.bytes, last: lastKey.bytes)
    }
    for tombstone in tombstones { bounds.include(tombstone) }
    return TableSummary(
      fileSize: sink.offset, smallest: bounds.smallest, largest: bounds.largest,
      smallestSequence: counts.smallestSequence, largestSequence: counts.largestSequence,
      entryCount: counts.entries, tombstoneCount: counts.deletions, rangeTombstoneCount: counts.rangeDeletions,
      dataBlockCount: UInt64(index.count), rawSize: counts.keyBytes + counts.valueBytes, tailOffset: dataSize,
      oldestBlobFile: counts.oldestBlobFile, properties: properties)
  }
}
