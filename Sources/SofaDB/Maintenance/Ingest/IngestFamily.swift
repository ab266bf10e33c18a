/// One column family while tables are placed in it: what its keys overlap, in tables, logs and tables placed before.
///
/// The rules are those of RocksDB's `IngestExternalFile`: a table that overlaps nothing gets sequence number 0 and the
/// deepest level; another one gets the next number, and the deepest level above all that it overlaps.
struct IngestFamily {
  let order: KeyOrder
  let levelCount: Int
  private var levels: [[TableMetadata]]
  private var logged: SortedEntries?
  private var loggedTombstones: [RangeTombstone]
  private let hasEpochs: Bool
  private var nextEpoch: UInt64

  init(_ family: ColumnFamily, view: DatabaseView.Family?, levelCount: Int) {
    order = family.order
    self.levelCount = max(levelCount, 1)
    levels = family.levels
    while levels.count < self.levelCount { levels.append([]) }
    logged = view?.entries
    loggedTombstones = view?.logTombstones ?? []
    hasEpochs = family.tables.allSatisfy(\.hasEpoch)
    nextEpoch = (family.tables.compactMap(\.epoch).max() ?? 0) &+ 1
  }

  /// What the logs hold is in this table of level 0 from now on.
  mutating func flush(into table: TableMetadata) {
    (logged, loggedTombstones) = (nil, [])
    levels[0].append(table)
    nextEpoch = max(nextEpoch, (table.epoch ?? 0) &+ 1)
  }

  /// Whether the logs hold keys within the bounds of `source`.
  func overlapsLogs(_ source: IngestSource) -> Bool {
    if let logged, !logged.entries.isEmpty {
      let start = InternalKey(userKey: source.smallest.userKey, sequence: .maximum, kind: EntryKind.seek)
      let first = start.bytes.withUnsafeBytes { logged.lowerBound($0, order: order) }
      if first < logged.entries.count {
        let reach = source.largest.userKey.withUnsafeBytes {
          order.compareWithoutTimestamp(
            order.withoutTimestamp(logged.entries[first].key.internalKeyUserKey), order.withoutTimestamp($0))
        }
        if reach <= 0 { return true }
      }
    }
    return loggedTombstones.contains {
      compare($0.begin, source.largest.userKey) <= 0 && compare($0.end, source.smallest.userKey) > 0
    }
  }

  /// The levels that have keys within the bounds of `source`.
  func overlappingLevels(_ source: IngestSource) -> [Int] {
    levels.indices.filter { level in levels[level].contains { overlaps($0, source) } }
  }

  private func overlaps(_ table: TableMetadata, _ source: IngestSource) -> Bool {
    let isBefore = compare(table.largest.userKey, source.smallest.userKey)
    if isBefore < 0 || isBefore == 0 && table.largest.isRangeDeletionEnd { return false }
    let isAfter = compare(source.largest.userKey, table.smallest.userKey)
    return !(isAfter < 0 || isAfter == 0 && source.largest.isRangeDeletionEnd)
  }

  func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes {
        order.compareWithoutTimestamp(order.withoutTimestamp(a), order.withoutTimestamp($0))
      }
    }
  }

  /// Places `source` above everything that it overlaps and returns its record.
  mutating func place(_ source: IngestSource, number: UInt64, sequence: SequenceNumber) -> TableMetadata {
    let roof = Mutant.ingestedBelowOlderData.isOn ? levelCount : overlappingLevels(source).first ?? levelCount
    return add(source, number: number, level: max(roof - 1, 0), sequence: sequence)
  }

  /// Places `source` below everything. Throws `unsupported` where what is there now could not be told from it.
  mutating func placeBehind(_ source: IngestSource, number: UInt64) throws(DatabaseError) -> TableMetadata {
    for level in overlappingLevels(source) {
      guard level < levelCount - 1 else {
        throw DatabaseError(
          .unsupported, file: source.target.path, "the last level has tables with its keys: nothing can go behind them")
      }
      for table in levels[level] where overlaps(table, source) && table.smallestSequence == 0 {
        throw DatabaseError(
          .unsupported, file: source.target.path,
          "table \(table.number) has entries without sequence numbers that count as old as these")
      }
    }
    return add(source, number: number, level: levelCount - 1, sequence: 0)
  }

  private mutating func add(
    _ source: IngestSource, number: UInt64, level: Int, sequence: SequenceNumber
  ) -> TableMetadata {
    let table = source.metadata(
      number: number, level: level, sequence: sequence, epoch: hasEpochs ? nextEpoch : nil)
    nextEpoch &+= 1
    levels[level].append(table)
    return table
  }
}
