/// Everything of a table behind its data blocks:
///
///     filter or filter partitions and their index, index partitions, index, [dictionary], [range deletions],
///     properties, metaindex, footer
///
/// The metaindex ends where the footer begins, as format_version >= 6 demands.
struct TableTail: ~Copyable {
  private let options: TableOptions
  private let counts: TableCounts
  private let dataSize: UInt64
  private let contextBase: UInt32
  /// Names and handles for the metaindex.
  private var meta: [(name: String, handle: BlockHandle)] = []
  private var indexHandle = BlockHandle(offset: 0, size: 0)
  private(set) var properties = TableProperties()

  init(options: TableOptions, counts: TableCounts, dataSize: UInt64, contextBase: UInt32) {
    self.options = options
    self.counts = counts
    self.dataSize = dataSize
    self.contextBase = contextBase
  }

  // MARK: Filter and index

  private func hasTwoLevels(_ index: borrowing IndexBuilder) -> Bool {
    if index.count == 0 || options.isLevelDB { return false }
    return options.indexType == .twoLevel || options.partitionThreshold.map { index.estimatedSize > $0 } ?? false
  }

  private func usesUserKeys(_ index: borrowing IndexBuilder) -> Bool {
    options.indexKeysAreUserKeys && index.userKeysSuffice
  }

  private func indexBlock() -> IndexBlockBuilder {
    IndexBlockBuilder(restartInterval: options.indexRestartInterval, isDelta: options.indexValuesAreDeltaCoded)
  }

  mutating func appendFilter(
    _ filter: borrowing FilterBuilder, index: borrowing IndexBuilder, to sink: inout BlockSink
  ) throws(DatabaseError) {
    guard filter.isActive, index.count > 0 else { return }
    var contents = ByteWriter(capacity: 4096)
    if options.isLevelDB {
      filter.buildByOffset(index.handles, into: &contents)
      meta.append(("filter.leveldb.BuiltinBloomFilter2", try sink.append(contents.bytes)))
      return
    }
    properties.filterPolicy = "bloomfilter"
    guard hasTwoLevels(index) else {
      properties.filterEntryCount = UInt64(filter.build(blocks: 0..<index.count, into: &contents))
      properties.filterSize = UInt64(contents.count)
      meta.append(("fullfilter.rocksdb.BuiltinBloomFilter", try sink.append(contents.bytes)))
      return
    }
    var top = indexBlock()
    var entries = 0
    var size = 0
    let userKeys = usesUserKeys(index)
    for partition in index.partitions(size: options.partitionSize, filter: filter) {
      contents.removeAll()
      entries += filter.build(blocks: partition, into: &contents)
      size += contents.count
      let handle = try sink.append(contents.bytes)
      top.add(index.separator(partition.upperBound - 1, userKey: userKeys), handle)
    }
    let topLevel = top.finish()
    properties.filterEntryCount = UInt64(entries)
    properties.filterSize = UInt64(size + topLevel.count)
    meta.append(("partitionedfilter.rocksdb.BuiltinBloomFilter", try sink.append(topLevel)))
  }

  mutating func appendIndex(
    _ index: borrowing IndexBuilder, filter: borrowing FilterBuilder, to sink: inout BlockSink
  ) throws(DatabaseError) {
    let userKeys = usesUserKeys(index)
    let compressor = indexCompressor()
    properties.dataBlockCount = UInt64(index.count)
    properties.indexKeysAreUserKeys = userKeys
    properties.indexValuesAreDeltaEncoded = options.indexValuesAreDeltaCoded
    properties.indexType = UInt64(TableOptions.IndexType.binarySearch.rawValue)
    var block = indexBlock()
    guard hasTwoLevels(index) else {
      for entry in 0..<index.count { block.add(index.separator(entry, userKey: userKeys), index.handles[entry]) }
      let contents = block.finish()
      properties.indexSize = UInt64(contents.count + BlockTrailer.size)
      indexHandle = try sink.append(contents, compressor: compressor)
      return
    }
    var top = indexBlock()
    let partitions = index.partitions(size: options.partitionSize, filter: filter)
    var size = 0
    for partition in partitions {
      for entry in partition { block.add(index.separator(entry, userKey: userKeys), index.handles[entry]) }
      let contents = block.finish()
      size += contents.count
      let handle = try sink.append(contents, compressor: compressor)
      top.add(index.separator(partition.upperBound - 1, userKey: userKeys), handle)
      block.removeAll()
    }
    let topLevel = top.finish()
    properties.indexType = UInt64(TableOptions.IndexType.twoLevel.rawValue)
    properties.indexSize = UInt64(size + topLevel.count + BlockTrailer.size)
    properties.set(.indexPartitionCount, UInt64(partitions.count))
    properties.set(.topLevelIndexSize, UInt64(topLevel.count))
    indexHandle = try sink.append(topLevel, compressor: compressor)
  }

