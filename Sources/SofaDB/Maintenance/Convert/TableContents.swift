/// What a change of codec must leave as it is, in a form that can be compared: digests of the uncompressed contents
/// of all blocks but those that hold handles, of the separators in the index, and the properties that do not speak of
/// compression and sizes.
struct TableContents: Sendable, Equatable {
  struct Part: Sendable, Equatable {
    var name: String
    var digest: PieceDigest.Value
  }

  /// Properties that follow from codec and layout, and those that tell one file from another.
  static let layoutProperties: Set<PropertyName> = [
    .compression, .compressionOptions, .dataSize, .indexSize, .topLevelIndexSize, .filterSize, .tailStartOffset,
    .rejectedCompressionCount, .bypassedCompressionCount, .userDefinedIndexIsPrimary,
    .databaseIdentity, .sessionIdentity, .hostIdentity, .originalFileNumber,
  ]

  private(set) var formatVersion: UInt32
  private(set) var checksum: ChecksumType
  private(set) var dataBlocks: UInt64
  /// Uncompressed.
  private(set) var dataBytes: UInt64
  private(set) var data: PieceDigest.Value
  private(set) var separators: PieceDigest.Value
  /// Filters, range deletions and whatever else has a name.
  private(set) var parts: [Part]
  private(set) var properties: [TableProperties.Property]

  /// `stream` is at its end. `isFilterBound`: whether filters depend on the places of data blocks.
  init(_ source: TableReader, _ stream: DataBlockStream) throws(DatabaseError) {
    formatVersion = source.file.footer.formatVersion
    checksum = source.file.footer.checksum
    dataBlocks = stream.contents.count
    dataBytes = stream.contents.bytes
    data = stream.finishContents()
    separators = stream.finishSeparators()
    parts = []
    for entry in source.metaIndex.entries {
      guard let digest = try TableContents.digest(of: entry, in: source) else { continue }
      parts.append(Part(name: String(decoding: entry.name, as: UTF8.self), digest: digest))
    }
    let layout = Set(TableContents.layoutProperties.map { Array($0.rawValue.utf8) })
    properties = source.properties.all.filter { !layout.contains($0.name) }
  }

  /// nil for what is made anew: blocks with handles, the dictionary, and filters that go by the places of blocks.
  private static func digest(
    of entry: MetaIndex.Entry, in source: TableReader
  ) throws(DatabaseError) -> PieceDigest.Value? {
    let kind = source.metaIndex.kind(of: entry)
    switch kind {
    case .properties, .index, .dictionary, .userDefinedIndex: return nil
    case .filter where source.metaIndex.isBlockBasedFilter(entry): return nil
    case .filterIndex:
      var digest = PieceDigest()
      try source.forEachFilterPartition(entry.handle) { (separator, handle) throws(DatabaseError) in
        digest.add(separator)
        let partition = try source.file.readBlock(handle, kind: .filterPartition)
        withExtendedLifetime(partition) { digest.add(partition.bytes) }
      }
      return digest.finish()
    default:
      let contents = try source.file.readBlock(entry.handle, kind: kind)
      return withExtendedLifetime(contents) { .hash(contents.bytes) }
    }
  }

  /// What differs from `other`, in words; nil when nothing does.
  func difference(from other: TableContents) -> String? {
    if dataBlocks != other.dataBlocks { return "\(dataBlocks) data blocks, \(other.dataBlocks) before" }
    if data != other.data || dataBytes != other.dataBytes { return "the contents of its data blocks" }
    if separators != other.separators { return "the separators in its index" }
    if parts != other.parts { return "its filters, range deletions or other blocks" }
    if properties != other.properties { return "its properties" }
    return self == other ? nil : "its format"
  }

  /// A digest of all of it, for reports.
  var digest: PieceDigest.Value {
    var digest = PieceDigest()
    digest.add(data, length: Int(clamping: dataBytes))
    digest.add(separators, length: Int(clamping: dataBlocks))
    for part in parts {
      Array(part.name.utf8).withUnsafeBytes { digest.add($0) }
      digest.add(part.digest, length: 0)
    }
    for property in properties {
      property.name.withUnsafeBytes { digest.add($0) }
      property.value.withUnsafeBytes { digest.add($0) }
    }
    return digest.finish()
  }
}

extension MetaIndex {
  /// Whether the entry is a filter that goes by the places of data blocks: LevelDB's.
  func isBlockBasedFilter(_ entry: Entry) -> Bool {
    entry.name.starts(with: Array(FilterKind.blockBased.rawValue.utf8))
  }
}

extension TableReader {
  /// The partitions of a partitioned filter, whose top level is at `handle`, with the separators that lead to them.
  func forEachFilterPartition(
    _ handle: BlockHandle,
    _ body: (_ separator: UnsafeRawBufferPointer, _ handle: BlockHandle) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let contents = try file.readBlock(handle, kind: .filterIndex)
    defer { withExtendedLifetime(contents) {} }
    var cursor = BlockCursor()
    func step() throws(DatabaseError) -> BlockHandle? {
      do throws(FormatError) {
        return try cursor.next() ? try cursor.indexHandle() : nil
      } catch {
        throw file.corruption(error, .filterIndex, at: handle)
      }
    }
    do throws(FormatError) {
      try cursor.load(contents.bytes, as: indexFormat.layout(topLevel: true))
    } catch {
      throw file.corruption(error, .filterIndex, at: handle)
    }
    var floor: UInt64 = 0
    while let partition = try step() {
      guard partition.offset >= floor, let end = partition.end else {
        throw file.corruption(FormatError("handles of partitions do not ascend"), .filterIndex, at: handle)
      }
      floor = end
      try body(cursor.key, partition)
    }
  }
}
