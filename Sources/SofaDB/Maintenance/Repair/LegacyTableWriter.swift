/// Writes a table as LevelDB does: for repaired LevelDB databases, whose engine reads nothing newer.
///
///     data blocks, metaindex (empty), index, legacy footer
///
/// Blocks are stored raw and without a filter: both are optional, and the next compaction by the engine brings back
/// what its options ask for. One thread.
struct LegacyTableWriter: ~Copyable {
  private static let blockSize = 4096

  private let file: any AppendFile
  private var sink: BlockSink
  private var block = BlockBuilder(restartInterval: 16, capacity: 8192)
  private var index: IndexBuilder
  private var lastKey: [UInt8] = []
  private let order: KeyOrder

  /// `file` is empty; the writer closes it.
  init(file: any AppendFile, order: KeyOrder) {
    self.file = file
    self.order = order
    sink = BlockSink(file: file, checksum: .crc32c, contextBase: 0)
    index = IndexBuilder(order: order, shortening: .none)
  }

  /// Keys ascend. Only values and deletions exist there.
  mutating func add(_ key: InternalKey, _ value: UnsafeRawBufferPointer) throws(DatabaseError) {
    guard key.kind <= EntryKind.value.rawValue else {
      throw DatabaseError(.unsupported, file: file.name, "an entry of a kind that LevelDB does not know")
    }
    let previous = lastKey
    let order = order
    let isAscending = previous.withUnsafeBytes { last in
      key.bytes.withUnsafeBytes { last.isEmpty || order.compareInternal(last, $0) < 0 }
    }
    guard isAscending else { throw DatabaseError(.invalid, file: file.name, "keys are not in ascending order") }
    if block.size >= LegacyTableWriter.blockSize {
      previous.withUnsafeBytes { last in key.bytes.withUnsafeBytes { index.addSeparator(last, before: $0) } }
      try store()
    }
    let shared =
      block.isEmpty
      ? 0
      : previous.withUnsafeBytes { last in
        key.bytes.withUnsafeBytes { BlockBuilder.commonPrefix(last, $0) }
      }
    key.bytes.withUnsafeBytes { block.add($0, shared: shared, value: value) }
    lastKey = key.bytes
  }

  private mutating func store() throws(DatabaseError) {
    index.addHandle(try sink.append(block.finish()))
    block.removeAll()
  }

  /// Writes what is left, syncs and closes the file; its size.
  mutating func finish() throws(DatabaseError) -> UInt64 {
    guard !lastKey.isEmpty else {
      throw DatabaseError(.invalid, file: file.name, "a table without entries is not written")
    }
    let last = lastKey
    last.withUnsafeBytes { index.addLastSeparator($0) }
    try store()
    var empty = BlockBuilder(restartInterval: 1)
    let metaindex = try sink.append(empty.finish())
    var entries = IndexBlockBuilder(restartInterval: 1, isDelta: false)
    for entry in 0..<index.count { entries.add(index.separator(entry, userKey: false), index.handles[entry]) }
    let footer = Footer(
      formatVersion: 0, checksum: .crc32c, metaindex: metaindex, index: try sink.append(entries.finish()),
      offset: sink.offset)
    var bytes = ByteWriter(capacity: Footer.longestSize)
    footer.append(to: &bytes)
    try sink.append(unframed: bytes.bytes)
    try sink.flush()
    try file.sync()
    try file.close()
    return sink.offset
  }
}
