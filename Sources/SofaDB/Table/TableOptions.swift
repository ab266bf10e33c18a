/// How a table is written. The defaults give files that RocksDB 7.8 and everything later reads.
public struct TableOptions: Sendable {
  /// How the index is laid out; RocksDB's numbers.
  public enum IndexType: UInt32, Sendable {
    /// One index block.
    case binarySearch = 0
    /// Index partitions under a top-level index; filters are partitioned with them.
    case twoLevel = 2
  }

  /// What is made of the last key of a block before it becomes an index key (RocksDB's `index_shortening`).
  public enum IndexShortening: Sendable { case none, separators, separatorsAndSuccessor }

  /// Codec of data and index blocks; one that can be encoded.
  public var compression: Compression = .lz4
  /// nil for the codec's own default.
  public var level: Int?
  /// Dictionary of the data blocks, stored in the table.
  public var dictionary: CompressionDictionary?
  /// Bytes of a dictionary that is trained on the first blocks when none is given; 0 for none. The writer then keeps
  /// a hundred times as many bytes in memory before it stores the first block.
  public var trainedDictionarySize = 0
  /// Bytes of entries after which a data block is cut, before compression.
  public var blockSize = 4096
  /// Entries between restart points of data blocks.
  public var restartInterval = 16
  /// Adds a hash index to data blocks of at most 64 KiB.
  public var hashesDataBlocks = false
  /// Anything but `none`.
  public var checksum: ChecksumType = .crc32c
  /// 2...7. RocksDB 7.8 reads up to 5, 8.6 up to 6, 10.4 up to 7. 0 stands for LevelDB's own format, which RocksDB
  /// reads too.
  public var formatVersion = 5
  /// Bits of Bloom filter for each key; below 0.5 there is no filter.
  public var filterBitsPerKey = 10.0

  /// Bytes at the start of user keys that go into the filter beside whole keys, at least 1, so that a cursor over the
  /// keys with one prefix passes tables by that have none of them; nil for whole keys only. RocksDB calls it
  /// `rocksdb.FixedPrefix.N`.
  public var prefixLength: Int?

  /// Of new tables.
  public var indexType: IndexType = .binarySearch
  /// Bytes of an index of one level above which it gets two levels whatever `indexType` says; nil for never.
  public var partitionThreshold: Int?
  /// Bytes of a partition of the index or the filter, before compression.
  public var partitionSize = 4096
  /// Entries between restart points of index blocks; at least 1.
  public var indexRestartInterval = 1
  /// Shorter index keys make a smaller index.
  public var indexShortening: IndexShortening = .separators
  /// Stores user keys in the index where they suffice; needs format_version 3.
  public var indexKeysAreUserKeys = false
  /// Stores differences of handles in the index; needs format_version 4.
  public var indexValuesAreDeltaCoded = false
  /// Whether index blocks are compressed with the codec of the data.
  public var compressesIndex = true

  /// The order of the keys, which the properties record by name.
  public var order: KeyOrder = .bytewise
  /// Whether the file is made for ingestion: each user key once, every sequence number 0.
  public var external = false
  /// Where the table belongs; not stored in external tables.
  public var columnFamilyID: UInt32 = 0
  /// Its name; not stored in external tables.
  public var columnFamilyName = "default"
  /// Name of the merge operator that the operands are meant for, as RocksDB records it.
  public var mergeOperator: String?
  /// Unix seconds; 0 when unknown.
  public var creationTime: UInt64 = 0
  /// Where the table comes from; nil, or one without number, is not stored. Whatever writes the tables of a database
  /// begins a session and numbers them; a load does so only where this is nil.
  public var origin: TableOrigin?
  /// Further properties to store, such as those of users. What the writer knows itself it says itself.
  public var keptProperties: [TableProperties.Property] = []
  /// Base of the context checksums of format_version 6 and 7, not 0; nil for a random one.
  public var contextBase: UInt32?

  /// The defaults.
  public init() {}

  /// What LevelDB writes and reads: its footer, CRC32C, an index of one level, a small Bloom filter for every 2 KiB of
  /// blocks, no properties.
  public static var levelDB: TableOptions {
    var options = TableOptions()
    options.formatVersion = 0
    options.compression = .snappy
    return options
  }

  @inline(__always) var isLevelDB: Bool { formatVersion == 0 }

  /// Refuses what would give a table that RocksDB rejects or cannot read.
  func validate() throws(DatabaseError) {
    guard isLevelDB || (2...7).contains(formatVersion) else {
      throw invalid("format_version \(formatVersion) cannot be written")
    }
    guard compression.canEncode else {
      throw DatabaseError(.unsupported, "\(compression.propertyName) cannot be written")
    }
    if let level, let levels = compression.levels, !levels.contains(level) {
      throw invalid("\(compression.name) has no level \(level)")
    }
    guard (0...(1 << 20)).contains(trainedDictionarySize) else { throw invalid("dictionary size is out of range") }
    guard checksum != .none else { throw invalid("tables are not written without checksums") }
    guard order.isKnown else { throw DatabaseError(.unsupported, "unknown key order \(order.name)") }
    guard (1...(256 << 20)).contains(blockSize) else { throw invalid("block size \(blockSize) is out of range") }
    guard (1...(1 << 30)).contains(partitionSize) else { throw invalid("partition size is out of range") }
    guard restartInterval >= 1, indexRestartInterval >= 1 else { throw invalid("restart interval below 1") }
    guard filterBitsPerKey.isFinite, filterBitsPerKey <= 100 else { throw invalid("filter bits are out of range") }
    guard !indexKeysAreUserKeys || formatVersion >= 3 else { throw invalid("user index keys need format_version 3") }
    guard !indexValuesAreDeltaCoded || formatVersion >= 4 else {
      throw invalid("delta-coded index values need format_version 4")
    }
    guard !hashesDataBlocks || order.timestampSize == 0 else {
      throw invalid("a hash index cannot be used with user timestamps")
    }
    if let prefixLength, !(1...(1 << 20)).contains(prefixLength) { throw invalid("the prefix is out of range") }
    if isLevelDB { try validateLevelDB() }
    guard contextBase != 0 else { throw invalid("the context base must not be 0") }
  }

  private func validateLevelDB() throws(DatabaseError) {
    guard compression == .none || compression == .snappy, checksum == .crc32c, indexType == .binarySearch,
      partitionThreshold == nil, dictionary == nil, trainedDictionarySize == 0, !hashesDataBlocks, prefixLength == nil,
      !indexKeysAreUserKeys, !indexValuesAreDeltaCoded, order.timestampSize == 0, !external
    else { throw invalid("LevelDB has no tables of this kind") }
  }

  private func invalid(_ detail: String) -> DatabaseError { DatabaseError(.invalid, detail) }

  /// How blocks are compressed; nil when they are not.
  func compressionSettings(dictionary: CompressionDictionary?) -> CompressionSettings? {
    if compression == .none { return nil }
    return CompressionSettings(codec: compression, level: level, dictionary: dictionary)
  }
}