  /// Index blocks are compressed without the dictionary.
  private func indexCompressor() -> Compressor? {
    options.compressesIndex ? options.compressionSettings(dictionary: nil)?.compressor() : nil
  }

  // MARK: Meta blocks

  mutating func appendDictionary(
    _ dictionary: CompressionDictionary?, to sink: inout BlockSink
  ) throws(DatabaseError) {
    guard let dictionary, dictionary.bytes.count > 0 else { return }
    meta.append(("rocksdb.compression_dict", try sink.append(dictionary.bytes)))
  }

  /// Sorted by internal key; they may overlap.
  mutating func appendRangeDeletions(
    _ tombstones: [RangeTombstone], to sink: inout BlockSink
  ) throws(DatabaseError) {
    guard !tombstones.isEmpty else { return }
    var block = BlockBuilder(restartInterval: 1)
    for tombstone in tombstones {
      let key = InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: EntryKind.rangeDeletion)
      key.bytes.withUnsafeBytes { key in tombstone.end.withUnsafeBytes { block.add(key, value: $0) } }
    }
    meta.append(("rocksdb.range_del", try sink.append(block.finish())))
  }

  /// Writes properties, metaindex and footer, and gives the file all that is buffered.
  mutating func close(_ sink: inout BlockSink) throws(DatabaseError) {
    if !options.isLevelDB { try appendProperties(to: &sink) }
    let namesIndex = options.formatVersion >= 6
    if namesIndex { meta.append(("rocksdb.index", indexHandle)) }
    meta.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var metaindex = BlockBuilder(restartInterval: 1)
    var value = ByteWriter(capacity: 32)
    for entry in meta {
      value.removeAll()
      entry.handle.append(to: &value)
      Array(entry.name.utf8).withUnsafeBytes { metaindex.add($0, value: value.bytes) }
    }
    let handle = try sink.append(metaindex.finish())
    let footer = Footer(
      formatVersion: UInt32(options.formatVersion), checksum: options.checksum, metaindex: handle,
      index: namesIndex ? nil : indexHandle, contextBase: contextBase, offset: sink.offset)
    var bytes = ByteWriter(capacity: Footer.longestSize)
    footer.append(to: &bytes)
    try sink.append(unframed: bytes.bytes)
    try sink.flush()
  }

  // MARK: Properties

  private mutating func appendProperties(to sink: inout BlockSink) throws(DatabaseError) {
    complete(storedTypes: sink.storedTypes)
    var block = BlockBuilder(restartInterval: Int.max)
    for property in properties.all {
      property.name.withUnsafeBytes { name in property.value.withUnsafeBytes { block.add(name, value: $0) } }
    }
    meta.append(("rocksdb.properties", try sink.append(block.finish())))
  }

  private mutating func complete(storedTypes: UInt64) {
    for property in options.keptProperties where properties[property.name] == nil {
      properties[property.name] = property.value
    }
    properties.wholeKeyFiltering = true
    properties.prefixFiltering = options.prefixLength != nil
    properties.set(.prefixExtractor, options.prefixLength.map { "rocksdb.FixedPrefix.\($0)" } ?? "nullptr")
    properties.comparator = options.order.name
    properties.mergeOperator = options.mergeOperator ?? "nullptr"
    properties.entryCount = counts.entries
    properties.rangeDeletionCount = counts.rangeDeletions
    properties.deletionCount = counts.deletions
    properties.mergeOperandCount = counts.mergeOperands
    properties.rawKeySize = counts.keyBytes
    properties.rawValueSize = counts.valueBytes
    properties.dataSize = dataSize
    properties.set(.tailStartOffset, dataSize)
    properties.set(.smallestSequence, counts.smallestSequence)
    properties.set(.largestSequence, counts.largestSequence)
    properties.formatVersion = UInt64(options.formatVersion)
    properties.set(.fixedKeyLength, 0)
    properties.creationTime = options.creationTime
    if let origin = options.origin, origin.fileNumber > 0 { origin.store(in: &properties) }
    properties.compression = compressionName(storedTypes)
    if options.external {
      properties.externalVersion = 2
      properties.globalSequence = 0
      properties.columnFamilyID = 0x7FFF_FFFF
    } else {
      properties.columnFamilyID = UInt64(options.columnFamilyID)
      properties.columnFamilyName = options.columnFamilyName
    }
  }

  /// Readers trust it: from format_version 7 on it names every type that occurs, before that the codec of the table.
  private func compressionName(_ storedTypes: UInt64) -> String {
    guard options.formatVersion >= 7 else { return options.compression.propertyName }
    guard options.compression != .none else { return ";;" }
    let type = options.compression.rawValue
    let isStored = storedTypes >> UInt64(type) & 1 == 1
    let digits = isStored ? (type < 16 ? "0" : "") + String(type, radix: 16, uppercase: true) : ""
    return "BuiltinV2;\(digits);"
  }
}
