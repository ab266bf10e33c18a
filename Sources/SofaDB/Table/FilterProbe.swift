/// Asks a table's filter about many keys: keeps the filter partition of the last question, which neighbouring keys
/// share. One per thread; not to be used through two copies.
public struct FilterProbe {
  private let filter: FilterReader
  /// The top level of a partitioned filter.
  private var top = BlockCursor()
  private var isOpen = false
  private var partition: (handle: BlockHandle, contents: ByteBuffer)?
  private let target = KeyBuffer()

  public init(_ filter: FilterReader) { self.filter = filter }

  /// Whether an entry of `userKey` may be in the table, and in the data block at `blockOffset` of the file, where the
  /// filter is one of blocks.
  public mutating func mayContain(
    _ userKey: UnsafeRawBufferPointer, blockOffset: UInt64? = nil
  ) throws(DatabaseError) -> Bool {
    guard let key = filter.keys.question(userKey) else { return true }
    switch filter.form {
    case .full(let block): return FullFilter(block.bytes).mayContain(key)
    case .blockBased(let block):
      guard let blockOffset else { return true }
      let blocks = BlockBasedFilter(block.bytes, isLevelDB: filter.isLevelDB)
      return blocks?.mayContain(key, blockOffset: blockOffset) ?? true
    case .partitioned(let block):
      guard let handle = try findPartition(userKey, block) else { return true }
      let part = try load(handle)
      return withExtendedLifetime(part) { FullFilter(part.bytes).mayContain(key) }
    }
  }

  /// The partition that knows `userKey`: the first whose separator is at or behind it, else the last.
  private mutating func findPartition(
    _ userKey: UnsafeRawBufferPointer, _ block: ByteBuffer
  ) throws(DatabaseError) -> BlockHandle? {
    // Before every stored entry of the user key.
    let stored = userKey.count - min(filter.strippedTimestamp, userKey.count)
    let isInternal = !filter.format.keysAreUserKeys
    if stored + 8 > target.capacity { target.grow(to: stored + 8, keeping: 0) }
    if let start = userKey.baseAddress { target.base.copyMemory(from: start, byteCount: stored) }
    target.base.storeBytes(of: .max, toByteOffset: stored, as: UInt64.self)
    let wanted = UnsafeRawBufferPointer(start: target.base, count: stored + (isInternal ? 8 : 0))
    do throws(FormatError) {
      if !isOpen { try top.load(block.bytes, as: filter.format.layout(topLevel: true)) }
      isOpen = true
      let isFound = try top.seek(wanted, order: filter.storedOrder, form: filter.format.keyForm)
      if !isFound, try !top.seekToLast() { return nil }
      return try top.indexHandle()
    } catch {
      throw filter.file.corruption(error, .filterIndex, at: filter.handle)
    }
  }

  private mutating func load(_ handle: BlockHandle) throws(DatabaseError) -> ByteBuffer {
    if let partition, partition.handle == handle { return partition.contents }
    if let kept = filter.cache?.block(handle) {
      partition = (handle, kept)
      return kept
    }
    let contents = try filter.file.readBlock(handle, kind: .filterPartition)
    filter.cache?.keep(contents, handle, isPriority: true)
    partition = (handle, contents)
    return contents
  }
}
