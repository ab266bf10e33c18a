/// Asks a table's filter for every key that the table holds: a "no" is a false negative, and a key that reads miss.
///
/// Keys must be asked in table order: one partition is in memory at a time. Used by one thread.
struct FilterAudit {
  private enum Shape {
    case none
    case full(FullFilter)
    case blockBased(BlockBasedFilter)
    case partitioned
  }

  private let file: TableFile
  private let shape: Shape
  private let owner: ByteBuffer?
  /// What leads to the partitions; their separators are in `separators`.
  private let partitions: [TableMap.DataBlock]
  private let separators: [UInt8]
  private var current = -1
  /// The partition `current` and its bytes; nil when it cannot be read.
  private var partition: FullFilter?
  private var partitionOwner: ByteBuffer?
  private let keysAreUserKeys: Bool
  private let order: KeyOrder
  private let wholeKeys: Bool
  private let prefix: PrefixRule?

  init(_ file: TableFile, _ metaIndex: MetaIndex, _ properties: TableProperties?, _ map: TableMap, order: KeyOrder) {
    self.file = file
    self.order = order
    partitions = map.filterPartitions
    separators = map.filterPartitions.isEmpty ? [] : map.separators
    keysAreUserKeys = properties?.indexKeysAreUserKeys ?? false
    wholeKeys = properties?.wholeKeyFiltering ?? true
    prefix = properties.flatMap { $0.prefixFiltering ? PrefixRule($0) : nil }
    guard let filter = metaIndex.filters.first,
      filter.policy == "leveldb.BuiltinBloomFilter2" || filter.policy == "rocksdb.BuiltinBloomFilter"
    else {
      shape = .none
      owner = nil
      return
    }
    if filter.kind == .partitioned {
      shape = .partitioned
      owner = nil
      return
    }
    do throws(DatabaseError) {
      let contents = try file.readBlock(filter.handle, kind: .filter)
      owner = contents
      if filter.kind == .full {
        shape = .full(FullFilter(contents.bytes))
      } else {
        let isLevelDB = filter.policy == "leveldb.BuiltinBloomFilter2"
        shape = BlockBasedFilter(contents.bytes, isLevelDB: isLevelDB).map { .blockBased($0) } ?? .none
      }
    } catch {
      // The pass over all blocks reports the damage itself.
      shape = .none
      owner = nil
    }
  }

  /// Reads the partition `current`. Where it cannot be read its keys cannot be asked for; the damage itself is reported
  /// by the pass over all blocks.
  private mutating func readPartition() {
    do throws(DatabaseError) {
      let contents = try file.readBlock(partitions[current].handle, kind: .filterPartition)
      partition = FullFilter(contents.bytes)
      partitionOwner = contents
    } catch {
      partition = nil
    }
  }

  var isPresent: Bool { if case .none = shape { false } else { true } }

  /// Whether a reader that asks for `internalKey` in the data block at `blockOffset` would find it.
  @inline(__always)
  mutating func admits(_ internalKey: UnsafeRawBufferPointer, blockOffset: UInt64) -> Bool {
    let userKey = order.withoutTimestamp(internalKey.internalKeyUserKey)
    switch shape {
    case .none: return true
    case .full(let filter): return admits(userKey, filter)
    case .blockBased(let filter): return !wholeKeys || filter.mayContain(userKey, blockOffset: blockOffset)
    case .partitioned:
      guard !partitions.isEmpty else { return true }
      advance(to: internalKey)
      guard let partition else { return true }
      return admits(userKey, partition)
    }
  }

  @inline(__always)
  private func admits(_ userKey: UnsafeRawBufferPointer, _ filter: FullFilter) -> Bool {
    if wholeKeys, !filter.mayContain(userKey) { return false }
    guard let prefix, let part = prefix.prefix(of: userKey) else { return true }
    return filter.mayContain(part)
  }

  /// The partition of a key is the first whose separator is not before it, else the last.
  private mutating func advance(to internalKey: UnsafeRawBufferPointer) {
    var wanted = max(current, 0)
    while wanted + 1 < partitions.count, isBehind(partitions[wanted], internalKey) { wanted += 1 }
    guard wanted != current else { return }
    current = wanted
    readPartition()
  }

  /// Whether the key comes after everything in the partition.
  private func isBehind(_ partition: TableMap.DataBlock, _ internalKey: UnsafeRawBufferPointer) -> Bool {
    separators.withUnsafeBytes { bytes in
      let separator = UnsafeRawBufferPointer(rebasing: bytes[partition.separator])
      return keysAreUserKeys
        ? order.compare(separator, internalKey.internalKeyUserKey) < 0
        : separator.count >= 8 && order.compareInternal(separator, internalKey) < 0
    }
  }
}

/// RocksDB's built-in prefix extractors, by the names that tables record.
struct PrefixRule: Sendable {
  private let length: Int
  private let isCapped: Bool

  /// nil for an extractor that is not built in.
  init?(_ properties: TableProperties) {
    guard let bytes = properties[.prefixExtractor] else { return nil }
    let name = String(decoding: bytes, as: UTF8.self)
    let parts = name.split(separator: ".")
    guard parts.count == 3, parts[0] == "rocksdb", let length = Int(parts[2]), length >= 0 else { return nil }
    guard parts[1] == "FixedPrefix" || parts[1] == "CappedPrefix" else { return nil }
    self.length = length
    isCapped = parts[1] == "CappedPrefix"
  }

  /// nil when the key has none.
  func prefix(of userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard isCapped || userKey.count >= length else { return nil }
    return UnsafeRawBufferPointer(rebasing: userKey.prefix(length))
  }
}
