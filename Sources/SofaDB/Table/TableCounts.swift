/// What a table's properties and its MANIFEST record count, summed up entry by entry.
struct TableCounts {
  /// Point entries and range tombstones.
  private(set) var entries: UInt64 = 0
  private(set) var rangeDeletions: UInt64 = 0
  /// Tombstones of all kinds.
  private(set) var deletions: UInt64 = 0
  private(set) var mergeOperands: UInt64 = 0
  /// Internal keys, in bytes.
  private(set) var keyBytes: UInt64 = 0
  private(set) var valueBytes: UInt64 = 0
  private(set) var smallestSequence = SequenceNumber.max
  private(set) var largestSequence: SequenceNumber = 0
  private(set) var oldestBlobFile: UInt64?

  var pointEntries: UInt64 { entries - rangeDeletions }

  /// The kinds of `EntryKind` that data blocks hold, one bit each.
  private static let pointKinds: UInt64 =
    1 << 0x00 | 1 << 0x01 | 1 << 0x02 | 1 << 0x07 | 1 << 0x11 | 1 << 0x14 | 1 << 0x16 | 1 << 0x18

  @inline(__always)
  static func isPointKind(_ kind: UInt8) -> Bool {
    kind < 64 && pointKinds >> UInt64(kind) & 1 == 1
  }

  /// Counts an entry of a data block.
  @inline(__always)
  mutating func add(sequence: SequenceNumber, kind: UInt8, keyLength: Int, value: UnsafeRawBufferPointer) {
    count(sequence, UInt64(keyLength), UInt64(value.count))
    if kind == EntryKind.value.rawValue { return }
    switch kind {
    case EntryKind.merge.rawValue: mergeOperands += 1
    case EntryKind.blobIndex.rawValue: countBlob(value)
    case EntryKind.deletion.rawValue, EntryKind.singleDeletion.rawValue, EntryKind.deletionWithTimestamp.rawValue:
      deletions += 1
    default: break
    }
  }

  mutating func addTombstone(begin: [UInt8], end: [UInt8], sequence: SequenceNumber) {
    count(sequence, UInt64(begin.count + 8), UInt64(end.count))
    rangeDeletions += 1
    deletions += 1
  }

  @inline(__always)
  private mutating func count(_ sequence: SequenceNumber, _ keyLength: UInt64, _ valueLength: UInt64) {
    entries += 1
    keyBytes += keyLength
    valueBytes += valueLength
    if sequence < smallestSequence { smallestSequence = sequence }
    if sequence > largestSequence { largestSequence = sequence }
  }

  /// A blob index: 1 byte type, [varint64 expiration], varint64 file number, ... Type 0 holds its value itself. A
  /// number of 0 is a record in the same file.
  private mutating func countBlob(_ value: UnsafeRawBufferPointer) {
    var reader = ByteReader(value)
    do throws(FormatError) {
      let type = try reader.byte()
      guard type == 1 || type == 2 else { return }
      if type == 2 { _ = try reader.varint64() }
      let number = try reader.varint64()
      if number != 0 { oldestBlobFile = min(number, oldestBlobFile ?? number) }
    } catch {
      // What cannot be read is stored as it is, and refers to nothing.
    }
  }
}
