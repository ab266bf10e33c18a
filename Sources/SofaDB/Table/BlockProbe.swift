/// Looks up one key in one uncompressed block: a binary search over the restarts and a walk of one interval, on the
/// bytes as they lie there. Borrows the block; allocates nothing. Where a `BlockCursor` would find the same, this is
/// for point reads.
struct BlockProbe {
  enum Answer {
    /// At an entry of the key; see `trailer` and `value`.
    case found
    /// The block goes on behind the key without a version that is wanted.
    case absent
    /// The block ended before it reached the key.
    case ended
  }

  private let base: UnsafeRawPointer
  private let shape: BlockShape
  private let sought: SoughtKey
  /// Of the entry that was found.
  private(set) var trailer: UInt64 = 0
  private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

  init(_ block: UnsafeRawBufferPointer, _ sought: SoughtKey) throws(FormatError) {
    shape = try BlockShape(block)
    base = block.baseAddress!
    self.sought = sought
  }

  /// Whether values stand apart from their keys; then only `BlockCursor` finds them.
  var hasSeparatedValues: Bool { shape.valuesOffset != nil }

  // MARK: Data blocks

  /// Finds the newest wanted version in a data block.
  mutating func findEntry() throws(FormatError) -> Answer {
    guard let restart = try intervalOfEntry() else { return .ended }
    var offset = restartOffset(restart)
    guard offset <= shape.entriesEnd else { throw misled(restart) }
    var match = KeyMatch(sought)
    while offset < shape.entriesEnd {
      let header = try header(at: offset, hasLength: true)
      let keyEnd = header.keyStart &+ header.unshared
      guard header.unshared &+ header.length <= shape.entriesEnd &- header.keyStart, header.shared <= match.count else {
        throw FormatError("entry longer than its block, or than the key before", at: offset)
      }
      match.advance(shared: header.shared, unshared: header.unshared, source: base + header.keyStart)
      guard match.count >= 8 else { throw FormatError("internal key shorter than 8 bytes", at: offset) }
      let comparison = match.comparison(trailerSize: 8)
      if comparison > 0 { return .absent }
      if comparison == 0, match.tail <= sought.trailer {
        trailer = match.tail
        value = UnsafeRawBufferPointer(start: base + keyEnd, count: header.length)
        return .found
      }
      offset = keyEnd &+ header.length
    }
    return .ended
  }

