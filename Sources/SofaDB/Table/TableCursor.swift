internal import Glibc

/// Walks the entries of a table in their order.
///
///     var cursor = table.cursor()
///     try cursor.seekToFirst()
///     while cursor.isValid {
///       use(cursor.key, cursor.value)
///       try cursor.next()
///     }
///
/// Every block is checked before its entries are seen, and every entry has an internal key of a known kind; the order
/// of keys is not checked. After an error the cursor is not valid, and `next` goes on behind the damaged entry, block
/// or index partition: whoever rescues data catches, and calls it again. At the end `next` returns, not valid.
///
/// A struct for speed: `next` runs on raw pointers inside it. What it points to is shared by copies, so a cursor must
/// not be used through two copies, nor by two threads.
public struct TableCursor {
  /// 256 KiB.
  public static let defaultReadAhead = 256 << 10

  /// Bit n is set when entry kind n may stand in a data block.
  private static let dataKinds: UInt32 = EntryKind.allCases
    .filter { $0 != .rangeDeletion }.reduce(0) { $0 | 1 << UInt32($1.rawValue) }

  /// Whether entries of that kind may stand in a data block.
  @inline(__always)
  static func isDataKind(_ kind: UInt8) -> Bool { kind < 32 && dataKinds >> UInt32(kind) & 1 != 0 }

  private let opened: DataBlockSource?
  private var block = BlockCursor()
  private let kinds = TableCursor.dataKinds
  /// Whether keys as seen differ from keys as stored; then they are made in `seen`.
  private let changesKeys: Bool
  private let seen: KeyBuffer
  private var seenCount = 0

  public private(set) var isValid = false

  /// Stands nowhere, and must not be moved: what its owner has before there is a table. Shared, as nobody changes it.
  nonisolated(unsafe) static let nowhere = TableCursor()

  private init() {
    opened = nil
    changesKeys = false
    seen = KeyBuffer()
  }

  init(_ table: TableReader, readAhead: Int, usesCache: Bool) {
    opened = DataBlockSource(table, readAhead: readAhead, usesCache: usesCache)
    changesKeys = table.changesKeys
    seen = KeyBuffer()
  }

  private var source: DataBlockSource { opened! }

  // MARK: The current entry; valid until the cursor moves

  /// The internal key.
  @inline(__always)
  public var key: UnsafeRawBufferPointer {
    changesKeys ? UnsafeRawBufferPointer(start: seen.base, count: seenCount) : block.key
  }

  /// The internal key as stored, before a global sequence number and timestamps are put in.
  @inline(__always)
  public var storedKey: UnsafeRawBufferPointer { block.key }

  @inline(__always)
  public var value: UnsafeRawBufferPointer { block.value }

  /// The data block of the current entry, or of the last error.
  public var blockHandle: BlockHandle { source.index.handle }

  /// Where the current entry starts in its uncompressed block.
  public var entryOffset: Int { block.entryOffset }

  // MARK: Moving

  /// Goes to the first entry.
  public mutating func seekToFirst() throws(DatabaseError) {
    leave()
    source.expectScan()
    try source.index.seekToFirst()
    try openBlock()
    try next()
  }

  /// Goes to the next entry.
  @inline(__always)
  public mutating func next() throws(DatabaseError) {
    let more: Bool
    do throws(FormatError) {
      more = try block.next()
    } catch {
      throw damaged(error)
    }
    if more { try accept() } else { try nextBlock() }
  }

  /// Goes to the first entry whose key is at or behind `target`, an internal key. `unsupported` when the table's order
  /// is not known.
  public mutating func seek(_ target: UnsafeRawBufferPointer) throws(DatabaseError) {
    try seek(target, usingHashIndex: false)
  }

  /// As `seek`, and tells whether the entry is of the same user key, timestamps aside. Asks the filter first; when that
  /// knows better, the cursor is not valid.
  public mutating func find(_ target: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    let table = source.table
    let timestamp = table.order.timestampSize
    guard target.count >= 8 + timestamp else {
      throw DatabaseError(.invalid, file: table.name, "internal key shorter than \(8 + timestamp) bytes")
    }
    leave()
    let wanted = target.internalKeyUserKey
    guard try table.mayContain(wanted) else { return false }
    try seek(target, usingHashIndex: true)
    guard isValid, key.count >= 8 + timestamp else { return false }
    let found = key.internalKeyUserKey
    return found.count == wanted.count
      && KeyOrder.bytewise(
        UnsafeRawBufferPointer(rebasing: found.dropLast(timestamp)),
        UnsafeRawBufferPointer(rebasing: wanted.dropLast(timestamp))) == 0
  }

  /// Goes to the last entry.
  public mutating func seekToLast() throws(DatabaseError) {
    leave()
    source.expectSingle()
    try source.index.seekToLast()
    try acceptLastOfBlock()
  }

  /// Goes to the entry before the current one; not valid when there is none. Costs a walk from the restart before, so
  /// walking back over a block with few restarts takes long.
  public mutating func previous() throws(DatabaseError) {
    guard isValid else { return }
    isValid = false
    let more: Bool
    do throws(FormatError) {
      more = try block.previous()
    } catch {
      throw damaged(error)
    }
    if more { return try accept() }
    source.expectSingle()
    try source.index.previous()
    try acceptLastOfBlock()
  }

