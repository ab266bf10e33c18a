/// The filter of a table, whatever its kind: answers whether a user key may be there. What is not understood may.
/// `FilterProbe` asks it about many keys.
///
/// Filters hash whole user keys without timestamp, or only prefixes of them when the table says so. May be shared
/// between threads.
public struct FilterReader: Sendable {
  enum Form: Sendable {
    case full(ByteBuffer)
    case blockBased(ByteBuffer)
    /// The top level, which maps separators to partitions.
    case partitioned(ByteBuffer)
  }

  let file: TableFile
  let cache: CachedTable?
  let form: Form
  let handle: BlockHandle
  let format: IndexFormat
  let isLevelDB: Bool
  let keys: FilterKeys
  let strippedTimestamp: Int
  let storedOrder: KeyOrder

  /// nil when the table has no filter that is understood. Reads it, or its top level.
  init?(_ table: TableReader) throws(DatabaseError) {
    let keys = FilterKeys(table.properties, order: table.order)
    guard let filter = table.metaIndex.filters.first, filter.isBuiltIn, keys.areKnown else { return nil }
    let contents = try table.file.readBlock(
      filter.handle, kind: filter.kind == .partitioned ? .filterIndex : .filter)
    switch filter.kind {
    case .full: form = .full(contents)
    case .partitioned: form = .partitioned(contents)
    case .blockBased: form = .blockBased(contents)
    }
    file = table.file
    cache = table.cache
    handle = filter.handle
    format = table.indexFormat
    isLevelDB = filter.isLevelDB
    strippedTimestamp = table.strippedTimestamp
    storedOrder = table.storedOrder
    self.keys = keys
  }

  /// Whether the answer depends on the data block; then ask `FilterProbe` with its offset.
  public var isBlockBased: Bool {
    if case .blockBased = form { return true }
    return false
  }

  /// Whether a key that begins with `start` may be in the table. Only filters over the whole table can tell, where they
  /// hold prefixes: of a partitioned one it is not certain which partition to ask.
  func mayContain(keysWith start: UnsafeRawBufferPointer) -> Bool {
    guard case .full(let block) = form, let prefix = keys.question(keysWith: start) else { return true }
    return FullFilter(block.bytes).mayContain(prefix)
  }

  /// Whether an entry of `userKey` may be in the table. Block-based filters cannot tell and answer yes.
  public func mayContain(_ userKey: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    var probe = FilterProbe(self)
    return try probe.mayContain(userKey)
  }
}