  /// The restart interval that holds the first entry at or behind the key, or the one before; nil when the hash index
  /// knows that the block has none of the key.
  @inline(__always)
  private func intervalOfEntry() throws(FormatError) -> Int? {
    guard shape.hashIndexRange.count > 2 else { return try lastRestartBefore(trailerSize: 8, hasLength: true) }
    let range = shape.hashIndexRange
    let index = DataBlockHashIndex(
      buckets: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count - 2))
    switch index.lookup(sought.bytes) {
    case .restart(let restart):
      guard restart < shape.restartCount else { throw FormatError("hash index leads out of the block") }
      return restart
    case .absent: return nil
    case .collision: return try lastRestartBefore(trailerSize: 8, hasLength: true)
    }
  }

  // MARK: Index blocks

  /// A block that an index leads to.
  struct Target {
    var handle: BlockHandle
    /// Whether the separator is of the sought user key, so that the next block may hold the key as well.
    var continues: Bool
  }

  /// The first block whose separator is at or behind the key; nil when the index block ends before.
  mutating func findBlock(keysAreUserKeys: Bool, layout: BlockCursor.Layout) throws(FormatError) -> Target? {
    guard shape.valuesOffset == nil else { throw FormatError("separated values in an index block") }
    let hasLength = layout == .entries
    let trailerSize = keysAreUserKeys ? 0 : 8
    let restart = try lastRestartBefore(trailerSize: trailerSize, hasLength: hasLength)
    var offset = restartOffset(restart)
    guard offset <= shape.entriesEnd else { throw misled(restart) }
    var match = KeyMatch(sought)
    var handle = BlockHandle(offset: 0, size: 0)
    while offset < shape.entriesEnd {
      let header = try header(at: offset, hasLength: hasLength)
      let room = shape.entriesEnd &- header.keyStart
      guard header.unshared <= room, header.length <= room &- header.unshared, header.shared <= match.count else {
        throw FormatError("entry longer than its block, or than the key before", at: offset)
      }
      match.advance(shared: header.shared, unshared: header.unshared, source: base + header.keyStart)
      guard match.count >= trailerSize else { throw FormatError("internal key shorter than 8 bytes", at: offset) }
      let comparison = match.comparison(trailerSize: trailerSize)
      let isBefore = comparison < 0 || (comparison == 0 && trailerSize > 0 && match.tail > sought.trailer)
      let valueStart = header.keyStart &+ header.unshared
      if hasLength {
        if !isBefore {
          var reader = ByteReader(UnsafeRawBufferPointer(start: base + valueStart, count: header.length))
          return Target(handle: try BlockHandle(from: &reader), continues: comparison == 0)
        }
        offset = valueStart &+ header.length
      } else {
        var reader = ByteReader(UnsafeRawBufferPointer(start: base + valueStart, count: room &- header.unshared))
        handle = try handle.successor(isWhole: header.shared == 0, from: &reader)
        if !isBefore { return Target(handle: handle, continues: comparison == 0) }
        if layout == .deltaIndexWithFirstKeys { _ = try reader.slice() }
        offset = valueStart &+ reader.position
      }
    }
    return nil
  }

  // MARK: Restarts and headers

  @inline(__always)
  private func restartOffset(_ index: Int) -> Int {
    Int(BlockCursor.fixed32(base, shape.restartsOffset &+ 4 &* index))
  }

  private func misled(_ restart: Int) -> FormatError {
    FormatError("restart offset does not lead to an entry", at: shape.restartsOffset + 4 * restart)
  }

  /// The last restart whose key is before the sought one; 0 when none is. Not for blocks with separated values, whose
  /// restarts have headers of their own.
  @inline(__always)
  func lastRestartBefore(trailerSize: Int, hasLength: Bool) throws(FormatError) -> Int {
    guard shape.entriesEnd > 0 else { return 0 }
    var low = 0
    var high = shape.restartCount &- 1
    while low < high {
      let middle = (low &+ high &+ 1) >> 1
      let offset = restartOffset(middle)
      guard offset < shape.entriesEnd else { throw misled(middle) }
      let header = try header(at: offset, hasLength: hasLength)
      guard header.shared == 0, header.unshared <= shape.entriesEnd &- header.keyStart else { throw misled(middle) }
      guard header.unshared >= trailerSize else { throw FormatError("internal key shorter than 8 bytes", at: offset) }
      let key = base + header.keyStart
      let userCount = header.unshared &- trailerSize
      var comparison = sought.compare(key, userCount)
      if comparison == 0, trailerSize > 0 {
        let trailer = UInt64(littleEndian: key.loadUnaligned(fromByteOffset: userCount, as: UInt64.self))
        comparison = trailer > sought.trailer ? -1 : 1
      }
      if comparison < 0 { low = middle } else { high = middle &- 1 }
    }
    return low
  }

  private struct Header {
    var shared: Int
    var unshared: Int
    /// Of the value; 0 in index blocks whose values have no length.
    var length: Int
    var keyStart: Int
  }

  /// The header of the entry at `offset`, which is before the end of the entries. Lengths are not compared with the
  /// block yet; none needs more than 32 bits.
  @inline(__always)
  private func header(at offset: Int, hasLength: Bool) throws(FormatError) -> Header {
    // Four bytes are always there: at least eight follow the entries.
    let word = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    let isShort = hasLength ? word & 0x8080 == 0 && word & 0x8080_0000 != 0x8080_0000 : word & 0x8080 == 0
    guard isShort else { return try longHeader(at: offset, hasLength: hasLength) }
    let shared = Int(word & 0x7F)
    let unshared = Int((word >> 8) & 0x7F)
    guard hasLength else { return Header(shared: shared, unshared: unshared, length: 0, keyStart: offset &+ 2) }
    // The value's length takes one byte or two.
    let isLong = Int((word >> 23) & 1)
    let length = Int((word >> 16) & 0x7F) | ((Int(word >> 24) << 7) & -isLong)
    return Header(shared: shared, unshared: unshared, length: length, keyStart: offset &+ 3 &+ isLong)
  }

  @inline(never)
  private func longHeader(at offset: Int, hasLength: Bool) throws(FormatError) -> Header {
    var reader = ByteReader(UnsafeRawBufferPointer(start: base + offset, count: shape.entriesEnd - offset))
    let shared = Int(try reader.varint32())
    let unshared = Int(try reader.varint32())
    let length = hasLength ? Int(try reader.varint32()) : 0
    return Header(shared: shared, unshared: unshared, length: length, keyStart: offset + reader.position)
  }
}
