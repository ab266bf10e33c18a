internal import Glibc

/// Steps through the entries of one uncompressed block by raw pointer.
///
/// Layout of a block (all of them but filters and dictionaries):
///
///     entries | restart offsets (fixed32 each) | [hash index] | [fixed32 values offset] | fixed32 count and flags
///
/// An entry is `varint32 shared, varint32 unshared, varint32 value length, unshared key bytes, value bytes`; its key is
/// the first `shared` bytes of the previous key and the unshared bytes. Two variants: index blocks with delta-encoded
/// values have no value length (`IndexFormat`), and blocks with separated values keep those behind all keys.
///
/// The cursor borrows the block: whoever loads one keeps its bytes alive. The key is assembled in a buffer that a copy
/// of the cursor would share, so a cursor must not be used through two copies. Invariants: a loaded block has at least
/// eight bytes behind `entriesEnd`, which makes word-wise reads of an entry's header safe; `nextOffset <= entriesEnd`
/// except after an error, when the cursor is not valid.
public struct BlockCursor {
  /// How entries are coded.
  enum Layout { case entries, separatedValues, deltaIndex, deltaIndexWithFirstKeys }

  private let keyBuffer = KeyBuffer()
  private(set) var base = UnsafeRawPointer(bitPattern: 1)!
  private(set) var layout = Layout.entries
  private var keyBase: UnsafeMutableRawPointer
  /// Longest key that is taken without asking `makeRoom`.
  private var keyCapacity: Int
  /// Bytes of keys longer than `longKey` since the last seek.
  private var longKeyBytes = 0
  /// Keys beyond it are counted: entries of a few bytes that share a long key would cost time without bound.
  private static let longKey = 4096

  /// End of the entries, or of the key section when values are separated.
  public private(set) var entriesEnd = 0
  /// End of the section that holds the values; start of the restart array.
  public private(set) var restartsOffset = 0
  public private(set) var restartCount = 0
  /// Start of the separated values.
  private var valuesOffset = 0
  /// Bytes of the whole block.
  public private(set) var size = 0
  /// Where the data-block hash index lies, its count included; empty when there is none.
  public private(set) var hashIndexRange = 0..<0

  /// Whether there is a current entry.
  public internal(set) var isValid = false
  /// Where the current entry starts.
  public private(set) var entryOffset = 0
  private(set) var nextOffset = 0
  private var keyCount = 0
  private var valueOffset = 0
  private var valueCount = 0
  /// The first restart at or behind `nextOffset`; kept for separated values only.
  private var nextRestart = 0
  /// The handle of the current entry of a delta-encoded index block.
  private(set) var deltaHandle = BlockHandle(offset: 0, size: 0)

  public init() {
    keyBase = keyBuffer.base
    keyCapacity = keyBuffer.capacity
  }

