internal import Glibc

/// What a reader at one sequence number sees of one user key. Sources are looked at from the newest to the oldest until
/// one settles the matter:
///
///     var lookup = PointLookup(userKey: key, snapshot: snapshot, order: order, mergeOperator: nil, blobs: blobs)
///     if try !lookup.look(in: memtable) { try lookup.look(in: levels, cache: cache) }
///     try lookup.withValue { value in use(value) }
///
/// The rules are those of `VisibleCursor`. A plain value is not copied: the block or the memtable that holds it is kept
/// alive. Where keys carry timestamps the newest timestamp wins, whatever source it is in, so all sources are looked
/// at. After an error the lookup must not be used. One thread.
struct PointLookup {
  /// A version that was put aside, because more of the key is needed to tell what it means.
  private struct Version {
    var timestamp: UInt64
    var trailer: UInt64
    /// Of a base, with blobs fetched and the default column taken.
    var value: [UInt8]
  }

  /// Without timestamp.
  private let userKey: UnsafeRawBufferPointer
  private let snapshot: SequenceNumber
  private let order: KeyOrder
  private let mergeOperator: MergeOperator?
  /// Shared by many threads, which would fight over its count of references.
  private unowned(unsafe) let blobs: BlobStore
  /// The user key with the newest timestamp; nil where there are no timestamps.
  private let stamped: ByteBuffer?
  /// The newest range tombstone over the key that the reader obeys; sequence 0 when there is none.
  private var cover: (sequence: SequenceNumber, timestamp: UInt64) = (0, .max)
  /// Newest first. Empty unless there are merges or timestamps.
  private var versions: [Version] = []
  private var value: UnsafeRawBufferPointer?
  private var memtable: Memtable?
  private var block: ByteBuffer?

  /// Whether no older source can change what was found.
  private(set) var isSettled = false

  /// - `userKey`: without timestamp; borrowed for the life of the lookup.
  /// - `blobs`: must outlive the lookup.
  /// - `snapshot`: the newest sequence number that the reader sees.
  init(
    userKey: UnsafeRawBufferPointer, snapshot: SequenceNumber, order: KeyOrder, mergeOperator: MergeOperator?,
    blobs: BlobStore
  ) {
    self.userKey = userKey
    self.snapshot = snapshot
    self.order = order
    self.mergeOperator = mergeOperator
    self.blobs = blobs
    stamped =
      order.timestampSize == 0
      ? nil : ByteBuffer([UInt8](userKey) + [UInt8](repeating: 0xFF, count: order.timestampSize))
  }

  /// The sought key as sources hold it: before all versions of the user key. `stamped` is kept alive by the lookup.
  @inline(__always)
  private var seekKey: UnsafeRawBufferPointer { stamped?.bytes ?? userKey }

  // MARK: Sources

  /// Looks at a memtable; true when the matter is settled.
  @discardableResult
  mutating func look(in memtable: Memtable) throws(DatabaseError) -> Bool {
    if isSettled { return true }
    if let tombstones = memtable.tombstones { obey(tombstones) }
    var entry = memtable.firstEntry(seekKey, trailer: InternalKey.trailer(snapshot, 0xFF))
    while let node = entry {
      let (key, value) = memtable.entry(of: node)
      guard isSameKey(key) else { break }
      let trailer = key.internalKeyTrailer
      if trailer >> 8 <= snapshot {
        if isAnswer(trailer) {
          self.memtable = memtable
          return settle(value)
        }
        if try take(key, value, nil) { break }
      }
      entry = memtable.next(node)
    }
    return leaveSource()
  }

  /// Looks at a table whose bounds the key is within; true when the matter is settled.
  /// `obeysTombstones`: false where the table's range tombstones do not reach the key.
  @discardableResult
  mutating func look(in table: TableReader, obeysTombstones: Bool = true) throws(DatabaseError) -> Bool {
    if isSettled { return true }
    if obeysTombstones, let tombstones = table.tombstones { obey(tombstones) }
    guard try table.mayContain(seekKey) else { return leaveSource() }
    switch try table.probe(userKey, at: snapshot) {
    case .absent: break
    case .found(let entry) where isAnswer(entry.trailer):
      block = entry.block
      return settle(entry.value)
    case .found(let entry) where UInt8(truncatingIfNeeded: entry.trailer) != EntryKind.merge.rawValue:
      _ = try take(userKey, trailer: entry.trailer, entry.value, table)
      withExtendedLifetime(entry.block) {}
    case .found, .unclear: try walk(table)
    }
    return leaveSource()
  }

