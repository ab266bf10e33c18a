/// One piece of the key space of a compaction, done by one thread: merges the inputs, applies the rules, writes tables.
struct CompactionPiece: ~Copyable {
  /// Bytes of input between two looks at progress and cancellation.
  private static let step = 1 << 20

  /// Bytes that each run reads at once: what all runs of a usual compaction hold so stays in the processor's cache,
  /// and the system reads further ahead by itself.
  private static let readAhead = 64 << 10

  private let plan: CompactionPlan
  private let order: KeyOrder
  private let bounds: PieceBounds
  private let watch: CompactionWatch
  private let tombstones: CompactionTombstones
  private var merging: MergingCursor
  private var splitter: TableSplitter
  private var rules: DropRules
  private var operands: MergeOperands
  private var blobs = BlobReferences()
  private var hints: [Int]
  private var olderHint = 0
  /// The user key whose versions are being judged, timestamp included.
  private var groupKey = ByteWriter()
  private var hasGroup = false
  private var lastTrailer: UInt64 = 0
  private let isAllBottom: Bool
  private let asksBottom: Bool
  private var key = ByteWriter()
  private(set) var entriesRead: UInt64 = 0
  private var unreported = 0

  init(
    _ plan: CompactionPlan, bounds: PieceBounds, cache: TableCache, tombstones: CompactionTombstones,
    files: OutputFiles, pool: CompressionPool?, watch: CompactionWatch
  ) {
    self.plan = plan
    order = plan.order
    self.bounds = bounds
    self.watch = watch
    self.tombstones = tombstones
    let order = plan.order
    let sources =
      plan.memory.map { $0.source() }
      + plan.runs.compactMap { run -> EntrySource? in
        let tables = run.filter { bounds.overlaps($0, order: order) }
        return tables.isEmpty
          ? nil
          : EntrySource(
            TableRun(
              tables, cache: cache, order: order, damage: nil, readAhead: CompactionPiece.readAhead, usesCache: false),
            order: order)
      }
    merging = MergingCursor(sources, order: order, lower: bounds.lower, upper: bounds.upper)
    splitter = TableSplitter(plan, tombstones: tombstones, files: files, pool: pool, lowerBound: bounds.lower)
    // With timestamps each version is a key of its own, and its operands belong to those before it.
    let hasTimestamps = order.timestampSize > 0
    let merges = plan.mergeOperator.map { if case .unknown = $0 { false } else { !hasTimestamps } } ?? false
    rules = DropRules(
      snapshots: plan.snapshots, combinesMerges: merges, zeroes: plan.zeroSequences && !hasTimestamps)
    operands = MergeOperands(plan.mergeOperator)
    hints = tombstones.hints
    isAllBottom = plan.older.isEmpty && !plan.keepsTombstones && !hasTimestamps
    asksBottom = rules.asksBottom
  }

  var tables: [TableSplitter.Table] { splitter.tables }
  var blobGarbage: [UInt64: CompactionResult.BlobGarbage] { blobs.garbage }

  @inline(never)
  mutating func run() throws(DatabaseError) {
    if let lower = bounds.lower {
      // The newest timestamp sorts first, and the seek kind before every stored one.
      let stamped = lower + [UInt8](repeating: 0xFF, count: order.timestampSize)
      let target = ByteBuffer(InternalKey(userKey: stamped, sequence: .maximum, kind: EntryKind.seek).bytes)
      defer { withExtendedLifetime(target) {} }
      try merging.seek(target.bytes)
    } else {
      try merging.seekToFirst()
    }
    while merging.isValid {
      let internalKey = merging.key
      if try !isSameGroup(internalKey) {
        guard try beginGroup(internalKey.internalKeyUserKey) else { break }
      }
      try take(internalKey)
      unreported &+= internalKey.count &+ merging.value.count
      entriesRead &+= 1
      if unreported >= CompactionPiece.step {
        try watch.advance(unreported)
        unreported = 0
      }
      try merging.next()
    }
    try endGroup()
    try splitter.finish(upTo: bounds.upper)
    try watch.advance(unreported)
  }

  // MARK: Groups

  /// Whether an entry has the user key of the group; throws when the inputs are not in order.
  @inline(__always)
  private mutating func isSameGroup(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    guard hasGroup else { return false }
    let result = order.compare(groupKey.bytes, internalKey.internalKeyUserKey)
    if result < 0 { return false }
    guard result == 0, internalKey.internalKeyTrailer <= lastTrailer else { throw outOfOrder() }
    return true
  }

  private func outOfOrder() -> DatabaseError {
    DatabaseError(.corruption, file: merging.table?.name ?? "", "keys are not in ascending order")
  }

  /// Ends the group before and begins the one of `userKey`; false when that belongs to the next piece.
  @inline(__always)
  private mutating func beginGroup(_ userKey: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    if !operands.isEmpty { try endGroup() }
    let bare = order.withoutTimestamp(userKey)
    if !merging.isClearlyBelowUpper, isPastUpper(bare) { return false }
    if order.timestampSize == 0 || !hasGroup || !isSameBareKey(bare) { try splitter.beginKey(bare) }
    groupKey.removeAll()
    groupKey.append(userKey)
    hasGroup = true
    rules.beginKey()
    lastTrailer = .max
    return true
  }

  private func isPastUpper(_ bare: UnsafeRawBufferPointer) -> Bool {
    guard let upper = bounds.upper else { return false }
    return upper.withUnsafeBytes { order.compareWithoutTimestamp(bare, $0) } >= 0
  }

