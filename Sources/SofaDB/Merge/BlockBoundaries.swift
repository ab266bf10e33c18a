/// The user keys of the separators around data blocks of one table. Walks the index forward and goes on where it was,
/// so that asking for many blocks in the order of the file is one walk.
struct BlockBoundaries {
  private let table: TableReader
  private var index: IndexCursor
  private var before: [UInt8]?

  init(_ table: TableReader) {
    self.table = table
    index = IndexCursor(table)
  }

  /// Separators before and behind `block`; nil where there is none, or damage of the index keeps it.
  mutating func bounds(of block: BlockHandle) -> (from: [UInt8]?, to: [UInt8]?) {
    do throws(DatabaseError) {
      if !index.isValid || index.handle.offset > block.offset {
        before = nil
        try index.seekToFirst()
      }
      while index.isValid {
        let separator = userKey
        if index.handle == block { return (before, separator) }
        before = separator
        try index.next()
      }
    } catch { /* The damage of the index is met, and noted, by the scan itself. */  }
    return (before, nil)
  }

  private var userKey: [UInt8] {
    let separator = [UInt8](index.separator)
    return table.indexFormat.keysAreUserKeys ? separator : Array(separator.dropLast(8))
  }
}