  /// Looks at the tables that may hold the key: level 0 newest first, deeper levels by smallest key.
  @discardableResult
  mutating func look(in levels: [[TableMetadata]], cache: TableCache) throws(DatabaseError) -> Bool {
    if isSettled { return true }
    for (number, level) in levels.enumerated() {
      var tables = TablesOverKey(userKey, in: level, isSorted: number > 0, order: order)
      while let index = tables.next() {
        let table = try cache.reader(level[index], order: order)
        if try look(in: table, obeysTombstones: !tables.isAtExclusiveEnd) { return true }
      }
    }
    return false
  }

  /// Looks at the tables of a version; true when the matter is settled.
  @discardableResult
  mutating func look(in map: LevelMap) throws(DatabaseError) -> Bool {
    if isSettled { return true }
    return try map.forEachTable(over: userKey, prefix: order.prefix(of: seekKey)) {
      table, reaches throws(DatabaseError) in try look(in: table, obeysTombstones: reaches)
    }
  }

  /// By a cursor, from version to version.
  private mutating func walk(_ table: TableReader) throws(DatabaseError) {
    var cursor = table.cursor(readAhead: 0)
    let target = InternalKey(userKey: [UInt8](seekKey), sequence: snapshot, kind: 0xFF)
    let bytes = ByteBuffer(target.bytes)
    defer { withExtendedLifetime((bytes, cursor)) {} }
    try cursor.seek(bytes.bytes)
    while cursor.isValid, isSameKey(cursor.key) {
      if cursor.key.internalKeyTrailer >> 8 <= snapshot {
        if isAnswer(cursor.key.internalKeyTrailer) {
          keep(cursor.value)
          isSettled = true
          return
        }
        if try take(cursor.key, cursor.value, table) { return }
      }
      try cursor.next()
    }
  }

  private func isSameKey(_ internalKey: UnsafeRawBufferPointer) -> Bool {
    let key = order.withoutTimestamp(internalKey.internalKeyUserKey)
    return key.count == userKey.count
      && (key.count == 0 || memcmp(key.baseAddress!, userKey.baseAddress!, key.count) == 0)
  }

  @inline(never)
  private mutating func obey(_ tombstones: RangeTombstones) {
    let newest = tombstones.newest(over: userKey, at: Mutant.laterRangeDeletionsSeen.isOn ? .maximum : snapshot)
    if newest.sequence > cover.sequence { cover = newest }
  }

  /// What an older source holds is older than a tombstone here, except where timestamps decide.
  private mutating func leaveSource() -> Bool {
    if cover.sequence > 0, stamped == nil { isSettled = true }
    return isSettled
  }

  // MARK: Versions

  /// Whether a version is a plain value that nothing hides and nothing waits for.
  @inline(__always)
  private func isAnswer(_ trailer: UInt64) -> Bool {
    UInt8(truncatingIfNeeded: trailer) == EntryKind.value.rawValue && stamped == nil && versions.isEmpty
      && trailer >> 8 >= cover.sequence
  }

  /// Takes the answer, whose owner is kept.
  @inline(__always)
  private mutating func settle(_ answer: UnsafeRawBufferPointer) -> Bool {
    value = answer
    isSettled = true
    return true
  }

