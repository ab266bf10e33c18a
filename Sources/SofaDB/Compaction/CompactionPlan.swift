/// Which tables of a family become new tables of one level, and how. A value: nothing is opened, and nothing changes.
///
/// Data that is in no table yet (logs, memtables) must be newer than the inputs, as it always is.
public struct CompactionPlan: Sendable {
  public let order: KeyOrder
  public let outputLevel: Int
  /// The input tables as sorted runs, newest first: each table of level 0 by itself, then the deeper levels.
  public let runs: [[TableMetadata]]
  /// What a flush writes, newest first; empty for a compaction of tables.
  let memory: [MemoryRun]
  /// Where older data lies: in tables below the output.
  let older: KeySpans
  /// Of the outputs: the least of the inputs' epochs; nil unless all have one.
  public var epoch: UInt64?

  /// How outputs are written. Order and family are the inputs'.
  public let options: TableOptions
  /// Bytes of a file after which the next one begins, between two user keys. Into level 0 goes one file: the age of
  /// several could not be told from their sequence numbers.
  public var targetFileSize: UInt64 = 64 << 20
  /// Sequence numbers that readers hold on to, in any order.
  public var snapshots: [SequenceNumber] = []
  /// Combines operands. Give it only where name and parameters are certain: the delimiter of string appending is not
  /// stored in tables. Without it operands are kept as they are.
  public var mergeOperator: MergeOperator?
  /// Gives the only version of a key that is left at the bottom sequence number 0, as RocksDB does; it makes later
  /// reads and compactions cheaper. Not where there are snapshots.
  public var zeroSequences = false
  /// Keeps all tombstones, for databases that ingest behind existing data.
  public var keepsTombstones = false
  /// Tables of the level below the output: an output that overlaps more than so many bytes of them ends.
  public var grandparents: [TableMetadata]
  public var maxGrandparentOverlap: UInt64 = .max

  /// Takes the tables numbered `inputs`. `invalid` when the family does not have one of them, or they cannot be
  /// compacted without others: see `CompactionInputs`. `unsupported` when the order of keys is not known.
  public init(
    _ family: ColumnFamily, inputs: Set<UInt64>, outputLevel: Int, options: TableOptions
  ) throws(DatabaseError) {
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported, "the comparator \(EscapedText.printable(family.order.name)) is not known, so keys have no order")
    }
    let tables = family.tables.filter { inputs.contains($0.number) }
    guard !inputs.isEmpty, tables.count == inputs.count else {
      throw DatabaseError(.invalid, "a table to be compacted is not in the column family")
    }
    guard (0..<VersionEdit.levelLimit).contains(outputLevel), tables.allSatisfy({ $0.level <= outputLevel }) else {
      throw DatabaseError(.invalid, "tables cannot be compacted into level \(outputLevel)")
    }
    let missing = CompactionInputs(family, outputLevel: outputLevel).missing(from: inputs)
    guard missing.isEmpty else {
      throw DatabaseError(
        .invalid, "tables cannot be compacted into level \(outputLevel) without table \(missing.min() ?? 0)")
    }
    order = family.order
    self.outputLevel = outputLevel
    memory = []
    let chosen = family.levels.map { $0.filter { inputs.contains($0.number) } }
    runs = chosen[0].map { [$0] } + chosen[1...].filter { !$0.isEmpty }
    epoch = tables.allSatisfy(\.hasEpoch) ? tables.compactMap(\.epoch).min() : nil
    older = KeySpans(CompactionPlan.older(family, than: inputs, outputLevel), order: order)
    grandparents = outputLevel + 1 < family.levels.count && outputLevel > 0 ? family.levels[outputLevel + 1] : []
    self.options = options.written(for: family)
  }

  /// A flush: what is in memory, newest first, becomes one table of level 0. All tables of the family are older.
  init(flushing memory: [MemoryRun], of family: ColumnFamily, options: TableOptions) {
    order = family.order
    outputLevel = 0
    runs = []
    self.memory = memory
    epoch = nil
    older = KeySpans(family.tables, order: order)
    grandparents = []
    self.options = options.written(for: family)
  }

  public var inputs: [TableMetadata] { runs.flatMap { $0 } }
  var isSplit: Bool { outputLevel > 0 }

  private static func older(
    _ family: ColumnFamily, than inputs: Set<UInt64>, _ outputLevel: Int
  ) -> [TableMetadata] {
    var older = family.levels.dropFirst(outputLevel + 1).flatMap { $0 }
    if outputLevel == 0, !Mutant.olderLevel0Ignored.isOn,
      let last = family.levels[0].lastIndex(where: { inputs.contains($0.number) })
    {
      older += family.levels[0][(last + 1)...]
    }
    return older
  }
}

extension TableOptions {
  /// For tables of a family that the database itself writes.
  fileprivate func written(for family: ColumnFamily) -> TableOptions {
    var options = self
    options.order = family.order
    options.columnFamilyID = family.id
    options.columnFamilyName = family.name
    options.external = false
    return options
  }
}
