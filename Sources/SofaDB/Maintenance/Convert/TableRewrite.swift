/// A table while it is written anew: the parts are appended in the order of the file.
struct TableRewrite: ~Copyable {
  private let transcoder: TableTranscoder
  private let source: TableReader
  private let dictionary: CompressionDictionary?
  private let contextBase: UInt32
  private var sink: BlockSink
  /// The data blocks, before and now.
  private var oldHandles: [BlockHandle] = []
  private var handles: [BlockHandle] = []
  private var filterHashes = BlockFilterRewrite()
  private var rejected: UInt64 = 0
  /// Names and places for the metaindex.
  private var meta: [MetaIndex.Entry] = []
  private var indexHandle = BlockHandle(offset: 0, size: 0)
  private var layout: TranscodeProperties.Layout
  /// Where the data blocks end.
  private(set) var dataSize: UInt64 = 0

  init(_ transcoder: TableTranscoder, file: any AppendFile, dictionary: CompressionDictionary?) {
    self.transcoder = transcoder
    source = transcoder.source
    self.dictionary = dictionary
    let footer = source.file.footer
    // Not the old one: a block of the old file in the place of a new one is to be noticed.
    contextBase = footer.contextBase == 0 ? 0 : (footer.contextBase &* 0x9E37_79B1) | 1
    sink = BlockSink(file: file, checksum: footer.checksum, contextBase: contextBase)
    layout = TranscodeProperties.Layout(
      dataSize: 0, oldIndexSize: 0, newIndexSize: 0, topLevelIndexSize: nil, filterGrowth: 0, storedTypes: 0,
      dataBlocks: 0, rejected: 0, dictionarySize: transcoder.target.dictionarySize)
  }

  /// Bytes so far.
  var fileSize: UInt64 { sink.offset }

  // MARK: Data

  /// Returns what the old table holds.
  mutating func appendData(
    on pool: BlockPool, with tools: BlockTools, progress: (UInt64) throws(DatabaseError) -> Void
  ) throws(DatabaseError) -> TableContents {
    let settings = transcoder.target.settings(dictionary: dictionary, framing: transcoder.framing)
    let hashing = source.metaIndex.entries.first(where: BlockFilterRewrite.isKnown).map { entry in
      String(decoding: entry.name, as: UTF8.self).hasPrefix("filter.rocksdb.")
        ? BlockWork.KeyHashing.rocksdb : .leveldb
    }
    let work = BlockWork(source, target: BlockWork.Target(settings: settings), keyHashing: hashing)
    let stream = try DataBlockStream(source, work: work, pool: pool, tools: tools)
    while let (run, bytes) = try stream.next() {
      try take(run)
      try progress(bytes)
    }
    dataSize = sink.offset
    let contents = try TableContents(source, stream)
    try checkCount(contents.dataBlocks)
    return contents
  }

  private mutating func take(_ run: BlockRun) throws(DatabaseError) {
    var start = 0
    for (handle, block) in zip(run.takenHandles, run.blocks) {
      let bytes = UnsafeRawBufferPointer(rebasing: run.output.bytes[start..<block.end])
      let type = Mutant.blocksMislabelled.isOn ? Compression.none.rawValue : block.type
      handles.append(try sink.append(stored: bytes, type: type, blockChecksum: block.blockChecksum))
      if block.type == Compression.none.rawValue { rejected += 1 }
      oldHandles.append(handle)
      start = block.end
    }
    if run.work.keyHashing != nil { filterHashes.add(run) }
  }

  /// An index that leads to fewer blocks than there are would lose data without a trace. RocksDB 11 counts none where
  /// there is a dictionary.
  private func checkCount(_ count: UInt64) throws(DatabaseError) {
    let stated = source.properties.dataBlockCount
    guard stated != 0, stated != count else { return }
    throw DatabaseError(
      .corruption, file: source.name, offset: source.indexHandle.offset,
      "index block: it leads to \(count) data blocks, and the properties count \(stated)")
  }

  // MARK: Filters and index

  mutating func appendFilters() throws(DatabaseError) {
    for entry in source.metaIndex.entries {
      switch source.metaIndex.kind(of: entry) {
      case .filter where source.metaIndex.isBlockBasedFilter(entry): try appendBlockBased(entry)
      case .filter: try copy(entry, .filter, compressor: nil)
      case .filterIndex: try appendPartitioned(entry)
      default: break
      }
    }
  }

  private mutating func appendBlockBased(_ entry: MetaIndex.Entry) throws(DatabaseError) {
    let old = try source.file.readBlock(entry.handle, kind: .filter)
    defer { withExtendedLifetime(old) {} }
    guard BlockFilterRewrite.isKnown(entry),
      let filter = filterHashes.block(like: old.bytes, old: oldHandles, new: handles)
    else { return }
    defer { withExtendedLifetime(filter) {} }
    meta.append(MetaIndex.Entry(name: entry.name, handle: try sink.append(filter.bytes)))
  }

