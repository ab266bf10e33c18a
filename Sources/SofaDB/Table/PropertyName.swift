/// The table properties that RocksDB defines, by their names on disk, and how their values are coded.
public enum PropertyName: String, Sendable, CaseIterable {
  public enum Encoding: Sendable { case varint64, bytes, fixed32, fixed64 }

  case indexType = "rocksdb.block.based.table.index.type"
  case wholeKeyFiltering = "rocksdb.block.based.table.whole.key.filtering"
  case prefixFiltering = "rocksdb.block.based.table.prefix.filtering"
  case decoupledPartitionedFilters = "rocksdb.block.based.table.decoupled.partitioned.filters"
  case indexKeysAreUserKeys = "rocksdb.index.key.is.user.key"
  case indexValuesAreDeltaEncoded = "rocksdb.index.value.is.delta.encoded"
  case prefixExtractor = "rocksdb.prefix.extractor.name"
  case comparator = "rocksdb.comparator"
  case entryCount = "rocksdb.num.entries"
  case rangeDeletionCount = "rocksdb.num.range-deletions"
  case deletionCount = "rocksdb.deleted.keys"
  case mergeOperandCount = "rocksdb.merge.operands"
  case dataBlockCount = "rocksdb.num.data.blocks"
  case rawKeySize = "rocksdb.raw.key.size"
  case rawValueSize = "rocksdb.raw.value.size"
  case dataSize = "rocksdb.data.size"
  case indexSize = "rocksdb.index.size"
  case indexPartitionCount = "rocksdb.index.partitions"
  case topLevelIndexSize = "rocksdb.top-level.index.size"
  case filterSize = "rocksdb.filter.size"
  case filterEntryCount = "rocksdb.num.filter_entries"
  case filterPolicy = "rocksdb.filter.policy"
  case formatVersion = "rocksdb.format.version"
  case fixedKeyLength = "rocksdb.fixed.key.length"
  case columnFamilyID = "rocksdb.column.family.id"
  case columnFamilyName = "rocksdb.column.family.name"
  case compression = "rocksdb.compression"
  case compressionOptions = "rocksdb.compression_options"
  case creationTime = "rocksdb.creation.time"
  case oldestKeyTime = "rocksdb.oldest.key.time"
  case newestKeyTime = "rocksdb.newest.key.time"
  case fileCreationTime = "rocksdb.file.creation.time"
  case databaseIdentity = "rocksdb.creating.db.identity"
  case sessionIdentity = "rocksdb.creating.session.identity"
  case hostIdentity = "rocksdb.creating.host.identity"
  case originalFileNumber = "rocksdb.original.file.number"
  case mergeOperator = "rocksdb.merge.operator"
  case propertyCollectors = "rocksdb.property.collectors"
  case sequenceTimeMap = "rocksdb.seqno.time.map"
  case slowCompressionSample = "rocksdb.sample_for_compression.slow.data.size"
  case fastCompressionSample = "rocksdb.sample_for_compression.fast.data.size"
  case tailStartOffset = "rocksdb.tail.start.offset"
  case timestampsPersisted = "rocksdb.user.defined.timestamps.persisted"
  case largestSequence = "rocksdb.key.largest.seqno"
  case smallestSequence = "rocksdb.key.smallest.seqno"
  case dataRestartInterval = "rocksdb.data.block.restart.interval"
  case indexRestartInterval = "rocksdb.index.block.restart.interval"
  case uniformBlockCount = "rocksdb.num.uniform.blocks"
  case separatedValues = "rocksdb.separate.key.value.in.data.block"
  case rejectedCompressionCount = "rocksdb.num.data.blocks.compression.rejected"
  case bypassedCompressionCount = "rocksdb.num.data.blocks.compression.bypassed"
  case userDefinedIndexIsPrimary = "rocksdb.udi.is.primary.index"
  case externalVersion = "rocksdb.external_sst_file.version"
  case globalSequence = "rocksdb.external_sst_file.global_seqno"
  case smallestTimestamp = "rocksdb.timestamp_min"
  case largestTimestamp = "rocksdb.timestamp_max"
  case embeddedBlobs = "rocksdb.embedded.blob.stats"

  public var encoding: Encoding {
    switch self {
    case .indexType, .externalVersion: .fixed32
    case .globalSequence: .fixed64
    case .wholeKeyFiltering, .prefixFiltering, .decoupledPartitionedFilters, .prefixExtractor, .comparator,
      .filterPolicy, .columnFamilyName, .compression, .compressionOptions, .databaseIdentity, .sessionIdentity,
      .hostIdentity, .mergeOperator, .propertyCollectors, .sequenceTimeMap, .smallestTimestamp, .largestTimestamp,
      .embeddedBlobs:
      .bytes
    default: .varint64
    }
  }
}
