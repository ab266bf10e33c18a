/// What one decompressed data block holds, as far as it proves itself: every entry decodes, has a kind that tables
/// store and stands behind the one before.
struct DataBlockEntries {
  /// First and last internal key, as stored.
  private(set) var first: [UInt8] = []
  private(set) var last: [UInt8] = []
  private(set) var count = 0
  private(set) var smallestSequence = SequenceNumber.max
  private(set) var largestSequence: SequenceNumber = 0
  /// Blob files that entries refer to, and whether some refer to records in the same table.
  private(set) var blobFiles: Set<UInt64> = []
  private(set) var refersToItself = false
  /// Whether every value is a block's handle, as in an index.
  private(set) var holdsHandles = true

  /// Throws when an entry is unsound. `order` nil: the order of keys is not looked at.
  init(_ block: UnsafeRawBufferPointer, order: KeyOrder?) throws(FormatError) {
    var cursor = BlockCursor()
    try cursor.load(block)
    var restarts = 0
    var previous = ByteWriter(capacity: 64)
    while try cursor.next() {
      try cursor.checkRestart(&restarts)
      let key = cursor.key
      guard key.count >= 8 else { throw FormatError("a key shorter than 8 bytes", at: cursor.entryOffset) }
      guard TableCounts.isPointKind(UInt8(truncatingIfNeeded: key.internalKeyTrailer)) else {
        throw FormatError("an entry of unknown kind", at: cursor.entryOffset)
      }
      if count == 0 {
        first = [UInt8](key)
      } else if let order, order.compareInternal(previous.bytes, key) >= 0 {
        throw FormatError("a key is not after the key before it", at: cursor.entryOffset)
      }
      count += 1
      try take(cursor.value, trailer: key.internalKeyTrailer)
      if holdsHandles { holdsHandles = DataBlockEntries.isHandle(cursor.value) }
      previous.removeAll()
      previous.append(key)
    }
    try cursor.checkLastRestart(restarts)
    last = previous.array
  }

  private mutating func take(_ value: UnsafeRawBufferPointer, trailer: UInt64) throws(FormatError) {
    smallestSequence = min(smallestSequence, trailer >> 8)
    largestSequence = max(largestSequence, trailer >> 8)
    switch EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer)) {
    case .blobIndex: try refer(value)
    case .wideColumnEntity:
      for column in try WideColumnEntity(value).columns where column.isBlobReference {
        let reference = ByteBuffer(column.value)
        defer { withExtendedLifetime(reference) {} }
        try refer(reference.bytes)
      }
    default: break
    }
  }

  private mutating func refer(_ reference: UnsafeRawBufferPointer) throws(FormatError) {
    guard case .stored(let file, _, _, _) = try BlobIndex(reference) else { return }
    if file == 0 { refersToItself = true } else { blobFiles.insert(file) }
  }

  /// Whether the block can be one of data, whatever the order of its keys.
  static func areSound(_ block: UnsafeRawBufferPointer) -> Bool {
    do throws(FormatError) {
      return try DataBlockEntries(block, order: nil).count > 0
    } catch { return false }
  }

  private static func isHandle(_ value: UnsafeRawBufferPointer) -> Bool {
    var reader = ByteReader(value)
    do throws(FormatError) {
      _ = try BlockHandle(from: &reader)
      return reader.isAtEnd
    } catch { return false }
  }
}
