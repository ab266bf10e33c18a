/// What a block that was found by its checksum alone can be besides data.
enum IndexLikeness {
  /// Whether the values of a block are handles of blocks that were found before it: then it is an index, although its
  /// keys look like those of data.
  static func leads(to found: Set<BlockHandle>, _ block: UnsafeRawBufferPointer) throws(FormatError) -> Bool {
    var cursor = BlockCursor()
    try cursor.load(block)
    while try cursor.next() {
      var reader = ByteReader(cursor.value)
      guard found.contains(try BlockHandle(from: &reader)) else { return false }
    }
    return true
  }

  /// The range deletions of a block; nil when it holds something else.
  static func tombstones(_ block: UnsafeRawBufferPointer) -> [RangeTombstone]? {
    do throws(FormatError) {
      let tombstones = try RangeTombstone.decode(block)
      return tombstones.isEmpty ? nil : tombstones
    } catch { return nil }
  }
}