  /// The current entry's key as stored; valid until the cursor moves.
  @inline(__always)
  public var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: keyBase, count: keyCount) }

  /// The current entry's value; valid as long as the block. In a delta-encoded index block the first key, or nothing.
  @inline(__always)
  public var value: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + valueOffset, count: valueCount) }

  /// Where the current value lies in the block.
  public var valueRange: Range<Int> { valueOffset..<(valueOffset + valueCount) }

  /// Takes a data, metaindex, properties or range deletion block. The caller keeps `block` alive.
  public mutating func load(_ block: UnsafeRawBufferPointer) throws(FormatError) {
    try load(block, as: .entries)
  }

  mutating func load(_ block: UnsafeRawBufferPointer, as layout: Layout) throws(FormatError) {
    unload()
    let shape = try BlockShape(block)
    guard shape.valuesOffset == nil || layout == .entries else {
      throw FormatError("separated values in an index block", at: shape.restartsOffset)
    }
    base = block.baseAddress!
    size = block.count
    self.layout = shape.valuesOffset == nil ? layout : .separatedValues
    hashIndexRange = shape.hashIndexRange
    restartsOffset = shape.restartsOffset
    restartCount = shape.restartCount
    valuesOffset = shape.valuesOffset ?? 0
    entriesEnd = shape.entriesEnd
    rewind(to: 0, restart: 0)
  }

  /// Forgets the block.
  public mutating func unload() {
    isValid = false
    entriesEnd = 0
    restartCount = 0
    hashIndexRange = 0..<0
    nextOffset = 0
  }

  // MARK: Moving

  /// Before the entry at `offset`, which restart number `restart` names.
  mutating func rewind(to offset: Int, restart: Int) {
    isValid = false
    nextOffset = offset
    nextRestart = restart
    keyCount = 0
    longKeyBytes = 0
    valueOffset = valuesOffset
    valueCount = 0
  }

  /// Goes to the first entry; false when there is none.
  @discardableResult
  public mutating func seekToFirst() throws(FormatError) -> Bool {
    rewind(to: 0, restart: 0)
    return try next()
  }

  /// Goes to the next entry, the first one after `load`; false when there is none.
  @inline(__always)
  @discardableResult
  public mutating func next() throws(FormatError) -> Bool {
    let offset = nextOffset
    guard offset < entriesEnd, layout == .entries else { return try nextSlowly() }
    // Four bytes are always there: at least eight follow the entries.
    let word = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    guard word & 0x8080 == 0, word & 0x8080_0000 != 0x8080_0000 else { return try nextSlowly() }
    let shared = Int(word & 0x7F)
    let unshared = Int((word >> 8) & 0x7F)
    // The value's length takes one byte or two.
    let isLong = Int((word >> 23) & 1)
    let length = Int((word >> 16) & 0x7F) | ((Int(word >> 24) << 7) & -isLong)
    let start = offset &+ 3 &+ isLong
    return try take(offset, shared, unshared, length, keyStart: start)
  }

  /// Makes the entry whose header is decoded the current one.
  @inline(__always)
  private mutating func take(
    _ offset: Int, _ shared: Int, _ unshared: Int, _ length: Int, keyStart: Int
  ) throws(FormatError) -> Bool {
    guard unshared &+ length <= entriesEnd &- keyStart, shared <= keyCount else {
      throw invalidated(
        shared <= keyCount ? "entry longer than its block" : "shared longer than the key before", at: offset)
    }
    try extendKey(shared, from: keyStart, unshared)
    entryOffset = offset
    valueOffset = keyStart &+ unshared
    valueCount = length
    nextOffset = valueOffset &+ length
    isValid = true
    return true
  }

  /// Keeps `shared` bytes of the key and appends `unshared` bytes of the block. Both are checked.
  @inline(__always)
  private mutating func extendKey(_ shared: Int, from start: Int, _ unshared: Int) throws(FormatError) {
    let count = shared &+ unshared
    if count > keyCapacity { try makeRoom(count, keeping: shared, at: start) }
    let source = base + start
    let target = keyBase + shared
    if unshared <= KeyBuffer.slack, start &+ KeyBuffer.slack <= size {
      let low = source.loadUnaligned(as: UInt64.self)
      let high = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      target.storeBytes(of: low, as: UInt64.self)
      target.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
    } else {
      memcpy(target, source, unshared)
    }
    keyCount = count
  }

  /// For a key of `count` bytes, of which the first `shared` are there.
  @inline(never)
  private mutating func makeRoom(_ count: Int, keeping shared: Int, at start: Int) throws(FormatError) {
    if count > keyBuffer.capacity { keyBuffer.grow(to: count, keeping: shared) }
    keyBase = keyBuffer.base
    keyCapacity = min(keyBuffer.capacity, BlockCursor.longKey)
    guard count > BlockCursor.longKey else { return }
    longKeyBytes += count
    guard longKeyBytes <= (32 << 20) + 32 * size else {
      throw invalidated("keys many times larger than their block", at: start)
    }
  }

  /// `next` for long headers, for the layouts other than plain entries, and for the end.
  @inline(never)
  private mutating func nextSlowly() throws(FormatError) -> Bool {
    let offset = nextOffset
    isValid = false
    guard offset < entriesEnd else { return false }
    // Whatever goes wrong below ends the block.
    nextOffset = entriesEnd
    var isRestart = false
    if layout == .separatedValues, nextRestart < restartCount {
      let restart = restartOffset(nextRestart)
      guard restart >= offset else { throw FormatError("restart offset inside an entry", at: offset) }
      isRestart = restart == offset
    }
    let header = try decodeHeader(at: offset, isRestart: isRestart)
    if layout == .entries {
      return try take(offset, header.shared, header.unshared, header.valueLength, keyStart: header.keyStart)
    }
    guard header.shared <= keyCount else { throw FormatError("shared longer than the key before", at: offset) }
    guard header.unshared <= entriesEnd - header.keyStart else {
      throw FormatError("entry longer than its block", at: offset)
    }
    if layout == .separatedValues {
      try takeSeparated(header)
      if isRestart { nextRestart += 1 }
    } else {
      try takeIndexEntry(header)
    }
    entryOffset = offset
    isValid = true
    return true
  }

  private mutating func takeSeparated(_ header: EntryHeader) throws(FormatError) {
    let sectionSize = restartsOffset - valuesOffset
    let start = header.valueStart ?? (valueOffset + valueCount - valuesOffset)
    guard start <= sectionSize, header.valueLength <= sectionSize - start else {
      throw FormatError("value outside the value section", at: header.keyStart)
    }
    try extendKey(header.shared, from: header.keyStart, header.unshared)
    valueOffset = valuesOffset + start
    valueCount = header.valueLength
    nextOffset = header.keyStart + header.unshared
  }

  private mutating func takeIndexEntry(_ header: EntryHeader) throws(FormatError) {
    let start = header.keyStart + header.unshared
    var reader = ByteReader(UnsafeRawBufferPointer(start: base + start, count: entriesEnd - start))
    let handle = try deltaHandle.successor(isWhole: header.shared == 0, from: &reader)
    let firstKey = layout == .deltaIndexWithFirstKeys ? try reader.slice().count : 0
    try extendKey(header.shared, from: header.keyStart, header.unshared)
    deltaHandle = handle
    nextOffset = start + reader.position
    valueOffset = nextOffset - firstKey
    valueCount = firstKey
  }

  @inline(never)
  private mutating func invalidated(_ reason: StaticString, at offset: Int) -> FormatError {
    isValid = false
    nextOffset = entriesEnd
    return FormatError(reason, at: offset)
  }
}
