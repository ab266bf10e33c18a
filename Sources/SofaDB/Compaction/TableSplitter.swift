/// Writes the ascending entries of one piece of a compaction to tables, and begins a new table where one has reached
/// its size or overlaps too much of the level below.
///
/// Invariants: a table ends between two user keys (timestamps aside), so all versions of a key are in one file. Range
/// tombstones are cut to the keys from the first one after the table before up to the first one of the next table, so
/// the tables do not overlap; the first and the last table reach to the bounds of the piece.
struct TableSplitter: ~Copyable {
  /// A finished table, and what a reader must find in it.
  struct Table: Sendable {
    let number: UInt64
    let summary: TableSummary
    let digest: EntryDigest
    /// In the order of the table.
    let tombstones: [RangeTombstone]
    let oldestBlobFile: UInt64?
  }

  private let plan: CompactionPlan
  private let tombstones: CompactionTombstones
  private let files: OutputFiles
  private let pool: CompressionPool?
  /// Keys are at least this; nil for no bound.
  private var lowerBound: [UInt8]?
  private var writer: TableWriter?
  private var number: UInt64 = 0
  private var digest = EntryDigest()
  private var oldestBlobFile: UInt64?
  /// Bytes of entries until the size of the file is looked at again.
  private var bytesUntilLook = 0
  private var grandparent = 0
  private var grandparentBytes: UInt64 = 0
  private let hasGrandparents: Bool
  private let targetFileSize: UInt64
  /// The first kept tombstone that may reach behind `lowerBound`.
  private var firstTombstone = 0
  private(set) var tables: [Table] = []

  init(
    _ plan: CompactionPlan, tombstones: CompactionTombstones, files: OutputFiles, pool: CompressionPool?,
    lowerBound: [UInt8]?
  ) {
    self.plan = plan
    targetFileSize = plan.isSplit ? plan.targetFileSize : .max
    self.tombstones = tombstones
    self.files = files
    self.pool = pool
    self.lowerBound = lowerBound
    hasGrandparents = plan.isSplit && !plan.grandparents.isEmpty && plan.maxGrandparentOverlap < .max
  }

  deinit { writer?.abandon() }

  /// Called before the first entry of each user key, given without timestamp: the only place where a table may end.
  @inline(__always)
  mutating func beginKey(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    if hasGrandparents { try passGrandparents(key) }
    if bytesUntilLook <= 0 { try look(key) }
  }

  @inline(never)
  private mutating func look(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    guard let writer else { return }
    let size = writer.estimatedFileSize
    guard size < targetFileSize else { return try cut(key) }
    bytesUntilLook = Int(clamping: (targetFileSize - size) / 2)
  }

  /// Counts the tables below that the current output has passed.
  private mutating func passGrandparents(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    let tables = plan.grandparents
    while grandparent < tables.count, isBehind(key, tables[grandparent]) {
      if writer != nil { grandparentBytes &+= tables[grandparent].size }
      grandparent += 1
    }
    if grandparentBytes > plan.maxGrandparentOverlap { try cut(key) }
  }

  private func isBehind(_ key: UnsafeRawBufferPointer, _ table: TableMetadata) -> Bool {
    table.largest.bytes.withUnsafeBytes {
      plan.order.compareWithoutTimestamp(key, plan.order.withoutTimestamp($0.internalKeyUserKey)) > 0
    }
  }

  private mutating func cut(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    guard writer != nil else { return }
    let bound = [UInt8](key)
    try close(upTo: bound)
    lowerBound = bound
  }

  /// The whole way of an entry into its table; not part of its caller, because the compiler stops to inline in
  /// functions that have grown too large.
  @inline(never)
  mutating func add(
    internalKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    if writer == nil { try open() }
    try writer!.add(internalKey: internalKey, value: value)
    digest.add(internalKey, value)
    bytesUntilLook &-= internalKey.count &+ value.count
  }

  /// The entry added last refers to this blob file.
  mutating func refer(toBlobFile number: UInt64) { oldestBlobFile = min(number, oldestBlobFile ?? number) }

  @inline(never)
  private mutating func open() throws(DatabaseError) {
    let (number, file) = try files.create()
    do throws(DatabaseError) {
      writer = try TableWriter(file: file, options: plan.options.numbered(number), pool: pool)
    } catch {
      do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
      throw error
    }
    self.number = number
    digest = EntryDigest()
    oldestBlobFile = nil
    grandparentBytes = 0
    bytesUntilLook = Int(clamping: targetFileSize / 2)
  }

  /// Ends the table that is open, if any; tombstones that no table has got yet get one of their own.
  private mutating func close(upTo bound: [UInt8]?) throws(DatabaseError) {
    let clipped = tombstones(upTo: bound)
    if writer == nil {
      if clipped.isEmpty { return }
      try open()
    }
    for tombstone in clipped { try writer!.addRangeTombstone(tombstone) }
    let summary = try writer!.finish()
    writer = nil
    let oldest = [summary.oldestBlobFile, oldestBlobFile].compactMap { $0 }.min()
    let table = Table(
      number: number, summary: summary, digest: digest, tombstones: clipped, oldestBlobFile: oldest)
    try files.finish(table)
    tables.append(table)
  }

  private mutating func tombstones(upTo bound: [UInt8]?) -> [RangeTombstone] {
    let kept = tombstones.kept
    var clipped: [RangeTombstone] = []
    var isFirst = true
    for index in firstTombstone..<max(firstTombstone, kept.count) {
      if let bound, plan.order.compareWithoutTimestamp(kept[index].begin, bound) >= 0 { break }
      let reachesOn = bound.map { plan.order.compareWithoutTimestamp(kept[index].end, $0) > 0 } ?? true
      if isFirst, !reachesOn { firstTombstone = index + 1 } else { isFirst = false }
      if let part = tombstones.clip(kept[index], from: lowerBound, to: bound) { clipped.append(part) }
    }
    return clipped
  }

  /// Ends the piece at `bound`, nil for the end of all keys.
  mutating func finish(upTo bound: [UInt8]?) throws(DatabaseError) { try close(upTo: bound) }
}

extension KeyOrder {
  /// Compares a user key, which has a timestamp if keys have any, with one that has none.
  fileprivate func compareWithoutTimestamp(_ key: [UInt8], _ bare: [UInt8]) -> Int {
    key.withUnsafeBytes { key in bare.withUnsafeBytes { compareWithoutTimestamp(withoutTimestamp(key), $0) } }
  }
}
