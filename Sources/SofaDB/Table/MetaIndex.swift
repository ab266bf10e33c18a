/// The table of contents behind the data: names of meta blocks and where they are. Keys are plain text, sorted
/// bytewise; values are handles.
public struct MetaIndex: Sendable {
  public struct Entry: Sendable, Equatable {
    public var name: [UInt8]
    public var handle: BlockHandle
  }

  /// How a filter block is organised; the rest of its name is the policy.
  public enum FilterKind: String, Sendable, CaseIterable {
    case full = "fullfilter."
    case partitioned = "partitionedfilter."
    /// One filter for every 2 KiB of file offset: LevelDB and RocksDB before 7.
    case blockBased = "filter."
  }

  public struct Filter: Sendable, Equatable {
    public var kind: FilterKind
    /// "rocksdb.BuiltinBloomFilter" for all built-in filters of RocksDB.
    public var policy: String
    public var handle: BlockHandle

    var isLevelDB: Bool { policy == "leveldb.BuiltinBloomFilter2" }
    /// Plug-in policies have names of their own, and nobody else understands their filters.
    var isBuiltIn: Bool { isLevelDB || policy == "rocksdb.BuiltinBloomFilter" }
  }

  /// In stored order.
  public let entries: [Entry]

  /// Decodes the contents of a metaindex block.
  public init(decoding block: UnsafeRawBufferPointer) throws(FormatError) {
    var cursor = BlockCursor()
    try cursor.load(block)
    var entries: [Entry] = []
    while try cursor.next() {
      var reader = ByteReader(cursor.value)
      entries.append(Entry(name: [UInt8](cursor.key), handle: try BlockHandle(from: &reader)))
    }
    self.entries = entries
  }

  /// nil when nothing has that name.
  public subscript(name: String) -> BlockHandle? {
    let wanted = Array(name.utf8)
    return entries.first { $0.name == wanted }?.handle
  }

  /// nil in LevelDB's tables.
  public var properties: BlockHandle? { self["rocksdb.properties"] ?? self["rocksdb.stats"] }
  /// From format_version 6 on.
  public var index: BlockHandle? { self["rocksdb.index"] }
  public var rangeDeletions: BlockHandle? { self["rocksdb.range_del"] }
  public var dictionary: BlockHandle? { self["rocksdb.compression_dict"] }

  /// All filters, of which readers use the first.
  public var filters: [Filter] {
    entries.compactMap { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      guard let kind = FilterKind.allCases.first(where: { name.hasPrefix($0.rawValue) }) else { return nil }
      return Filter(kind: kind, policy: String(name.dropFirst(kind.rawValue.count)), handle: entry.handle)
    }
  }

  /// What the block of `entry` holds.
  public func kind(of entry: Entry) -> BlockKind {
    let name = String(decoding: entry.name, as: UTF8.self)
    return switch name {
    case "rocksdb.properties", "rocksdb.stats": .properties
    case "rocksdb.index": .index
    case "rocksdb.range_del": .rangeDeletions
    case "rocksdb.compression_dict": .dictionary
    case "rocksdb.hashindex.prefixes", "rocksdb.hashindex.metadata": .hashIndex
    case _ where name.hasPrefix("fullfilter."): .filter
    case _ where name.hasPrefix("partitionedfilter."): .filterIndex
    case _ where name.hasPrefix("filter."): .filter
    case _ where name.hasPrefix("rocksdb.user_defined_index."): .userDefinedIndex
    default: .other
    }
  }
}
