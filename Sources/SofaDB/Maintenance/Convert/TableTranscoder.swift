/// Rewrites one table with another codec: every block is checked, decompressed and compressed anew; index, metaindex,
/// properties and footer are made for the new places. Entries are not decoded, so any comparator will do.
///
///     data blocks -> filters -> [index partitions] index -> [dictionary] -> range deletions and others ->
///     properties -> metaindex -> footer
///
/// Kept: format_version, checksum type, separators and restart points of the index, filters, all properties that do
/// not speak of compression, sizes and the table's origin. Given up: alignment padding, the old dictionary, indexes of
/// plug-ins, which hold places of blocks and which the table's own index replaces.
struct TableTranscoder {
  /// The largest block that is decompressed, in bytes.
  static let blockLimit = 256 << 20

  let source: TableReader
  let target: TranscodeTarget
  /// Of the new table; nil for none.
  let origin: TableOrigin?

  /// Refuses tables that cannot be converted without knowing their entries, and codecs that the table's engine would
  /// not read.
  init(_ source: TableReader, to target: TranscodeTarget, origin: TableOrigin? = nil) throws(DatabaseError) {
    self.origin = origin
    self.source = source
    self.target = target
    if source.properties.hasEmbeddedBlobs {
      throw refusal("values lie between its data blocks, at places that its entries name")
    }
    if source.properties.number(.userDefinedIndexIsPrimary) ?? 0 != 0 {
      throw refusal("its index is that of a plug-in")
    }
    if source.isLevelDB, target.codec != .none, target.codec != .snappy, !target.isForced {
      let exception = target.codec == .zstd ? "; LevelDB after 1.23 reads zstd" : ""
      throw refusal("LevelDB 1.23 would not read \(target.codec.name) blocks\(exception)")
    }
  }

  private func refusal(_ detail: String) -> DatabaseError { DatabaseError(.unsupported, file: source.name, detail) }

  /// Opens a table for conversion. `size` and `largestSequence` are what the MANIFEST says.
  static func open(
    _ file: any RandomAccessFile, size: UInt64? = nil, largestSequence: SequenceNumber? = nil
  ) throws(DatabaseError) -> TableReader {
    try TableReader(file, size: size, largestSequence: largestSequence, blockLimit: blockLimit)
  }

  // MARK: What is there

  /// Whether all blocks have the codec already, and the level and the dictionary if those are asked for.
  func isDone() throws(DatabaseError) -> Bool {
    let properties = source.properties
    let type = storedType
    if source.metaIndex.properties != nil {
      guard TableCodec.types(named: properties).map({ $0.isSubset(of: [type]) }) ?? false else { return false }
      // Version 7 says so where compression was off; no codec named means that no block became smaller.
      if target.codec != .none, properties.compression?.hasPrefix(";") ?? false { return false }
      if target.codec == .none, source.dictionary != nil { return false }
      let dictionarySize = TranscodeProperties.option("max_dict_bytes", of: properties)
      if target.dictionarySize > 0, dictionarySize != target.dictionarySize { return false }
      if let level = target.level {
        guard let stored = TranscodeProperties.option("level", of: properties) else { return false }
        let known = stored == TranscodeProperties.defaultLevel ? target.codec.defaultLevel : stored
        guard known == level else { return false }
      }
    } else if target.level != nil {
      return false
    }
    for block in try source.metaBlocks() where block.kind == .index || block.kind == .indexPartition {
      guard try isStored(block.handle, as: type) else { return false }
    }
    var index = source.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      try source.file.check(index.handle, kind: .data)
      guard try isStored(index.handle, as: type) else { return false }
      try index.next()
    }
    return true
  }

  /// The type byte of compressed blocks.
  private var storedType: UInt8 {
    target.codec == .zstd && framing == .leveldb ? Compression.zlib.rawValue : target.codec.rawValue
  }

  private func isStored(_ handle: BlockHandle, as type: UInt8) throws(DatabaseError) -> Bool {
    try source.file.check(handle, kind: .data)
    let byte = try source.file.file.copy(1, at: handle.offset + handle.size)[0]
    return byte == type || byte == Compression.none.rawValue
  }

  /// How compressed blocks are framed in the new table: LevelDB's is for its own tables.
  var framing: BlockFraming {
    source.isLevelDB ? .leveldb : source.file.footer.formatVersion < 2 ? .unsized : .sized
  }

  /// Things about the result that its owner should know.
  var remarks: [String] {
    var remarks: [String] = []
    for entry in source.metaIndex.entries {
      let name = EscapedText.printable(String(decoding: entry.name, as: UTF8.self))
      switch source.metaIndex.kind(of: entry) {
      case .userDefinedIndex: remarks.append("\(name) was left out: its handles would be wrong")
      case .filter where source.metaIndex.isBlockBasedFilter(entry) && !BlockFilterRewrite.isKnown(entry):
        remarks.append("\(name) was left out: it depends on the places of blocks, and its policy is not known")
      default: break
      }
    }
    return remarks
  }

  // MARK: Writing

  /// Writes the new table to `file`, which is empty, and leaves it open and not synced. Blocks are processed on this
  /// thread and on those that assist `pool`. `progress` is told of bytes read, and may throw to end the work.
  func write(
    to file: any AppendFile, on pool: BlockPool, with tools: BlockTools,
    progress: (UInt64) throws(DatabaseError) -> Void
  ) throws(DatabaseError) -> TranscodedTable {
    let dictionary =
      source.isLevelDB ? nil : try DictionaryTraining(source, size: target.dictionarySize, tools).dictionary()
    var rewrite = TableRewrite(self, file: file, dictionary: dictionary)
    let contents = try rewrite.appendData(on: pool, with: tools, progress: progress)
    try rewrite.appendFilters()
    try rewrite.appendIndex()
    try rewrite.appendRest()
    try rewrite.close()
    return TranscodedTable(
      fileSize: rewrite.fileSize, dataSize: rewrite.dataSize, contents: contents, remarks: remarks)
  }

  /// Reads the new table back from `file` and throws unless it holds what the old one did.
  static func prove(
    _ table: TranscodedTable, in file: any RandomAccessFile, on pool: BlockPool, with tools: BlockTools,
    progress: (UInt64) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let reader = try open(file, size: table.fileSize)
    let work = BlockWork(reader, target: nil)
    let stream = try DataBlockStream(reader, work: work, pool: pool, tools: tools)
    while let (_, bytes) = try stream.next() { try progress(bytes) }
    let contents = try TableContents(reader, stream)
    guard let difference = contents.difference(from: table.contents) else { return }
    throw DatabaseError(
      .corruption, file: file.name, "read back, the new table differs from the old one: \(difference)")
  }
}

/// What became of a table.
struct TranscodedTable: Sendable {
  /// Bytes.
  var fileSize: UInt64
  /// Where the data blocks end, in bytes from the start of the file.
  var dataSize: UInt64
  var contents: TableContents
  var remarks: [String]
}
