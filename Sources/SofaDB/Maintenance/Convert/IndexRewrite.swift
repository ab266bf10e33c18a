/// Makes the index of a table anew for blocks that have moved: the separators, first keys, restart points, partitions
/// and hints are those of the old one, the handles are new.
struct IndexRewrite: ~Copyable {
  private let source: TableReader
  /// Where the data blocks are now, in order.
  private let handles: [BlockHandle]
  private let compressor: Compressor?
  private var next = 0
  /// Uncompressed bytes of all index blocks, before and now.
  private(set) var oldSize: UInt64 = 0
  private(set) var newSize: UInt64 = 0
  /// Of the top level of a two-level index.
  private(set) var topLevelSize: UInt64?

  init(_ source: TableReader, handles: [BlockHandle], compressor: Compressor?) {
    self.source = source
    self.handles = handles
    self.compressor = compressor
  }

  /// Stores the index; returns the place of its top.
  mutating func append(to sink: inout BlockSink) throws(DatabaseError) -> BlockHandle {
    let isTwoLevel = source.indexFormat.kind == .twoLevel
    var partitions: [BlockHandle] = []
    if isTwoLevel {
      for partition in try source.indexPartitions() {
        let contents = try source.file.readBlock(partition, kind: .indexPartition)
        let block = try rebuild(contents, .indexPartition, at: partition, topLevel: false, data: true, partitions)
        partitions.append(try sink.append(block.bytes, compressor: compressor))
        withExtendedLifetime(block) {}
      }
    }
    let top = try rebuild(
      source.indexBlock, .index, at: source.indexHandle, topLevel: isTwoLevel, data: !isTwoLevel, partitions)
    if isTwoLevel { topLevelSize = UInt64(top.count) }
    guard next == handles.count else {
      throw source.file.corruption(FormatError("the index changed while it was read"), .index, at: source.indexHandle)
    }
    defer { withExtendedLifetime(top) {} }
    return try sink.append(top.bytes, compressor: compressor)
  }

  /// One block with new handles: the next ones of data blocks, or those of `partitions`.
  private mutating func rebuild(
    _ contents: ByteBuffer, _ kind: BlockKind, at place: BlockHandle, topLevel: Bool, data: Bool,
    _ partitions: [BlockHandle]
  ) throws(DatabaseError) -> ByteBuffer {
    let start = data ? next : 0
    let all = data ? handles : partitions
    let block = try IndexRewrite.rebuild(contents, source, kind, at: place, topLevel: topLevel, all[start...])
    if data { next += block.entries }
    oldSize += UInt64(contents.count)
    newSize += UInt64(block.contents.count)
    return block.contents
  }

  /// A copy of an index block whose entries lead to `handles`.
  static func rebuild(
    _ contents: ByteBuffer, _ source: TableReader, _ kind: BlockKind, at place: BlockHandle, topLevel: Bool,
    _ handles: ArraySlice<BlockHandle>
  ) throws(DatabaseError) -> (contents: ByteBuffer, entries: Int) {
    defer { withExtendedLifetime(contents) {} }
    let format = source.indexFormat
    do throws(FormatError) {
      var cursor = BlockCursor()
      try cursor.load(contents.bytes, as: format.layout(topLevel: topLevel))
      var builder = IndexBlockBuilder(
        restartInterval: try restartInterval(contents, format, topLevel: topLevel),
        isDelta: format.valuesAreDeltaEncoded)
      var next = handles.startIndex
      while try cursor.next() {
        guard next < handles.endIndex else {
          throw FormatError("the index changed while it was read", at: cursor.entryOffset)
        }
        builder.add(cursor.key, handles[next], firstKey: topLevel ? nil : try cursor.indexFirstKey(format))
        next += 1
      }
      let word = contents.bytes.loadUnaligned(fromByteOffset: contents.count - 4, as: UInt32.self)
      let flags = UInt32(littleEndian: word) & BlockFlags.uniformKeys
      return (ByteBuffer(copying: builder.finish(flags: flags)), next - handles.startIndex)
    } catch {
      throw source.file.corruption(error, kind, at: place)
    }
  }

  /// Entries from one restart point to the next.
  private static func restartInterval(
    _ contents: ByteBuffer, _ format: IndexFormat, topLevel: Bool
  ) throws(FormatError) -> Int {
    var cursor = BlockCursor()
    try cursor.load(contents.bytes, as: format.layout(topLevel: topLevel))
    guard cursor.restartCount > 1 else { return Int.max }
    let second = cursor.restartOffset(1)
    var entries = 0
    while try cursor.next() {
      if cursor.entryOffset >= second { break }
      entries += 1
    }
    return max(1, entries)
  }
}
