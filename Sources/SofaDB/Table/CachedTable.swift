/// One open table's part of a block cache.
struct CachedTable: Sendable {
  private let cache: BlockCache
  private let table: UInt64

  init(_ cache: BlockCache) {
    self.cache = cache
    table = cache.newTable()
  }

  /// The uncompressed block at `handle`, if it is kept.
  @inline(__always)
  func block(_ handle: BlockHandle) -> ByteBuffer? {
    cache.block(BlockCache.Key(table: table, offset: handle.offset))
  }

  /// Keeps `block`, which was read at `handle`.
  func keep(_ block: ByteBuffer, _ handle: BlockHandle, isPriority: Bool = false) {
    cache.insert(block, BlockCache.Key(table: table, offset: handle.offset), isPriority: isPriority)
  }
}
