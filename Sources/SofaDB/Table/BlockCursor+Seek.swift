/// Random positions in a block: decoding of single headers, search over the restarts, and steps back.
extension BlockCursor {
  /// One decoded entry header.
  struct EntryHeader {
    var shared: Int
    var unshared: Int
    var valueLength: Int
    /// From the start of the value section; for restarts of blocks with separated values.
    var valueStart: Int?
    var keyStart: Int
  }

  /// How the keys of a block are compared.
  public enum KeyForm: Sendable {
    /// User keys and trailers.
    case internalKey
    /// Bare user keys; targets are bare user keys as well.
    case userKey
  }

  @inline(__always)
  static func fixed32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Where restart number `index` points, unchecked but for being in the array.
  func restartOffset(_ index: Int) -> Int {
    Int(BlockCursor.fixed32(base, restartsOffset + 4 * index))
  }

  /// Lengths are not compared with the block yet.
  func decodeHeader(at offset: Int, isRestart: Bool) throws(FormatError) -> EntryHeader {
    var reader = ByteReader(UnsafeRawBufferPointer(start: base + offset, count: entriesEnd - offset))
    var header = EntryHeader(shared: Int(try reader.varint32()), unshared: 0, valueLength: 0, keyStart: 0)
    header.unshared = Int(try reader.varint32())
    if layout == .entries || layout == .separatedValues { header.valueLength = Int(try reader.varint32()) }
    if layout == .separatedValues && isRestart { header.valueStart = Int(try reader.varint32()) }
    header.keyStart = offset + reader.position
    return header
  }

  /// The key at restart number `index`, which stands there in full.
  func restartKey(_ index: Int) throws(FormatError) -> UnsafeRawBufferPointer {
    let offset = restartOffset(index)
    guard offset < entriesEnd else { throw FormatError("restart offset out of range", at: restartsOffset + 4 * index) }
    let header = try decodeHeader(at: offset, isRestart: true)
    guard header.shared == 0, header.unshared <= entriesEnd - header.keyStart else {
      throw FormatError("restart offset does not lead to an entry", at: restartsOffset + 4 * index)
    }
    return UnsafeRawBufferPointer(start: base + header.keyStart, count: header.unshared)
  }

  /// Goes to the first entry whose key is at or behind `target`, which has the form of the block's keys; false when
  /// there is none.
  @discardableResult
  public mutating func seek(
    _ target: UnsafeRawBufferPointer, order: KeyOrder, form: KeyForm
  ) throws(FormatError) -> Bool {
    guard entriesEnd > 0 else { return try next() }
    if layout != .separatedValues, let sought = SoughtKey(target, form: form, order: order) {
      let probe = try BlockProbe(UnsafeRawBufferPointer(start: base, count: size), sought)
      let restart = try probe.lastRestartBefore(trailerSize: form == .userKey ? 0 : 8, hasLength: layout == .entries)
      return try seek(target, order: order, form: form, fromRestart: restart)
    }
    var low = 0
    var high = restartCount - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if try isBefore(try restartKey(middle), target, order, form) { low = middle } else { high = middle - 1 }
    }
    return try seek(target, order: order, form: form, fromRestart: low)
  }

  /// Goes to the first entry at or behind `target` that is not before restart number `restart`.
  mutating func seek(
    _ target: UnsafeRawBufferPointer, order: KeyOrder, form: KeyForm, fromRestart restart: Int
  ) throws(FormatError) -> Bool {
    try moveBefore(restart: restart)
    if let sought = SoughtKey(target, form: form, order: order) {
      let trailerSize = form == .userKey ? 0 : 8
      while try next() {
        let key = key
        guard key.count >= trailerSize else { throw FormatError("internal key shorter than 8 bytes") }
        if !sought.isBehind(key.baseAddress!, key.count, trailerSize: trailerSize) { return true }
      }
      return false
    }
    while try next() {
      if try !isBefore(key, target, order, form) { return true }
    }
    return false
  }

  @inline(__always)
  private func isBefore(
    _ key: UnsafeRawBufferPointer, _ target: UnsafeRawBufferPointer, _ order: KeyOrder, _ form: KeyForm
  ) throws(FormatError) -> Bool {
    if form == .userKey { return order.compare(key, target) < 0 }
    guard key.count >= 8, target.count >= 8 else { throw FormatError("internal key shorter than 8 bytes") }
    return order.compareInternal(key, target) < 0
  }

  private mutating func moveBefore(restart: Int) throws(FormatError) {
    let offset = restartOffset(restart)
    guard offset <= entriesEnd else {
      throw FormatError("restart offset out of range", at: restartsOffset + 4 * restart)
    }
    rewind(to: offset, restart: restart)
  }

  /// Goes to the last entry; false when there is none.
  @discardableResult
  public mutating func seekToLast() throws(FormatError) -> Bool {
    guard entriesEnd > 0 else { return try next() }
    return try moveToEntry(endingAt: entriesEnd)
  }

  /// Goes to the entry before the current one; false when there is none. Costs a walk from the restart before.
  @discardableResult
  public mutating func previous() throws(FormatError) -> Bool {
    guard isValid, entryOffset > 0 else {
      rewind(to: entriesEnd, restart: restartCount)
      return false
    }
    return try moveToEntry(endingAt: entryOffset)
  }

  /// Goes to the entry that ends where the entry at `end` starts, or where all end.
  private mutating func moveToEntry(endingAt end: Int) throws(FormatError) -> Bool {
    var low = 0
    var high = restartCount - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if restartOffset(middle) < end { low = middle } else { high = middle - 1 }
    }
    try moveBefore(restart: low)
    while try next() {
      if nextOffset >= end {
        guard nextOffset == end else { break }
        return true
      }
    }
    isValid = false
    throw FormatError("restart offset does not lead to an entry", at: restartsOffset + 4 * low)
  }

  /// Checks what sequential reading does not look at: restarts ascend and lead to entries that share nothing.
  /// Leaves the cursor at the end.
  public mutating func checkRestarts() throws(FormatError) {
    var passed = 0
    var more = try seekToFirst()
    while more {
      try checkRestart(&passed)
      more = try next()
    }
    try checkLastRestart(passed)
  }

  /// The same for the current entry, of a caller who steps through all of them and begins with `passed` 0.
  @inline(__always)
  func checkRestart(_ passed: inout Int) throws(FormatError) {
    guard passed < restartCount, restartOffset(passed) <= entryOffset else { return }
    guard restartOffset(passed) == entryOffset else { throw straying(passed) }
    _ = try restartKey(passed)
    passed += 1
  }

  /// And behind the last entry.
  func checkLastRestart(_ passed: Int) throws(FormatError) {
    guard passed == restartCount || (entriesEnd == 0 && restartCount == 1) else { throw straying(passed) }
  }

  private func straying(_ restart: Int) -> FormatError {
    FormatError("restart offset does not lead to an entry", at: restartsOffset + 4 * restart)
  }
}
