internal import Glibc

/// The keys that a reader at one sequence number sees, each once, ascending: newest version wins, tombstones hide,
/// merges are applied where the operator is known, blobs are fetched.
///
/// The rules are those of RocksDB's reads: an entry older than the newest range tombstone over its key is deleted (an
/// equal sequence does not cover); a merge collects operands until a value, a deletion or the end of history.
/// `userKey` and `value` are borrowed until the next step. One thread at a time.
public struct VisibleCursor: ~Copyable {
  /// What the current entry gives.
  public enum Content: Sendable {
    case value
    /// A wide-column entity: `value` is the default column, `entity` all columns.
    case entity
    /// A merge whose operator is not known: `operands`, oldest first, and the base in `value` if `hasBase`.
    case operands
  }

  private var merging: MergingCursor
  private let order: KeyOrder
  private let snapshot: SequenceNumber
  private let tombstones: RangeTombstones
  private let mergeOperator: MergeOperator?
  private let blobs: BlobStore
  private var allowance = BlobAllowance()
  private let start: [UInt8]?
  private let end: [UInt8]?
  private var hint = 0
  /// Copy of the current user key, timestamp included.
  private var groupKey = ByteWriter()
  private var own = ByteWriter()
  private var borrowed = UnsafeRawBufferPointer(start: nil, count: 0)
  private var valueIsOwn = false
  /// Whether `merging` still stands on the entry that was found.
  private var standing = false

  public private(set) var isValid = false
  public private(set) var content = Content.value
  public private(set) var sequence: SequenceNumber = 0
  public private(set) var operands: [[UInt8]] = []
  public private(set) var hasBase = false
  public private(set) var entity: WideColumnEntity?

  /// Shows keys from `start` to `end` (excluded) at `snapshot`. `tombstones` must hold every range tombstone of the
  /// inputs up to the snapshot, and none that is newer: a reader would miss what those delete.
  init(
    _ merging: consuming MergingCursor, order: KeyOrder, snapshot: SequenceNumber, tombstones: RangeTombstones,
    mergeOperator: MergeOperator?, blobs: BlobStore, start: [UInt8]?, end: [UInt8]?
  ) {
    precondition(tombstones.newest <= snapshot)
    self.merging = merging
    self.order = order
    self.snapshot = snapshot
    self.tombstones = tombstones
    self.mergeOperator = mergeOperator
    self.blobs = blobs
    self.start = start
    self.end = end
  }

  /// The user key without its timestamp.
  @inline(__always) public var userKey: UnsafeRawBufferPointer { order.withoutTimestamp(groupKey.bytes) }
  /// The user timestamp of the current entry, in families that have one.
  public var timestamp: UInt64? {
    order.timestampSize == 8 && groupKey.count >= 8 ? groupKey.bytes.internalKeyTrailer : nil
  }
  @inline(__always) public var value: UnsafeRawBufferPointer { valueIsOwn ? own.bytes : borrowed }

  public mutating func seekToFirst() throws(DatabaseError) {
    if let start { return try seek(start) }
    hint = 0
    standing = false
    allowance = BlobAllowance()
    try merging.seekToFirst()
    try settle()
  }

  /// To the first visible key at or after `userKey` (given without timestamp), though not before `start`.
  public mutating func seek(_ userKey: [UInt8]) throws(DatabaseError) {
    hint = 0
    standing = false
    allowance = BlobAllowance()
    var first = userKey
    if let start, isBefore(userKey, start) { first = start }
    // The newest timestamp sorts first, and the seek kind before every stored one.
    let stamped = first + [UInt8](repeating: 0xFF, count: order.timestampSize)
    let target = InternalKey(userKey: stamped, sequence: .maximum, kind: 0xFF)
    let bytes = ByteBuffer(target.bytes)
    try merging.seek(bytes.bytes)
    try settle()
  }

