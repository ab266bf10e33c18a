/// Carries a plan out up to the commit: writes the new tables into the staging directory of a change and puts them into
/// the state. One thread.
struct RepairWork {
  private let plan: RepairPlan
  private let change: DatabaseChange
  private let origin: TableOrigin
  private var state: DraftState

  /// `origin`: the session of this repair.
  init(_ plan: RepairPlan, _ change: DatabaseChange, origin: TableOrigin) {
    self.origin = origin
    self.plan = plan
    self.change = change
    state = plan.result
  }

  private var isLevelDB: Bool { state.dialect == .leveldb }

  private func name(_ number: UInt64) -> String { DatabaseFile.table(number, isLevelDB ? .ldb : .sst).name }

  // MARK: Tables

  /// LevelDB tells the age of level 0 by file numbers, so there newer tables get new numbers as well.
  mutating func writeTables(isCancelled: () -> Bool) throws(DatabaseError) {
    var rewrites = plan.rewrites
    if isLevelDB { rewrites += newerOnLevelZero() }
    for rewrite in rewrites.sorted(by: { $0.metadata.number < $1.metadata.number }) {
      if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      try write(rewrite)
    }
  }

  private mutating func newerOnLevelZero() -> [RepairPlan.Rewrite] {
    let oldest = plan.rewrites.lazy.filter { $0.metadata.level == 0 }.map(\.metadata.number).min()
    guard let oldest, let family = state.families[0] else { return [] }
    let newer = family.tables.filter { $0.level == 0 && $0.number > oldest }
    guard !newer.isEmpty else { return [] }
    state.families[0]?.tables.removeAll { table in newer.contains { $0.number == table.number } }
    return newer.compactMap { table in
      guard let file = plan.sources[table.number] else { return nil }
      var rescue = TableRescue(name: file.name)
      rescue.verdict = .mended
      rescue.table = file.table
      return RepairPlan.Rewrite(rescue: rescue, family: 0, metadata: table)
    }
  }

  private mutating func write(_ rewrite: RepairPlan.Rewrite) throws(DatabaseError) {
    guard let family = state.families[rewrite.family] else { return }
    let number = change.newNumber()
    let file = try change.staging.create(name(number))
    let written = try rewrite.rescue.write(to: file, family: (family.id, family.name), origin: origin.table(number))
    var metadata = rewrite.metadata
    metadata.number = number
    metadata.size = written.size
    // They say how the old file was, byte for byte.
    (metadata.fileChecksum, metadata.fileChecksumFunction, metadata.uniqueID) = (nil, nil, nil)
    (metadata.tailSize, metadata.openMetadata) = (nil, nil)
    if let summary = written.summary {
      (metadata.smallest, metadata.largest) = (summary.smallest, summary.largest)
      if metadata.hasSequences {
        (metadata.smallestSequence, metadata.largestSequence) = (summary.smallestSequence, summary.largestSequence)
      }
      if rewrite.rescue.strippedTimestamp > 0 { metadata = RepairWork.withTimestamps(metadata) }
    } else if rewrite.rescue.verdict == .salvaged, let smallest = rewrite.rescue.smallest,
      let largest = rewrite.rescue.largest
    {
      (metadata.smallest, metadata.largest) = (smallest, largest)
    }
    state.families[rewrite.family]?.tables.append(metadata)
  }

  /// The new table has the timestamps that the old one left out.
  private static func withTimestamps(_ old: TableMetadata) -> TableMetadata {
    var new = TableMetadata(
      number: old.number, level: old.level, size: old.size, smallest: old.smallest, largest: old.largest,
      smallestSequence: old.smallestSequence, largestSequence: old.largestSequence, epoch: old.epoch)
    new.oldestBlobFile = old.oldestBlobFile
    new.creationTime = old.creationTime
    new.oldestAncestorTime = old.oldestAncestorTime
    return new
  }

  // MARK: Logs

  mutating func writeLogTables() throws(DatabaseError) {
    for table in plan.logTables {
      guard let family = state.families[table.family] else { continue }
      let number = change.newNumber()
      let file = try change.staging.create(name(number))
      var metadata = try write(table, family, file, origin.table(number))
      metadata.number = number
      let epochs = family.tables.map { $0.epoch ?? 0 }
      if !epochs.isEmpty, epochs.allSatisfy({ $0 > 0 }) { metadata.epoch = (epochs.max() ?? 0) + 1 }
      state.families[table.family]?.tables.append(metadata)
    }
  }

  private func write(
    _ table: LogFlush, _ family: DraftState.Family, _ file: any AppendFile, _ origin: TableOrigin
  ) throws(DatabaseError) -> TableMetadata {
    var options = isLevelDB ? .levelDB : TableOptions()
    options.order = family.order
    if isLevelDB { options.filterBitsPerKey = 0 }
    (options.columnFamilyID, options.columnFamilyName) = (family.id, family.name)
    if let writer = family.tables.first.flatMap({ plan.sources[$0.number] })?.table?.footer.formatVersion {
      options.formatVersion = isLevelDB ? 0 : min(max(Int(writer), 2), 5)
    }
    options.compression = .none
    options.origin = origin
    let summary = try table.write(to: file, options)
    var metadata = TableMetadata(
      number: 0, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: isLevelDB ? TableMetadata.unknownSequence : summary.smallestSequence,
      largestSequence: isLevelDB ? 0 : summary.largestSequence)
    metadata.oldestBlobFile = summary.oldestBlobFile
    return metadata
  }

  // MARK: The end

  func version() throws(DatabaseError) -> Version {
    var state = state
    state.coverNumbers()
    for id in state.families.keys { keepEpochs(&state, id) }
    return state.build()
  }

  /// All tables of a family have epochs, or none.
  private func keepEpochs(_ state: inout DraftState, _ id: UInt32) {
    guard let tables = state.families[id]?.tables, !tables.allSatisfy(\.hasEpoch) else { return }
    for index in tables.indices { state.families[id]?.tables[index].epoch = nil }
  }

  /// `loss.ndjson`: one record a loss, closed by a summary.
  func lossReport() -> [UInt8] {
    var json = JSONWriter()
    for loss in plan.losses { loss.encode(into: &json) }
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("losses", plan.losses.count)
    json.endObject()
    json.newline()
    return json.output.array
  }
}
