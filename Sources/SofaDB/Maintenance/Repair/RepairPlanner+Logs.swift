/// Step 4, logs: they stay, with the numbers that say which of them are replayed. Those with damage are replayed here
/// as far as they can be, and become tables of level 0.
extension RepairPlanner {
  private var isLevelDB: Bool { plan.result.dialect == .leveldb }

  mutating func settleLogs() throws(DatabaseError) {
    settleTrackedLogs()
    if !listIsWhole {
      try takeUnknownFamilies()
      try findFlushedLogs()
    }
    let version = plan.result.build()
    let selection = LogSelection(version, present: scan.logs)
    var logs: [LogSalvage] = []
    for number in selection.replayed {
      logs.append(
        try LogSalvage(
          directory, number: number, isNewest: number == selection.replayed.last, plainOnly: isLevelDB))
    }
    settleLengths(&logs)
    let isDamaged = logs.contains { !$0.losses.isEmpty }
    settleSequences(&logs)
    for log in logs {
      plan.remarks += log.remarks
      plan.losses += log.losses
      plan.steps.append(RepairPlan.Step(.keep, log.name, log.losses.map(\.line) + log.remarks))
    }
    // No engine minds a log that was cut behind a record.
    if isDamaged, !isRebuildOnly { try flush(selection.replayed, version) }
  }

  /// Logs that the MANIFEST says were synced, and that are gone: RocksDB would refuse to open.
  private mutating func settleTrackedLogs() {
    let present = Set(scan.logs)
    for log in plan.result.trackedLogs where !present.contains(log.number) {
      let isReplayed = LogSelection(plan.result.build(), present: [log.number]).replayed.contains(log.number)
      guard isReplayed else { continue }
      plan.result.trackedLogs.removeAll { $0.number == log.number }
      plan.needsManifest = true
      guard (log.syncedSize ?? 0) > 0 else { continue }
      var loss = RepairLoss(
        .logRecords, file: DatabaseFile.log(log.number).name,
        detail: "the MANIFEST says that this log was synced and it is not there")
      loss.length = log.syncedSize
      loss.mayResurface = true
      plan.losses.append(loss)
    }
  }

  /// Logs that are shorter than the MANIFEST, or the log behind them, remembers them: RocksDB would refuse to open.
  private func settleLengths(_ logs: inout [LogSalvage]) {
    for index in logs.indices {
      for tracked in plan.result.trackedLogs where tracked.number == logs[index].number {
        logs[index].expect(tracked.syncedSize ?? 0, by: "the MANIFEST says")
      }
      for other in logs {
        guard let wanted = other.facts.predecessor, wanted.number == logs[index].number else { continue }
        logs[index].expect(wanted.size, by: "\(other.name) says")
      }
    }
  }

  /// Which sequence numbers the damage took, and which are missing although nothing is damaged.
  private mutating func settleSequences(_ logs: inout [LogSalvage]) {
    guard let oldest = logs.first?.number else { return }
    var (first, last) = (SequenceNumber(0), plan.result.lastSequence)
    var ingested: Set<SequenceNumber> = []
    for family in plan.result.families.values {
      for metadata in family.tables + plan.rewrites.filter({ $0.family == family.id }).map(\.metadata) {
        guard let table = tables[metadata.number] else { continue }
        guard !table.isExternal else {
          ingested.insert(metadata.largestSequence)
          continue
        }
        last = max(last, table.largestSequence)
        // Memtables are flushed whole: what a log behind the last flush holds is newer than what was flushed.
        if listIsWhole, family.logNumber <= oldest { first = max(first, table.largestSequence + 1) }
      }
    }
    let sequences = LogSequences(logs, first: first, last: last, ingested: ingested)
    for index in logs.indices { sequences.name(&logs[index].losses) }
    for index in plan.losses.indices where plan.losses[index].isMissingLog {
      var one = [plan.losses[index]]
      sequences.name(&one)
      plan.losses[index] = one[0]
    }
    let known = plan.losses.filter(\.isMissingLog) + logs.flatMap(\.losses)
    for loss in sequences.unexplained(known, knowsBegin: listIsWhole) {
      guard let index = logs.firstIndex(where: { $0.name == loss.file }) else { continue }
      logs[index].losses.append(loss)
    }
    for index in logs.indices { logs[index].forgive() }
  }

  // MARK: Where the MANIFEST does not tell

