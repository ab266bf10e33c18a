/// How tables store range tombstones: a block of their own, keys `begin || trailer`, values the ends.
extension RangeTombstone {
  /// Decodes the contents of a range deletion block, in stored order: external files may hold them unsorted and
  /// overlapping. Keys are `begin || trailer`, values are the ends.
  public static func decode(_ block: UnsafeRawBufferPointer) throws(FormatError) -> [RangeTombstone] {
    var cursor = BlockCursor()
    try cursor.load(block)
    var tombstones: [RangeTombstone] = []
    while try cursor.next() {
      let key = cursor.key
      guard key.count >= 8 else { throw FormatError("internal key shorter than 8 bytes", at: cursor.entryOffset) }
      let trailer = key.internalKeyTrailer
      guard UInt8(truncatingIfNeeded: trailer) == EntryKind.rangeDeletion.rawValue else {
        throw FormatError("an entry that is no range deletion", at: cursor.entryOffset)
      }
      tombstones.append(
        RangeTombstone(
          begin: [UInt8](key.internalKeyUserKey), end: [UInt8](cursor.value), sequence: trailer >> 8))
    }
    return tombstones
  }
}
