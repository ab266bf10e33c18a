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
  /// What cannot be read of it, checksums aside, which the pass over all blocks reports.
  private(set) var problems: [TableMap.Problem] = []
  private let keysAreUserKeys: Bool
  private let order: KeyOrder
  private let keys: FilterKeys

  init(_ file: TableFile, _ metaIndex: MetaIndex, _ properties: TableProperties?, _ map: TableMap, order: KeyOrder) {
    self.file = file
    self.order = order
    partitions = map.filterPartitions
    separators = map.filterPartitions.isEmpty ? [] : map.keys
    keysAreUserKeys = properties?.indexKeysAreUserKeys ?? false
    keys = FilterKeys(properties ?? TableProperties(), order: order)
    guard let filter = metaIndex.filters.first, filter.isBuiltIn else {
      shape = .none
      owner = nil
      return
    }
    if filter.kind == .partitioned {
      shape = .partitioned
      owner = nil
      checkSeparators(filter.handle)
      return
    }
    do throws(DatabaseError) {
      let contents = try file.readBlock(filter.handle, kind: .filter)
      owner = contents
      if filter.kind == .full {
        shape = .full(FullFilter(contents.bytes))
      } else {
        shape = BlockBasedFilter(contents.bytes, isLevelDB: filter.isLevelDB).map { .blockBased($0) } ?? .none
      }
    } catch {
      problems.append(TableMap.Problem(kind: .filter, handle: filter.handle, error: error))
      shape = .none
      owner = nil
    }
  }

  /// Readers look for the partition of a key by halves.
  private mutating func checkSeparators(_ handle: BlockHandle) {
    let isAscending = separators.withUnsafeBytes { bytes in
      zip(partitions, partitions.dropFirst()).allSatisfy { one, two in
        let first = UnsafeRawBufferPointer(rebasing: bytes[one.separator])
        let second = UnsafeRawBufferPointer(rebasing: bytes[two.separator])
        if keysAreUserKeys { return order.compare(first, second) < 0 }
        return first.count >= 8 && second.count >= 8 && order.compareInternal(first, second) < 0
      }
    }
    guard !isAscending, order.isKnown else { return }
    let error = DatabaseError(
      .corruption, file: file.file.name, offset: handle.offset, "separators of filter partitions do not ascend")
    problems.append(TableMap.Problem(kind: .filterIndex, handle: handle, error: error))
  }

  /// Reads the partition `current`. Where it cannot be read its keys cannot be asked for.
  private mutating func readPartition() {
    do throws(DatabaseError) {
      let contents = try file.readBlock(partitions[current].handle, kind: .filterPartition)
      partition = FullFilter(contents.bytes)
      partitionOwner = contents
    } catch {
      problems.append(TableMap.Problem(kind: .filterPartition, handle: partitions[current].handle, error: error))
      partition = nil
    }
  }

  var isPresent: Bool { if case .none = shape { false } else { true } }

  /// Whether a reader that asks for `internalKey` in the data block at `blockOffset` would find it.
  @inline(__always)
  mutating func admits(_ internalKey: UnsafeRawBufferPointer, blockOffset: UInt64) -> Bool {
    let userKey = internalKey.internalKeyUserKey
    switch shape {
    case .none: return true
    case .full(let filter): return admits(userKey, filter)
    case .blockBased(let filter):
      guard keys.holdsWholeKeys, let key = keys.whole(userKey) else { return true }
      return filter.mayContain(key, blockOffset: blockOffset)
    case .partitioned:
      guard !partitions.isEmpty else { return true }
      guard advance(to: internalKey, userKey) else { return false }
      guard let partition else { return true }
      return admits(userKey, partition)
    }
  }

  @inline(__always)
  private func admits(_ userKey: UnsafeRawBufferPointer, _ filter: FullFilter) -> Bool {
    if keys.holdsWholeKeys, let key = keys.whole(userKey), !filter.mayContain(key) { return false }
    guard let prefix = keys.prefix(userKey) else { return true }
    return filter.mayContain(prefix)
  }

  /// The partition of a key is the first whose separator is not before it, else the last. A reader who asks for the
  /// newest version comes to the first partition that may have the user key: false when that one does not admit it.
  private mutating func advance(
    to internalKey: UnsafeRawBufferPointer, _ userKey: UnsafeRawBufferPointer
  ) -> Bool {
    var wanted = max(current, 0)
    while wanted + 1 < partitions.count, isBehind(partitions[wanted], internalKey) {
      if !keysAreUserKeys, !isBehind(partitions[wanted], userKey: internalKey.internalKeyUserKey) {
        move(to: wanted)
        if let partition, !admits(userKey, partition) { return false }
      }
      wanted += 1
    }
    move(to: wanted)
    return true
  }

  private mutating func move(to wanted: Int) {
    guard wanted != current else { return }
    current = wanted
    readPartition()
  }

  /// Whether the key comes after everything in the partition.
  private func isBehind(_ partition: TableMap.DataBlock, _ internalKey: UnsafeRawBufferPointer) -> Bool {
    if keysAreUserKeys { return isBehind(partition, userKey: internalKey.internalKeyUserKey) }
    return separators.withUnsafeBytes { bytes in
      let separator = UnsafeRawBufferPointer(rebasing: bytes[partition.separator])
      return separator.count >= 8 && order.compareInternal(separator, internalKey) < 0
    }
  }

  /// Whether every version of the user key does.
  private func isBehind(_ partition: TableMap.DataBlock, userKey: UnsafeRawBufferPointer) -> Bool {
    separators.withUnsafeBytes { bytes in
      let separator = UnsafeRawBufferPointer(rebasing: bytes[partition.separator].dropLast(keysAreUserKeys ? 0 : 8))
      return order.compare(separator, userKey) < 0
    }
  }
}