  private mutating func appendPartitioned(_ entry: MetaIndex.Entry) throws(DatabaseError) {
    var old: [BlockHandle] = []
    try source.forEachFilterPartition(entry.handle) { (_, handle) throws(DatabaseError) in old.append(handle) }
    var new: [BlockHandle] = []
    for handle in old {
      let partition = try source.file.readBlock(handle, kind: .filterPartition)
      defer { withExtendedLifetime(partition) {} }
      new.append(try sink.append(partition.bytes))
    }
    let contents = try source.file.readBlock(entry.handle, kind: .filterIndex)
    let top = try IndexRewrite.rebuild(contents, source, .filterIndex, at: entry.handle, topLevel: true, new[...])
    defer { withExtendedLifetime(top) {} }
    guard top.entries == new.count else {
      throw source.file.corruption(FormatError("it changed while it was read"), .filterIndex, at: entry.handle)
    }
    layout.filterGrowth += Int64(top.contents.count) - Int64(contents.count)
    meta.append(MetaIndex.Entry(name: entry.name, handle: try sink.append(top.contents.bytes)))
  }

  mutating func appendIndex() throws(DatabaseError) {
    let compressor = try indexCompressor()
    for entry in source.metaIndex.entries where source.metaIndex.kind(of: entry) == .hashIndex {
      try copy(entry, .hashIndex, compressor: compressor)
    }
    var index = IndexRewrite(source, handles: handles, compressor: compressor)
    indexHandle = try index.append(to: &sink)
    layout.oldIndexSize = index.oldSize
    layout.newIndexSize = index.newSize
    layout.topLevelIndexSize = index.topLevelSize
  }

  /// Index blocks are compressed, without the dictionary, where they were, and where nothing in the table was, which is
  /// what engines do unless told otherwise.
  private func indexCompressor() throws(DatabaseError) -> Compressor? {
    guard let settings = transcoder.target.settings(dictionary: nil, framing: transcoder.framing) else { return nil }
    let none = Compression.none.rawValue
    var isCompressed = try source.file.readStored(source.indexHandle, kind: .index).trailer.compressionByte != none
    if !isCompressed {
      for handle in try source.indexPartitions() where !isCompressed {
        isCompressed = try source.file.readStored(handle, kind: .indexPartition).trailer.compressionByte != none
      }
    }
    let wasPlain = TableCodec.types(named: source.properties).map { $0.isEmpty || $0 == [none] } ?? false
    return isCompressed || wasPlain ? settings.compressor() : nil
  }

  // MARK: The rest

  /// The dictionary, and every other block that the metaindex names.
  mutating func appendRest() throws(DatabaseError) {
    if let dictionary, dictionary.bytes.count > 0 {
      let handle = try sink.append(dictionary.bytes)
      meta.append(MetaIndex.Entry(name: Array("rocksdb.compression_dict".utf8), handle: handle))
    }
    for entry in source.metaIndex.entries {
      let kind = source.metaIndex.kind(of: entry)
      if kind == .rangeDeletions || kind == .other { try copy(entry, kind, compressor: nil) }
    }
  }

  private mutating func copy(
    _ entry: MetaIndex.Entry, _ kind: BlockKind, compressor: Compressor?
  ) throws(DatabaseError) {
    let contents = try source.file.readBlock(entry.handle, kind: kind)
    defer { withExtendedLifetime(contents) {} }
    let handle = try sink.append(contents.bytes, compressor: compressor)
    meta.append(MetaIndex.Entry(name: entry.name, handle: handle))
  }

  /// Writes properties, metaindex and footer.
  mutating func close() throws(DatabaseError) {
    let footer = source.file.footer
    try appendProperties()
    let namesIndex = footer.formatVersion >= 6
    if namesIndex { meta.append(MetaIndex.Entry(name: Array("rocksdb.index".utf8), handle: indexHandle)) }
    meta.sort { $0.name.lexicographicallyPrecedes($1.name) }
    var block = BlockBuilder(restartInterval: 1)
    var value = ByteWriter(capacity: BlockHandle.longestEncoding)
    for entry in meta {
      value.removeAll()
      entry.handle.append(to: &value)
      entry.name.withUnsafeBytes { block.add($0, value: value.bytes) }
    }
    let metaindex = try sink.append(block.finish())
    let new = Footer(
      formatVersion: footer.formatVersion, checksum: footer.checksum, metaindex: metaindex,
      index: namesIndex ? nil : indexHandle, contextBase: contextBase, offset: sink.offset)
    var bytes = ByteWriter(capacity: Footer.longestSize)
    new.append(to: &bytes)
    try sink.append(unframed: bytes.bytes)
    try sink.flush()
  }

  private mutating func appendProperties() throws(DatabaseError) {
    guard let entry = source.metaIndex.entries.first(where: { source.metaIndex.kind(of: $0) == .properties }) else {
      return
    }
    layout.dataSize = dataSize
    layout.storedTypes = sink.storedTypes
    layout.dataBlocks = UInt64(handles.count)
    layout.rejected = rejected
    let properties = TranscodeProperties.updated(
      source.properties, for: transcoder.target, formatVersion: source.file.footer.formatVersion, layout,
      origin: transcoder.origin)
    var block = BlockBuilder(restartInterval: Int.max)
    for property in properties.all {
      property.name.withUnsafeBytes { name in property.value.withUnsafeBytes { block.add(name, value: $0) } }
    }
    meta.append(MetaIndex.Entry(name: entry.name, handle: try sink.append(block.finish())))
  }
}