  /// Takes the next older version that the reader sees; true when no older one of the source is wanted. `table`: the
  /// source; nil for a memtable.
  private mutating func take(
    _ internalKey: UnsafeRawBufferPointer, _ stored: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> Bool {
    try take(internalKey.internalKeyUserKey, trailer: internalKey.internalKeyTrailer, stored, table)
  }

  /// `key`: the user key as the source has it.
  @inline(never)
  private mutating func take(
    _ key: UnsafeRawBufferPointer, trailer: UInt64, _ stored: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> Bool {
    if stamped == nil, trailer >> 8 < cover.sequence {
      isSettled = true
      return true
    }
    let rawKind = UInt8(truncatingIfNeeded: trailer)
    guard let kind = EntryKind(rawValue: rawKind), kind != .rangeDeletion else {
      throw malformed("an entry of unknown kind \(rawKind)", table)
    }
    if stamped == nil, kind.isPointTombstone {
      isSettled = true
      return true
    }
    let timestamp = stamped != nil && key.count >= 8 ? key.internalKeyTrailer : 0
    let bytes =
      kind == .merge || kind.isPointTombstone ? [UInt8](stored) : try base(kind, key, stored, table)
    versions.append(Version(timestamp: timestamp, trailer: trailer, value: bytes))
    if kind == .merge { return false }
    if stamped == nil { isSettled = true }
    return true
  }

  /// The plain value of an entry that is a value of some kind.
  private func base(
    _ kind: EntryKind, _ key: UnsafeRawBufferPointer, _ stored: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> [UInt8] {
    switch kind {
    case .valuePreferredSequence:
      guard stored.count >= 8 else { throw malformed("a timed value shorter than its time", table) }
      return [UInt8](stored.dropLast(8))
    case .blobIndex: return try fetch(stored, key, table)
    case .wideColumnEntity:
      let entity: WideColumnEntity
      do { entity = try WideColumnEntity(stored) } catch { throw malformed("\(error.reason)", table) }
      guard let column = entity.columns.first(where: { $0.name.isEmpty }) else { return [] }
      guard column.isBlobReference else { return column.value }
      let reference = ByteBuffer(column.value)
      defer { withExtendedLifetime(reference) {} }
      return try fetch(reference.bytes, key, table)
    default: return [UInt8](stored)
    }
  }

  private func fetch(
    _ reference: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> [UInt8] {
    var output = ByteWriter()
    try blobs.fetch(reference, userKey: key, table: table, into: &output)
    return output.array
  }

  private func malformed(_ detail: String, _ table: TableReader?) -> DatabaseError {
    DatabaseError(.corruption, file: table?.name ?? "a log", detail)
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
    let copy = ByteBuffer(copying: bytes)
    block = copy
    value = copy.bytes
  }

  // MARK: The result

  /// Gives `body` what the reader sees: the value, or nil when there is none. The bytes live until `body` returns.
  /// Throws `unsupported` when there are merge operands and the meaning of their operator is not known.
  mutating func withValue<Result>(
    _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    if !versions.isEmpty { try resolve() }
    defer { withExtendedLifetime((block, memtable)) {} }
    return try body(value)
  }

  /// Turns the versions that were put aside into a value.
  private mutating func resolve() throws(DatabaseError) {
    if stamped != nil { sortByTimestamp() }
    defer { versions = [] }
    var operands: [[UInt8]] = []
    var base: ByteBuffer?
    for version in versions {
      let kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: version.trailer))
      // A tombstone does not cover what has a newer timestamp.
      let covered = version.timestamp > cover.timestamp ? 0 : cover.sequence
      if version.trailer >> 8 < covered || kind?.isPointTombstone ?? true { break }
      if kind != .merge {
        base = ByteBuffer(version.value)
        break
      }
      operands.append(version.value)
    }
    if operands.isEmpty {
      block = base
      value = base?.bytes
      return
    }
    operands.reverse()
    defer { withExtendedLifetime(base) {} }
    guard let merged = try mergeOperator?.apply(key: userKey, base: base?.bytes, operands: operands) else {
      throw DatabaseError(
        .unsupported, "the value is made of merge operands, and the merge operator \(operatorName) is not known")
    }
    let bytes = ByteBuffer(merged)
    block = bytes
    value = bytes.bytes
  }

  private var operatorName: String { mergeOperator.map { EscapedText.printable($0.name) } ?? "of this family" }

  /// Sources come newest first, timestamps need not.
  private mutating func sortByTimestamp() {
    versions.sort { ($0.timestamp, $0.trailer) > ($1.timestamp, $1.trailer) }
  }
}