  /// Gives back the block, and memory to read ahead into. To be placed anew.
  mutating func rest() {
    leave()
    source.rest()
  }

  // MARK: Steps

  private mutating func leave() {
    isValid = false
    block.unload()
  }

  /// Takes the entry that the block cursor stands on.
  @inline(__always)
  private mutating func accept() throws(DatabaseError) {
    let key = block.key
    guard key.count >= 8 else { throw damaged(FormatError("internal key shorter than 8 bytes", at: entryOffset)) }
    let kind = UInt32(key[key.count - 8])
    guard kind < 32, kinds >> kind & 1 != 0 else {
      throw damaged(FormatError("unknown kind of entry", at: entryOffset))
    }
    if changesKeys { makeSeenKey() }
    isValid = true
  }

  /// The stored key with zero timestamps and the global sequence number put in.
  private mutating func makeSeenKey() {
    let stored = block.key
    let table = source.table
    let userCount = stored.count - 8
    let count = userCount + table.strippedTimestamp + 8
    if count > seen.capacity { seen.grow(to: count, keeping: 0) }
    memcpy(seen.base, stored.baseAddress!, userCount)
    memset(seen.base + userCount, 0, table.strippedTimestamp)
    var trailer = stored.internalKeyTrailer
    if table.globalSequence != 0 { trailer = table.globalSequence << 8 | trailer & 0xFF }
    seen.base.storeBytes(of: trailer.littleEndian, toByteOffset: count - 8, as: UInt64.self)
    seenCount = count
  }

  /// Loads the block that the index points to, if it points to one.
  private mutating func openBlock() throws(DatabaseError) {
    block.unload()
    guard source.index.isValid else { return }
    let contents = try source.load()
    do throws(FormatError) {
      try block.load(contents)
    } catch {
      throw damaged(error)
    }
  }

  /// The first entry of the next block that has one.
  @inline(never)
  private mutating func nextBlock() throws(DatabaseError) {
    isValid = false
    while true {
      block.unload()
      try source.index.next()
      guard source.index.isValid else { return }
      try openBlock()
      let more: Bool
      do throws(FormatError) {
        more = try block.next()
      } catch {
        throw damaged(error)
      }
      if more { return try accept() }
    }
  }

  /// The last entry of the block that the index points to, if it points to one. No engine writes empty blocks, and to
  /// walk back over many would take time that grows with the square of the file.
  private mutating func acceptLastOfBlock() throws(DatabaseError) {
    guard source.index.isValid else { return }
    try openBlock()
    do throws(FormatError) {
      guard try block.seekToLast() else { throw FormatError("data block without entries") }
    } catch {
      throw damaged(error)
    }
    try accept()
  }

  private mutating func seek(_ target: UnsafeRawBufferPointer, usingHashIndex: Bool) throws(DatabaseError) {
    let table = source.table
    guard table.order.isKnown else {
      throw DatabaseError(
        .unsupported, file: table.name, "the comparator \"\(table.order.name)\" is not known, so nothing can be sought")
    }
    guard target.count >= 8 + table.strippedTimestamp else {
      throw DatabaseError(.invalid, file: table.name, "internal key too short")
    }
    leave()
    source.expectSingle()
    guard changesKeys else { return try seekStored(target, usingHashIndex: usingHashIndex) }
    // Before every stored entry of the user key; then over those that are seen before the target.
    let user = UnsafeRawBufferPointer(rebasing: target.dropLast(8 + table.strippedTimestamp))
    let stored = ByteBuffer([UInt8](user) + [UInt8](repeating: 0xFF, count: 8))
    defer { withExtendedLifetime(stored) {} }
    try seekStored(stored.bytes, usingHashIndex: usingHashIndex)
    while isValid, table.order.compareInternal(key, target) < 0 { try next() }
  }

  private mutating func seekStored(_ target: UnsafeRawBufferPointer, usingHashIndex: Bool) throws(DatabaseError) {
    try source.index.seek(target)
    try openBlock()
    guard source.index.isValid else { return }
    let more: Bool
    do throws(FormatError) {
      more = try seekInBlock(target, usingHashIndex: usingHashIndex)
    } catch {
      throw damaged(error)
    }
    if more { try accept() } else { try nextBlock() }
  }

  /// The hash index names the only restart interval that can hold the user key; keys that it does not know can only be
  /// behind the last one, in the next block.
  private mutating func seekInBlock(
    _ target: UnsafeRawBufferPointer, usingHashIndex: Bool
  ) throws(FormatError) -> Bool {
    let order = source.table.storedOrder
    if usingHashIndex, block.restartCount > 0, let hashIndex = DataBlockHashIndex(block) {
      switch hashIndex.lookup(target.internalKeyUserKey) {
      case .restart(let restart):
        guard restart < block.restartCount else { throw FormatError("hash index leads out of the block") }
        return try block.seek(target, order: order, form: .internalKey, fromRestart: restart)
      case .absent:
        return try block.seek(target, order: order, form: .internalKey, fromRestart: block.restartCount - 1)
      case .collision: break
      }
    }
    return try block.seek(target, order: order, form: .internalKey)
  }

  @inline(never)
  private mutating func damaged(_ error: FormatError) -> DatabaseError {
    isValid = false
    return source.table.file.corruption(error, .data, at: source.index.handle)
  }
}
