/// A deletion of all user keys in begin..<end that are older than its sequence number. Equal sequence numbers are not
/// covered.
public struct RangeTombstone: Hashable, Sendable {
  /// User key, included.
  public var begin: [UInt8]
  /// User key, excluded.
  public var end: [UInt8]
  public var sequence: SequenceNumber

  public init(begin: [UInt8], end: [UInt8], sequence: SequenceNumber) {
    self.begin = begin
    self.end = end
    self.sequence = sequence
  }

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
