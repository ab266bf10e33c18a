/// A block of a table by place and purpose.
public struct TableBlock: Hashable, Sendable {
  public var kind: BlockKind
  public var handle: BlockHandle

  public init(kind: BlockKind, handle: BlockHandle) {
    self.kind = kind
    self.handle = handle
  }
}

/// What a table consists of, for verification, conversion and reports.
extension TableReader {
  /// All data blocks in order, not positioned yet. They are walked, not listed: a table may have millions.
  public func dataBlocks() -> IndexCursor { IndexCursor(self) }

  /// All other blocks but the footer, partitions of index and filter included, ascending by offset. A damaged
  /// partition's own handle is listed; a top level that cannot be read throws.
  public func metaBlocks() throws(DatabaseError) -> [TableBlock] {
    var blocks: Set<TableBlock> = [
      TableBlock(kind: .metaindex, handle: file.footer.metaindex), TableBlock(kind: .index, handle: indexHandle),
    ]
    for entry in metaIndex.entries {
      blocks.insert(TableBlock(kind: metaIndex.kind(of: entry), handle: entry.handle))
    }
    for handle in try indexPartitions() { blocks.insert(TableBlock(kind: .indexPartition, handle: handle)) }
    for handle in try filterPartitions() { blocks.insert(TableBlock(kind: .filterPartition, handle: handle)) }
    return blocks.sorted { $0.handle.offset < $1.handle.offset }
  }

  /// The partitions of a two-level index, ascending; none for other kinds.
  public func indexPartitions() throws(DatabaseError) -> [BlockHandle] {
    guard indexFormat.kind == .twoLevel else { return [] }
    return try partitions(of: indexBlock, .index, at: indexHandle)
  }

  /// The partitions of a partitioned filter, whoever's policy it is, ascending; none for other kinds.
  public func filterPartitions() throws(DatabaseError) -> [BlockHandle] {
    guard let filter = metaIndex.filters.first(where: { $0.kind == .partitioned }) else { return [] }
    let contents = try file.readBlock(filter.handle, kind: .filterIndex)
    return try partitions(of: contents, .filterIndex, at: filter.handle)
  }

  private func partitions(
    of top: ByteBuffer, _ kind: BlockKind, at handle: BlockHandle
  ) throws(DatabaseError) -> [BlockHandle] {
    defer { withExtendedLifetime(top) {} }
    var handles: [BlockHandle] = []
    var cursor = BlockCursor()
    do throws(FormatError) {
      try cursor.load(top.bytes, as: indexFormat.layout(topLevel: true))
      while try cursor.next() {
        let next = try cursor.indexHandle()
        guard next.offset >= handles.last?.end ?? 0, next.end != nil else {
          throw FormatError("handles of partitions do not ascend", at: cursor.entryOffset)
        }
        handles.append(next)
      }
    } catch {
      throw file.corruption(error, kind, at: handle)
    }
    return handles
  }
}