  /// Column families that only logs know.
  private mutating func takeUnknownFamilies() throws(DatabaseError) {
    guard !isLevelDB else { return }
    var unknown: Set<UInt32> = []
    for number in scan.logs {
      let log = try LogSalvage(directory, number: number, isNewest: true, plainOnly: false)
      unknown.formUnion(log.facts.entries.keys)
    }
    unknown.subtract(plan.result.families.keys)
    unknown.subtract(evidence.droppedFamilies)
    unknown.subtract(dropped.keys)
    // One that was dropped left its number behind in old logs.
    if !isRebuilt { unknown = unknown.filter { $0 > plan.result.maxColumnFamily } }
    let known = Dictionary(plan.result.families.values.map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
    let used = max(plan.result.maxColumnFamily, (dropped.keys.max() ?? 0), evidence.droppedFamilies.max() ?? 0)
    let names = FamilyNames(
      scan.options?.families.map(\.name) ?? [], known: known, unknown: unknown, used: used)
    for id in unknown.sorted() {
      let name = names.names[id]
      guard name != nil || scan.options == nil else {
        plan.remarks.append(
          "the logs have entries of column family \(id), and OPTIONS lists no family for it: it was dropped")
        continue
      }
      let options = name.flatMap { scan.options?.family(named: $0)?.options }
      let chosen = freeName(name ?? "column-family-\(id)")
      plan.result.families[id] = DraftState.Family(
        id: id, name: chosen, comparator: options?["comparator"] ?? KeyOrder.bytewise.name)
      plan.needsManifest = true
      plan.steps.append(
        RepairPlan.Step(
          .rewrite, "MANIFEST", family: chosen,
          ["column family \(id) has entries in logs only" + (name == nil ? "; its name is lost" : "")]))
    }
    for (id, name) in names.empty where plan.result.families[id] == nil {
      plan.result.families[id] = DraftState.Family(
        id: id, name: name, comparator: scan.options?.family(named: name)?.options["comparator"])
      plan.steps.append(
        RepairPlan.Step(
          .rewrite, "MANIFEST", family: name, ["OPTIONS lists this family, and no file has entries of it"]))
    }
  }

  private mutating func findFlushedLogs() throws(DatabaseError) {
    var all: [UInt32: [TableMetadata]] = [:]
    for family in plan.result.families.values { all[family.id] = family.tables }
    for rewrite in plan.rewrites { all[rewrite.family, default: []].append(rewrite.metadata) }
    for id in all.keys { all[id] = all[id]?.map { listedItem($0).metadata } }
    let newest = all.compactMapValues { tables in
      tables.filter { !(self.tables[$0.number]?.isExternal ?? false) }.map(\.largestSequence).max()
    }
    let flushed = FlushedLogs(mended, families: plan.result.families, tables: all, newest: newest)
    for number in scan.logs {
      let isNewest = number == scan.logs.last
      for family in try flushed.families(in: number, isNewest: isNewest, plainOnly: isLevelDB) {
        guard let before = plan.result.families[family.family]?.logNumber, before <= number else { continue }
        plan.result.families[family.family]?.logNumber = number + 1
        plan.needsManifest = true
        tell(family, of: number)
      }
    }
    if let path = scan.options?.walDirectory, isRebuilt {
      plan.remarks.append(
        "OPTIONS names \(EscapedText.printable(path)) for logs: only those in the database's directory were looked at")
    }
  }

  /// What of a log that is not replayed no table shows.
  private mutating func tell(_ flushed: FlushedLogs.Flushed, of number: UInt64) {
    guard flushed.unproven > 0 else { return }
    var loss = RepairLoss(
      flushed.mayResurface ? .logRecords : .liveness, file: DatabaseFile.log(number).name,
      detail: "tables say that this log was flushed, and none has these writes: they were deleted since, or are lost")
    loss.family = plan.result.families[flushed.family]?.name
    (loss.after, loss.before) = (flushed.first, flushed.last)
    (loss.firstSequence, loss.lastSequence) = (flushed.sequences.lowerBound, flushed.sequences.upperBound)
    loss.count = flushed.unproven
    loss.mayResurface = flushed.mayResurface
    plan.losses.append(loss)
  }

  // MARK: Damaged logs

  private mutating func flush(_ logs: [UInt64], _ version: Version) throws(DatabaseError) {
    var replay = LogReplay(version, policy: isLevelDB ? .levelDB : .rocksDB(.skipAnyCorrupted))
    for number in logs { try replay.replay(number, file: directory.open(DatabaseFile.log(number).name)) }
    replay.finish(version)
    guard replay.pendingTransactions == 0 else {
      plan.remarks.append("the logs hold transactions that were prepared and not committed: they stay as they are")
      return
    }
    let unordered = version.families.first { !$0.order.isKnown && (replay.families[$0.id]?.entries.count ?? 0) > 0 }
    if let unordered {
      plan.remarks.append(
        "keys of \(EscapedText.printable(unordered.name)) have an order that is not known: the logs stay as they are")
      return
    }
    for (id, family) in replay.families.sorted(by: { $0.key < $1.key })
    where family.entries.count + family.tombstones.count > 0 {
      plan.logTables.append(LogFlush(family: id, entries: family.entries, tombstones: family.tombstones))
    }
    let next = (scan.logs.last ?? 0) + 1
    for id in plan.result.families.keys { plan.result.families[id]?.logNumber = next }
    plan.result.minLogNumberToKeep = isLevelDB ? 0 : next
    plan.result.previousLogNumber = 0
    plan.result.trackedLogs = []
    plan.result.lastSequence = max(plan.result.lastSequence, replay.lastSequence)
    plan.result.nextFileNumber = max(plan.result.nextFileNumber, next + 1)
    for number in logs {
      let name = DatabaseFile.log(number).name
      plan.removed.append(name)
      guard let place = plan.steps.firstIndex(where: { $0.file == name }) else { continue }
      plan.steps[place].action = .rewrite
      plan.steps[place].evidence.append("what it holds becomes tables of level 0")
    }
  }
}

extension RepairLoss {
  /// Whether it is a log that is not there.
  fileprivate var isMissingLog: Bool { kind == .logRecords && offset == nil && length != nil }
}
