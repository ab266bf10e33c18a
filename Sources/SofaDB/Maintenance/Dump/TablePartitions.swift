/// The partitions of an index and of filters, found through their top levels. What is damaged there is left out: it is
/// told where the blocks themselves are examined.
struct TablePartitions {
  /// In the order of the top levels.
  private(set) var all: [(BlockHandle, BlockKind)] = []

  init(_ table: TableFile, _ metaIndex: MetaIndex) {
    let format = TablePartitions.format(table, metaIndex)
    if let format, format.kind == .twoLevel, let handle = table.footer.index ?? metaIndex.index {
      add(table, handle, .index, .indexPartition, format)
    }
    for entry in metaIndex.entries where metaIndex.kind(of: entry) == .filterIndex {
      add(table, entry.handle, .filterIndex, .filterPartition, format ?? IndexFormat())
    }
  }

  private static func format(_ table: TableFile, _ metaIndex: MetaIndex) -> IndexFormat? {
    do {
      guard let properties = try table.readProperties(metaIndex) else { return IndexFormat() }
      return try IndexFormat(properties)
    } catch {
      return nil
    }
  }

  private mutating func add(
    _ table: TableFile, _ handle: BlockHandle, _ kind: BlockKind, _ partition: BlockKind, _ format: IndexFormat
  ) {
    do {
      let contents = try table.readBlock(handle, kind: kind)
      var cursor = BlockCursor()
      try cursor.load(contents.bytes, as: format.layout(topLevel: true))
      while try cursor.next() { all.append((try cursor.indexHandle(), partition)) }
      _ = contents
    } catch {
      // Listed and found damaged as a block of its own.
    }
  }
}
