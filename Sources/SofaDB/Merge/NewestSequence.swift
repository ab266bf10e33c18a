internal import Glibc

/// The newest sequence number that anything about one user key has, range deletions over it included, whatever any
/// reader sees: what an optimistic transaction compares with the state that it read. 0 where nothing is known of it.
///
/// Sources are looked at from the newest to the oldest; the first that knows the key settles the matter. One thread.
struct NewestSequence {
  /// Without timestamp.
  private let userKey: UnsafeRawBufferPointer
  private let order: KeyOrder
  /// The user key with the newest timestamp; nil where there are no timestamps.
  private let stamped: ByteBuffer?
  private(set) var sequence: SequenceNumber = 0

  /// `userKey`: without timestamp; borrowed for the life of the value.
  init(of userKey: UnsafeRawBufferPointer, order: KeyOrder) {
    self.userKey = userKey
    self.order = order
    stamped =
      order.timestampSize == 0
      ? nil : ByteBuffer([UInt8](userKey) + [UInt8](repeating: 0xFF, count: order.timestampSize))
  }

  private var seekKey: UnsafeRawBufferPointer { stamped?.bytes ?? userKey }

  /// True when older sources need not be asked. So in the others.
  @discardableResult
  mutating func look(in memtable: Memtable) -> Bool {
    if let tombstones = memtable.tombstones { note(tombstones.newest(over: userKey, at: .maximum).sequence) }
    var entry = memtable.firstEntry(seekKey, trailer: .max)
    while let node = entry, case let key = memtable.entry(of: node).key, isSameKey(key) {
      note(key.internalKeyTrailer >> 8)
      if stamped == nil { break }
      entry = memtable.next(node)
    }
    return sequence > 0
  }

  /// The key must be within the bounds of the table.
  @discardableResult
  mutating func look(in table: TableReader, obeysTombstones: Bool = true) throws(DatabaseError) -> Bool {
    if obeysTombstones, let tombstones = table.tombstones {
      note(tombstones.newest(over: userKey, at: .maximum).sequence)
    }
    guard try table.mayContain(seekKey) else { return sequence > 0 }
    switch try table.probe(userKey, at: .maximum) {
    case .absent: break
    case .found(let entry): note(entry.trailer >> 8)
    case .unclear:
      var cursor = table.cursor(readAhead: 0)
      let target = ByteBuffer(InternalKey(userKey: [UInt8](seekKey), trailer: .max).bytes)
      defer { withExtendedLifetime(target) {} }
      try cursor.seek(target.bytes)
      while cursor.isValid, isSameKey(cursor.key) {
        note(cursor.key.internalKeyTrailer >> 8)
        if stamped == nil { break }
        try cursor.next()
      }
    }
    return sequence > 0
  }

  @discardableResult
  mutating func look(in levels: [[TableMetadata]], cache: TableCache) throws(DatabaseError) -> Bool {
    for (number, level) in levels.enumerated() {
      var tables = TablesOverKey(userKey, in: level, isSorted: number > 0, order: order)
      while let index = tables.next() {
        let table = try cache.reader(level[index], order: order)
        if try look(in: table, obeysTombstones: !tables.isAtExclusiveEnd) { return true }
      }
    }
    return sequence > 0
  }

  @discardableResult
  mutating func look(in map: LevelMap) throws(DatabaseError) -> Bool {
    try map.forEachTable(over: userKey, prefix: order.prefix(of: seekKey)) {
      table, reaches throws(DatabaseError) in try look(in: table, obeysTombstones: reaches)
    }
  }

  private mutating func note(_ found: SequenceNumber) { sequence = max(sequence, found) }

  private func isSameKey(_ internalKey: UnsafeRawBufferPointer) -> Bool {
    let key = order.withoutTimestamp(internalKey.internalKeyUserKey)
    return key.count == userKey.count
      && (key.count == 0 || memcmp(key.baseAddress!, userKey.baseAddress!, key.count) == 0)
  }
}