  private func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { order.compareWithoutTimestamp(a, $0) < 0 } }
  }

  public mutating func next() throws(DatabaseError) {
    if standing {
      try merging.next()
      standing = false
    }
    try skipGroup()
    try settle()
  }

  /// Past all versions of the current group's key.
  @inline(__always)
  private mutating func skipGroup() throws(DatabaseError) {
    while merging.isValid, isSameGroup(merging.key) { try merging.next() }
  }

  @inline(__always)
  private func isSameGroup(_ internalKey: UnsafeRawBufferPointer) -> Bool {
    let key = order.withoutTimestamp(internalKey.internalKeyUserKey)
    let group = order.withoutTimestamp(groupKey.bytes)
    return key.count == group.count && (key.count == 0 || memcmp(key.baseAddress!, group.baseAddress!, key.count) == 0)
  }

  /// From the first version of a key to the first key that has something to show.
  private mutating func settle() throws(DatabaseError) {
    while merging.isValid {
      let key = merging.key
      let trailer = key.internalKeyTrailer
      if trailer >> 8 > snapshot {
        try merging.next()
        continue
      }
      let userKey = key.internalKeyUserKey
      if let end, end.withUnsafeBytes({ order.compareWithoutTimestamp(order.withoutTimestamp(userKey), $0) }) >= 0 {
        break
      }
      groupKey.removeAll()
      groupKey.append(userKey)
      sequence = trailer >> 8
      if try resolve(trailer) {
        isValid = true
        return
      }
      try skipGroup()
    }
    isValid = false
  }

  /// Looks at the group's newest visible entry; true when the key has something to show.
  @inline(__always)
  private mutating func resolve(_ trailer: UInt64) throws(DatabaseError) -> Bool {
    let covered = tombstones.isEmpty ? 0 : tombstones.sequence(over: groupKey.bytes, hint: &hint)
    if sequence < covered { return false }
    if UInt8(truncatingIfNeeded: trailer) == EntryKind.value.rawValue {
      content = .value
      borrowed = merging.value
      valueIsOwn = false
      standing = true
      return true
    }
    return try resolveOther(UInt8(truncatingIfNeeded: trailer), covered: covered)
  }

  private mutating func resolveOther(_ rawKind: UInt8, covered: SequenceNumber) throws(DatabaseError) -> Bool {
    guard let kind = EntryKind(rawValue: rawKind), kind != .rangeDeletion else { throw unknownKind(rawKind) }
    if kind.isPointTombstone { return false }
    standing = true
    entity = nil
    if kind == .merge { return try resolveMerge(covered: covered) }
    try takeBase(kind)
    content = entity == nil ? .value : .entity
    return true
  }

  private func unknownKind(_ kind: UInt8) -> DatabaseError {
    DatabaseError(.corruption, file: merging.table?.name ?? "", "an entry of unknown kind \(kind)")
  }

  /// Puts the value of the entry that `merging` stands on into `own`, and its columns into `entity`.
  private mutating func takeBase(_ kind: EntryKind) throws(DatabaseError) {
    own.removeAll()
    valueIsOwn = true
    let stored = merging.value
    switch kind {
    case .valuePreferredSequence:
      guard stored.count >= 8 else { throw malformed("a timed value shorter than its time") }
      own.append(UnsafeRawBufferPointer(rebasing: stored[..<(stored.count - 8)]))
    case .blobIndex:
      try fetch(stored)
    case .wideColumnEntity:
      var columns: WideColumnEntity
      do { columns = try WideColumnEntity(stored) } catch { throw malformed("\(error.reason)") }
      for index in columns.columns.indices where columns.columns[index].isBlobReference {
        let reference = ByteBuffer(columns.columns[index].value)
        own.removeAll()
        try fetch(reference.bytes)
        columns.columns[index].value = own.array
        columns.columns[index].isBlobReference = false
      }
      own.removeAll()
      own.append(columns.defaultValue)
      entity = columns
    default: own.append(stored)
    }
  }

  private mutating func fetch(_ reference: UnsafeRawBufferPointer) throws(DatabaseError) {
    try allowance.take(reference, of: merging.table)
    try blobs.fetch(reference, userKey: groupKey.bytes, table: merging.table, into: &own)
  }

  private func malformed(_ detail: String) -> DatabaseError {
    DatabaseError(.corruption, file: merging.table?.name ?? "a log", detail)
  }

  /// Collects operands down to a base, then combines them.
  private mutating func resolveMerge(covered: SequenceNumber) throws(DatabaseError) -> Bool {
    operands.removeAll()
    hasBase = false
    while merging.isValid, isSameGroup(merging.key) {
      let trailer = merging.key.internalKeyTrailer
      if trailer >> 8 > snapshot {
        // Newer, under an older timestamp.
        try merging.next()
        continue
      }
      let rawKind = UInt8(truncatingIfNeeded: trailer)
      if trailer >> 8 < newestTombstone(over: merging.key.internalKeyUserKey, orElse: covered) { break }
      guard let kind = EntryKind(rawValue: rawKind), kind != .rangeDeletion else { throw unknownKind(rawKind) }
      if kind.isPointTombstone { break }
      if kind != .merge {
        try takeBase(kind)
        hasBase = true
        break
      }
      operands.append([UInt8](merging.value))
      try merging.next()
    }
    standing = false
    operands.reverse()
    try combine()
    return true
  }

  /// Of the tombstone over an older version of the group's key, where `covered` is that over the newest one: each
  /// version has a timestamp of its own, which decides whether a tombstone is over it.
  private mutating func newestTombstone(
    over userKey: UnsafeRawBufferPointer, orElse covered: SequenceNumber
  ) -> SequenceNumber {
    order.timestampSize == 0 || tombstones.isEmpty ? covered : tombstones.sequence(over: userKey, hint: &hint)
  }

  private mutating func combine() throws(DatabaseError) {
    let base = ByteBuffer(copying: hasBase ? own.bytes : UnsafeRawBufferPointer(start: nil, count: 0))
    let merged = try mergeOperator?.apply(key: userKey, base: hasBase ? base.bytes : nil, operands: operands)
    own.removeAll()
    valueIsOwn = true
    guard let merged else {
      own.append(base.bytes)
      content = .operands
      return
    }
    own.append(merged)
    content = .value
    if let columns = entity {
      entity = columns.replacingDefault(merged)
      content = .entity
    }
  }
}