  private func isSameBareKey(_ bare: UnsafeRawBufferPointer) -> Bool {
    KeyOrder.bytewise(order.withoutTimestamp(groupKey.bytes), bare) == 0
  }

  /// Operands without a base in their stripe end their way here.
  private mutating func endGroup() throws(DatabaseError) {
    guard !operands.isEmpty else { return }
    if operands.stripe == 0, isBottom(), try writeValue(base: nil) { return }
    try writeOperands()
  }

  private mutating func isBottom() -> Bool {
    if isAllBottom || Mutant.tombstonesDroppedEarly.isOn { return true }
    if plan.keepsTombstones || order.timestampSize > 0 { return false }
    return !plan.older.contains(groupKey.bytes, hint: &olderHint)
  }

  // MARK: Entries

  @inline(__always)
  private mutating func take(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    let trailer = internalKey.internalKeyTrailer
    // The same version in two tables: the newer table's comes first.
    if trailer == lastTrailer { return try skipTwin(internalKey) }
    lastTrailer = trailer
    guard let kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer)) else {
      throw DatabaseError(.corruption, file: merging.table?.name ?? "", "an entry of unknown kind")
    }
    let sequence = trailer >> 8
    let stripe = rules.stripe(of: sequence)
    let covered =
      tombstones.isEmpty ? 0 : tombstones.sequence(over: groupKey.bytes, stripe: stripe, hints: &hints)
    let verdict = rules.judge(
      sequence, kind, stripe: stripe, covered: covered,
      isBottom: (kind != .value || asksBottom) && isBottom())
    if kind == .value, operands.isEmpty {
      if verdict == .keep { return try splitter.add(internalKey: internalKey, value: merging.value) }
      if verdict == .drop { return }
    }
    try settle(verdict, kind, sequence, stripe, internalKey)
  }

  /// Values may be written twice, for example by a repair that replays a log; operands that differ cannot be.
  private mutating func skipTwin(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    guard UInt8(truncatingIfNeeded: lastTrailer) != EntryKind.merge.rawValue else {
      throw DatabaseError(
        .corruption, file: merging.table?.name ?? "", "a merge operand is in two tables, sequence \(lastTrailer >> 8)")
    }
  }

  @inline(never)
  private mutating func settle(
    _ verdict: DropRules.Verdict, _ kind: EntryKind, _ sequence: SequenceNumber, _ stripe: Int,
    _ internalKey: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    if !operands.isEmpty {
      if try absorb(verdict, kind, sequence, stripe) { return }
    }
    switch verdict {
    case .collect: operands.add(merging.value, sequence: sequence, stripe: stripe)
    case .drop:
      try blobs.drop(kind, merging.value, userKeySize: groupKey.count, table: merging.table)
    case .keep, .keepAtZero:
      try keep(kind, sequence: verdict == .keepAtZero ? 0 : sequence, merging.value)
    }
  }

  /// Lets the operands that are collected meet the next older entry; true when that has gone into the result.
  private mutating func absorb(
    _ verdict: DropRules.Verdict, _ kind: EntryKind, _ sequence: SequenceNumber, _ stripe: Int
  ) throws(DatabaseError) -> Bool {
    guard stripe == operands.stripe else {
      try writeOperands()
      return false
    }
    if verdict == .collect {
      if operands.size > MergeOperands.sizeLimit { try writeOperands() }
      return false
    }
    // History ends with a tombstone, or one over all that is older.
    if verdict == .drop || kind.isPointTombstone {
      guard try writeValue(base: nil) else {
        try writeOperands()
        return false
      }
      rules.endPair()
      if verdict == .drop {
        try blobs.drop(kind, merging.value, userKeySize: groupKey.count, table: merging.table)
      }
      return true
    }
    if kind == .value, try writeValue(base: merging.value) { return true }
    try writeOperands()
    return false
  }

  /// False where the operator refuses; then nothing is written.
  private mutating func writeValue(base: UnsafeRawBufferPointer?) throws(DatabaseError) -> Bool {
    let sequence = operands.sequence
    guard let value = operands.takeValue(order.withoutTimestamp(groupKey.bytes), base: base) else { return false }
    try write(.value, sequence, value)
    return true
  }

  private mutating func writeOperands() throws(DatabaseError) {
    for operand in operands.takeOperands(order.withoutTimestamp(groupKey.bytes)) {
      try write(.merge, operand.sequence, operand.bytes)
    }
  }

  private mutating func keep(
    _ kind: EntryKind, sequence: SequenceNumber, _ value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    guard kind == .blobIndex || kind == .wideColumnEntity else { return try write(kind, sequence, value) }
    if let resolved = try BlobReferences.resolved(kind, value, merging.table) {
      return try write(resolved.kind, sequence, resolved.value)
    }
    try write(kind, sequence, value)
    if let oldest = try BlobReferences.oldestFile(kind, value, merging.table) { splitter.refer(toBlobFile: oldest) }
  }

  private mutating func write(
    _ kind: EntryKind, _ sequence: SequenceNumber, _ value: [UInt8]
  ) throws(DatabaseError) {
    let bytes = ByteBuffer(value)
    defer { withExtendedLifetime(bytes) {} }
    try write(kind, sequence, bytes.bytes)
  }

  private mutating func write(
    _ kind: EntryKind, _ sequence: SequenceNumber, _ value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    key.removeAll()
    key.append(groupKey.bytes)
    key.appendFixed64(InternalKey.trailer(sequence, kind.rawValue))
    try splitter.add(internalKey: key.bytes, value: value)
  }
}
