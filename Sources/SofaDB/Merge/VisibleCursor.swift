internal import Glibc

/// The keys that a reader at one sequence number sees, each once, in order, forward and backward: newest version wins,
/// tombstones hide, merges are applied where the operator is known, blobs are fetched.
///
/// The rules are those of RocksDB's reads: an entry older than the newest range tombstone over its key is deleted (an
/// equal sequence does not cover); a merge collects operands until a value, a deletion or the end of history.
/// `userKey` and `value` are borrowed until the next step. One thread at a time.
///
/// Versions of one key lie together, the newest first. A step forward resolves them as it meets them, and `merging`
/// stands on the entry found or behind it. A step backward meets the oldest first and can tell only when it has seen
/// all, so `merging` stands before all versions of the current key. Who turns places `merging` anew.
///
/// After an error the cursor is not valid, and steps throw the same error until it is placed anew.
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
  /// Whether `merging` still stands on the entry that was found. Then the cursor is valid and goes forward.
  private var standing = false
  private var isBackward = false
  private var failure: DatabaseError?
  /// Where to place `merging`.
  private var target = ByteWriter()
  /// As stored: what the base of the current key is, going backward.
  private var stored = ByteWriter()

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

  // MARK: Moving

  /// To the first visible key at or after `start`.
  public mutating func seekToFirst() throws(DatabaseError) {
    if let start { return try seek(start) }
    begin(backward: false)
    do throws(DatabaseError) {
      try merging.seekToFirst()
      try settle()
    } catch { throw failed(error) }
  }

  /// To the last visible key before `end`.
  public mutating func seekToLast() throws(DatabaseError) {
    begin(backward: true)
    do throws(DatabaseError) {
      if let end {
        end.withUnsafeBytes { aim(beforeVersionsOf: $0) }
        try merging.seek(atOrBefore: target.bytes)
      } else {
        try merging.seekToLast()
      }
      try settleBackward()
    } catch { throw failed(error) }
  }

  /// To the first visible key at or after `userKey` (given without timestamp), though not before `start`.
  public mutating func seek(_ userKey: [UInt8]) throws(DatabaseError) {
    begin(backward: false)
    do throws(DatabaseError) {
      let first = start.map { isBefore(userKey, $0) ? $0 : userKey } ?? userKey
      first.withUnsafeBytes { aim(beforeVersionsOf: $0) }
      try merging.seek(target.bytes)
      try settle()
    } catch { throw failed(error) }
  }

  /// To the last visible key at or before `userKey` (given without timestamp), and before `end`.
  public mutating func seek(atOrBefore userKey: [UInt8]) throws(DatabaseError) {
    if let end, !isBefore(userKey, end) { return try seekToLast() }
    begin(backward: true)
    do throws(DatabaseError) {
      // Nothing of the key sorts behind the oldest timestamp with sequence number 0.
      target.removeAll()
      target.append(userKey)
      target.appendZeros(order.timestampSize + 8)
      try merging.seek(atOrBefore: target.bytes)
      try settleBackward()
    } catch { throw failed(error) }
  }

  /// To the next visible key; does nothing at the end.
  public mutating func next() throws(DatabaseError) {
    do throws(DatabaseError) {
      if standing {
        try merging.next()
        standing = false
      } else if try !leaveForward() {
        return
      }
      try skipGroup()
      try settle()
    } catch { throw failed(error) }
  }

  /// To the visible key before; does nothing at the end.
  public mutating func previous() throws(DatabaseError) {
    do throws(DatabaseError) {
      if let failure { throw failure }
      guard isValid else { return }
      if !isBackward {
        turn()
        try merging.seek(atOrBefore: target.bytes)
      }
      try settleBackward()
    } catch { throw failed(error) }
  }

  /// Before a step forward that does not start on an entry; false where there is nowhere to go.
  @inline(never)
  private mutating func leaveForward() throws(DatabaseError) -> Bool {
    if let failure { throw failure }
    guard isValid else { return false }
    if isBackward {
      turn()
      try merging.seek(target.bytes)
    }
    return true
  }

  /// Aims before the current key. Each way is a pass of its own over the blobs.
  private mutating func turn() {
    isBackward.toggle()
    standing = false
    allowance = BlobAllowance()
    aim(beforeVersionsOf: userKey)
    if Mutant.turnsBehindTheKey.isOn { target.append(0) }
  }

  private mutating func begin(backward: Bool) {
    hint = 0
    standing = false
    isValid = false
    isBackward = backward
    failure = nil
    allowance = BlobAllowance()
  }

  @inline(never)
  private mutating func failed(_ error: DatabaseError) -> DatabaseError {
    standing = false
    isValid = false
    failure = error
    return error
  }

  /// Before all versions of a key without timestamp: the newest timestamp sorts first, and so does a trailer that none
  /// has.
  private mutating func aim(beforeVersionsOf userKey: UnsafeRawBufferPointer) {
    target.removeAll()
    target.append(userKey)
    for _ in 0..<(order.timestampSize + 8) { target.append(0xFF) }
  }

  private func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { order.compareWithoutTimestamp(a, $0) < 0 } }
  }

  // MARK: Forward

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
    try takeBase(kind, merging.value, merging.table)
    content = entity == nil ? .value : .entity
    return true
  }

  private func unknownKind(_ kind: UInt8) -> DatabaseError {
    DatabaseError(.corruption, file: merging.table?.name ?? "", "an entry of unknown kind \(kind)")
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
        try takeBase(kind, merging.value, merging.table)
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

  // MARK: Backward

  /// From the oldest version of a key to the last key, backward, that has something to show.
  private mutating func settleBackward() throws(DatabaseError) {
    isValid = false
    while merging.isValid {
      let userKey = merging.key.internalKeyUserKey
      if let start, start.withUnsafeBytes({ order.compareWithoutTimestamp(order.withoutTimestamp(userKey), $0) }) < 0 {
        return
      }
      groupKey.removeAll()
      groupKey.append(userKey)
      if try resolveBackward() {
        isValid = true
        return
      }
    }
  }

  /// Looks at all versions of the group's key, the oldest first, and leaves them; true when the key has something to
  /// show.
  private mutating func resolveBackward() throws(DatabaseError) -> Bool {
    var base: EntryKind?
    var table: TableReader?
    operands.removeAll(keepingCapacity: true)
    while merging.isValid, isSameGroup(merging.key) {
      let key = merging.key
      let trailer = key.internalKeyTrailer
      if trailer >> 8 <= snapshot {
        sequence = trailer >> 8
        let userKey = key.internalKeyUserKey
        if order.timestampSize > 0 {
          groupKey.removeAll()
          groupKey.append(userKey)
        }
        let rawKind = UInt8(truncatingIfNeeded: trailer)
        guard let kind = EntryKind(rawValue: rawKind), kind != .rangeDeletion else { throw unknownKind(rawKind) }
        let covered = tombstones.isEmpty ? 0 : tombstones.sequence(over: userKey, hint: &hint)
        if kind == .merge, sequence >= covered {
          operands.append([UInt8](merging.value))
        } else {
          if !operands.isEmpty { operands.removeAll(keepingCapacity: true) }
          base = sequence < covered || kind.isPointTombstone ? nil : kind
          if base != nil { table = keep(kind) }
        }
      }
      try merging.previous()
    }
    return try show(base, table)
  }

  /// Keeps the value that `merging` stands on, and gives the table where it refers to one.
  private mutating func keep(_ kind: EntryKind) -> TableReader? {
    stored.removeAll()
    stored.append(merging.value)
    return kind == .blobIndex || kind == .wideColumnEntity ? merging.table : nil
  }

  /// Makes what is shown of a base, as `stored`, and the operands over it.
  private mutating func show(_ base: EntryKind?, _ table: TableReader?) throws(DatabaseError) -> Bool {
    guard base != nil || !operands.isEmpty else { return false }
    if base == .value, operands.isEmpty {
      content = .value
      borrowed = stored.bytes
      valueIsOwn = false
      return true
    }
    entity = nil
    if let base { try takeBase(base, stored.bytes, table) }
    if operands.isEmpty {
      content = entity == nil ? .value : .entity
      return true
    }
    hasBase = base != nil
    try combine()
    return true
  }

  // MARK: Values

  /// Puts a value as stored into `own`, and its columns into `entity`.
  private mutating func takeBase(
    _ kind: EntryKind, _ stored: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) {
    own.removeAll()
    valueIsOwn = true
    switch kind {
    case .valuePreferredSequence:
      guard stored.count >= 8 else { throw malformed("a timed value shorter than its time", table) }
      own.append(UnsafeRawBufferPointer(rebasing: stored[..<(stored.count - 8)]))
    case .blobIndex:
      try fetch(stored, table)
    case .wideColumnEntity:
      var columns: WideColumnEntity
      do { columns = try WideColumnEntity(stored) } catch { throw malformed("\(error.reason)", table) }
      for index in columns.columns.indices where columns.columns[index].isBlobReference {
        let reference = ByteBuffer(columns.columns[index].value)
        defer { withExtendedLifetime(reference) {} }
        own.removeAll()
        try fetch(reference.bytes, table)
        columns.columns[index].value = own.array
        columns.columns[index].isBlobReference = false
      }
      own.removeAll()
      own.append(columns.defaultValue)
      entity = columns
    default: own.append(stored)
    }
  }

  private mutating func fetch(_ reference: UnsafeRawBufferPointer, _ table: TableReader?) throws(DatabaseError) {
    try allowance.take(reference, of: table)
    try blobs.fetch(reference, userKey: groupKey.bytes, table: table, into: &own)
  }

  private func malformed(_ detail: String, _ table: TableReader?) -> DatabaseError {
    DatabaseError(.corruption, file: table?.name ?? "a log", detail)
  }

  private mutating func combine() throws(DatabaseError) {
    let base = ByteBuffer(copying: hasBase ? own.bytes : UnsafeRawBufferPointer(start: nil, count: 0))
    defer { withExtendedLifetime(base) {} }
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
