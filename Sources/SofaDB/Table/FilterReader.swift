/// The filter of a table, whatever its kind: answers whether a user key may be there. What is not understood may.
///
/// Filters hash whole user keys without timestamp, or only prefixes of them when the table says so. May be shared
/// between threads.
public struct FilterReader: Sendable {
  private enum Form: Sendable {
    case full(ByteBuffer)
    case blockBased(ByteBuffer)
    /// The top level, which maps separators to partitions.
    case partitioned(ByteBuffer)
  }

  private let file: TableFile
  private let form: Form
  private let handle: BlockHandle
  private let format: IndexFormat
  private let isLevelDB: Bool
  private let keys: FilterKeys
  private let strippedTimestamp: Int
  private let storedOrder: KeyOrder

  /// nil when the table has no filter that is understood. Reads it, or its top level.
  init?(_ table: TableReader) throws(DatabaseError) {
    guard let filter = table.metaIndex.filters.first, let keys = FilterKeys(table) else { return nil }
    // Plug-in policies have names of their own.
    guard filter.policy == "rocksdb.BuiltinBloomFilter" || filter.policy == "leveldb.BuiltinBloomFilter2" else {
      return nil
    }
    let contents = try table.file.readBlock(
      filter.handle, kind: filter.kind == .partitioned ? .filterIndex : .filter)
    switch filter.kind {
    case .full: form = .full(contents)
    case .partitioned: form = .partitioned(contents)
    case .blockBased: form = .blockBased(contents)
    }
    file = table.file
    handle = filter.handle
    format = table.indexFormat
    isLevelDB = filter.policy.hasPrefix("leveldb.")
    strippedTimestamp = table.strippedTimestamp
    storedOrder = table.storedOrder
    self.keys = keys
  }

  /// Whether the answer depends on the data block; then ask `mayContain(_:blockOffset:)`.
  public var isBlockBased: Bool {
    if case .blockBased = form { return true }
    return false
  }

  /// Whether an entry of `userKey` may be in the table.
  public func mayContain(_ userKey: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    guard let key = keys.hashedPart(of: userKey) else { return true }
    switch form {
    case .full(let block): return FullFilter(block.bytes).mayContain(key)
    case .blockBased: return true
    case .partitioned(let top):
      guard let partition = try partition(of: userKey, top) else { return true }
      let block = try file.readBlock(partition, kind: .filterPartition)
      defer { withExtendedLifetime(block) {} }
      return FullFilter(block.bytes).mayContain(key)
    }
  }

  /// Whether an entry of `userKey` may be in the data block at `blockOffset` of the file.
  public func mayContain(_ userKey: UnsafeRawBufferPointer, blockOffset: UInt64) throws(DatabaseError) -> Bool {
    guard case .blockBased(let block) = form else { return try mayContain(userKey) }
    guard let key = keys.hashedPart(of: userKey) else { return true }
    return BlockBasedFilter(block.bytes, isLevelDB: isLevelDB)?.mayContain(key, blockOffset: blockOffset) ?? true
  }

  /// The partition that knows `userKey`: the first whose separator is at or behind it, else the last.
  private func partition(
    of userKey: UnsafeRawBufferPointer, _ top: ByteBuffer
  ) throws(DatabaseError) -> BlockHandle? {
    let stored = userKey.prefix(userKey.count - min(strippedTimestamp, userKey.count))
    // Before every stored entry of the user key.
    let target = ByteBuffer([UInt8](stored) + (format.keysAreUserKeys ? [] : [UInt8](repeating: 0xFF, count: 8)))
    defer { withExtendedLifetime(target) {} }
    var cursor = BlockCursor()
    do throws(FormatError) {
      try cursor.load(top.bytes, as: format.layout(topLevel: true))
      let isFound = try cursor.seek(target.bytes, order: storedOrder, form: format.keyForm)
      if !isFound, try !cursor.seekToLast() { return nil }
      return try cursor.indexHandle()
    } catch {
      throw file.corruption(error, .filterIndex, at: handle)
    }
  }
}
