/// Asks a table's filter for every key that the table holds: a "no" is a false negative, and a key that reads miss.
///
/// Keys must be asked in table order. Used by one thread.
struct FilterAudit {
  private enum Shape {
    case none
    case full(FullFilter)
    case blockBased(BlockBasedFilter)
    case partitioned
  }

  private struct Partition {
    var separator: [UInt8]
    var owner: ByteBuffer
    var filter: FullFilter
  }

  private let shape: Shape
  private let owner: ByteBuffer?
  private var partitions: [Partition] = []
  private var current = 0
  private let keysAreUserKeys: Bool
  private let order: KeyOrder
  private let wholeKeys: Bool
  private let prefix: PrefixRule?
  /// Partitions or filters that could not be read.
  private(set) var problems: [TableMap.Problem] = []

  init(_ file: TableFile, _ metaIndex: MetaIndex, _ properties: TableProperties?, _ map: TableMap, order: KeyOrder) {
    self.order = order
    keysAreUserKeys = properties?.indexKeysAreUserKeys ?? false
    wholeKeys = properties?.wholeKeyFiltering ?? true
    prefix = properties.flatMap { $0.prefixFiltering ? PrefixRule($0) : nil }
    guard let filter = metaIndex.filters.first else {
      shape = .none
      owner = nil
      return
    }
    if filter.kind == .partitioned {
      shape = .partitioned
      owner = nil
      for block in map.filterPartitions { readPartition(block, file, map) }
      return
    }
    do throws(DatabaseError) {
      let contents = try file.readBlock(filter.handle, kind: .filter)
      owner = contents
      let known = filter.policy == "leveldb.BuiltinBloomFilter2" || filter.policy == "rocksdb.BuiltinBloomFilter"
      if !known {
        shape = .none
      } else if filter.kind == .full {
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

  private mutating func readPartition(_ block: TableMap.DataBlock, _ file: TableFile, _ map: TableMap) {
    do throws(DatabaseError) {
      let contents = try file.readBlock(block.handle, kind: .filterPartition)
      partitions.append(
        Partition(
          separator: Array(map.separators[block.separator]), owner: contents, filter: FullFilter(contents.bytes)))
    } catch {
      // Its keys cannot be asked for; the damage itself is reported by the pass over all blocks.
      let unreadable = ByteBuffer([0, 0, 0, 0, 0, 0])
      partitions.append(
        Partition(
          separator: Array(map.separators[block.separator]), owner: unreadable, filter: FullFilter(unreadable.bytes)))
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
      return admits(userKey, partitions[current].filter)
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
    while current + 1 < partitions.count {
      let order = order
      let userKeys = keysAreUserKeys
      let isBefore = partitions[current].separator.withUnsafeBytes { separator in
        userKeys
          ? order.compare(separator, internalKey.internalKeyUserKey) < 0
          : separator.count >= 8 && order.compareInternal(separator, internalKey) < 0
      }
      guard isBefore else { return }
      current += 1
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
