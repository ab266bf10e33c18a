/// Step 3: tables that the state does not list, where the list may be short.
///
/// A table is parked when a record deleted it, when a newer table holds versions that it holds too, or when nothing
/// proves that it belongs to the state; parked tables stay in the journal. Without any MANIFEST every table that is not
/// superseded is taken, since there is nothing else.
extension RepairPlanner {
  enum Judgement {
    case adopt(String)
    case superseded(String)
    case unproven(String)
  }

  mutating func judgeUnlisted() throws(DatabaseError) {
    try takeInfoLog()
    let listed = Set(plan.result.families.values.flatMap { $0.tables.map(\.number) })
    let tasks = scan.tables.sorted { $0.key < $1.key }.filter { !listed.contains($0.key) && tables[$0.key] == nil }
      .map { ExaminedTable.Task(number: $0.key, name: $0.value) }
    var examined = try ExaminedTable.examine(
      tasks, in: directory, jobs: jobs, progress: progress, isCancelled: isCancelled)
    var groups: [UInt32: [ExaminedTable]] = [:]
    for index in examined.indices {
      guard let family = family(of: examined[index]) else { continue }
      examined[index].family = family
      examined[index].familyName = plan.result.families[family]?.name
      tables[examined[index].number] = examined[index]
      groups[family, default: []].append(examined[index])
    }
    for (family, group) in groups.sorted(by: { $0.key < $1.key }) { try judge(group, of: family) }
  }

  // MARK: Where a table belongs

  /// nil when it is parked instead.
  private mutating func family(of table: ExaminedTable) -> UInt32? {
    if plan.result.dialect == .leveldb, !infoLog.tellsDeletion(of: table.number) { return takeOrder(of: table, 0) }
    if case .deleted(let manifest)? = evidence.fates[table.number] {
      park(table, "\(manifest) says that it was deleted")
      return nil
    }
    if infoLog.tellsDeletion(of: table.number) {
      park(table, RepairPlanner.deletedSays)
      return nil
    }
    let stored = table.properties.columnFamilyID.flatMap { UInt32(exactly: $0) }
    guard let id = stored, UInt64(id) != LooseTables.unknownFamily else { return familyOfExternal(table) }
    if plan.result.families[id] != nil { return takeOrder(of: table, id) }
    if let name = nameOfDropped(id, table) {
      park(table, "\(EscapedText.printable(name)), its column family, is not in OPTIONS any more", isLoss: true)
      return nil
    }
    let isDropped =
      evidence.droppedFamilies.contains(id) || (!isRebuilt && id <= plan.result.maxColumnFamily)
    if isDropped {
      park(table, "its column family was dropped")
      return nil
    }
    let name = table.properties.columnFamilyName ?? ""
    plan.result.families[id] = DraftState.Family(
      id: id, name: freeName(name.isEmpty ? "column-family-\(id)" : name), comparator: table.properties.comparator)
    return id
  }

  /// Two families of one name would make the MANIFEST unreadable.
  func freeName(_ name: String) -> String {
    var free = name
    var count = 1
    while plan.result.families.values.contains(where: { $0.name == free }) {
      count += 1
      free = "\(name)-\(count)"
    }
    return free
  }

  private mutating func takeOrder(of table: ExaminedTable, _ family: UInt32) -> UInt32? {
    if !table.properties.timestampsPersisted { plan.result.families[family]?.timestampsPersisted = false }
    guard let own = table.properties.comparator else { return family }
    if plan.result.families[family]?.comparator == nil { plan.result.families[family]?.comparator = own }
    guard plan.result.families[family]?.comparator == own else {
      park(table, "its keys are ordered otherwise than those of its family")
      return nil
    }
    return family
  }

  /// Tables that were made outside a database do not say where they went.
  private mutating func familyOfExternal(_ table: ExaminedTable) -> UInt32? {
    let order = table.properties.comparator ?? KeyOrder.bytewise.name
    let fitting = plan.result.sortedFamilies.filter { ($0.comparator ?? order) == order }
    guard let first = fitting.first, fitting.count == 1 || isRebuilt else {
      park(table, "it does not say which column family it belongs to")
      return nil
    }
    return takeOrder(of: table, first.id)
  }

  mutating func park(_ table: ExaminedTable, _ reason: String, isLoss: Bool = false) {
    plan.steps.append(RepairPlan.Step(.park, table.name, family: table.familyName, [reason]))
    plan.removed.append(table.name)
    guard isLoss else { return }
    var loss = RepairLoss(.table, file: table.name, detail: "parked, not deleted: \(reason)")
    loss.family = table.familyName
    (loss.after, loss.before) = (table.smallest?.userKey, table.largest?.userKey)
    (loss.count, loss.isExact) = (table.entries, true)
    // It may have hidden older content; nothing tells.
    loss.mayResurface = true
    plan.losses.append(loss)
  }

  // MARK: Judging

  private mutating func judge(_ group: [ExaminedTable], of family: UInt32) throws(DatabaseError) {
    var candidates: [TablePlacement.Item] = []
    for table in group {
      if case .refused(let reason)? = table.rescue?.verdict {
        park(table, reason, isLoss: true)
      } else if let item = item(for: table, in: family) {
        candidates.append(item)
      } else {
        park(table, "nothing of it can be read", isLoss: isRebuilt)
        if !isRebuilt { plan.remarks.append("\(table.name) is not listed and nothing of it can be read") }
      }
    }
    guard let state = plan.result.families[family] else { return }
    let rewritten = plan.rewrites.filter { $0.family == family }.map(\.metadata)
    let listed = (state.tables + rewritten).map { listedItem($0) }
    candidates = numberExternals(candidates, beside: listed)
    let relations = try TableRelations(
      listed.map(\.metadata) + candidates.map(\.metadata), listed: Set(listed.map(\.number)), order: state.order,
      in: mended, jobs: jobs, isCancelled: isCancelled)
    var kept: [TablePlacement.Item] = []
    var unproven: Set<UInt64> = []
    let beside = isRebuilt ? [:] : try judgeBeside(listed, candidates, relations, state)
    // From the newest file on: what supersedes another table must stand itself.
    for item in candidates.sorted(by: { $0.number > $1.number }) {
      guard let table = tables[item.number] else { continue }
      let others = (listed + candidates).filter { !unproven.contains($0.number) }
      let judgement =
        adopted.contains(table.name)
        ? .adopt("it was asked for") : beside[item.number] ?? judge(item, among: others, relations)
      switch judgement {
      case .superseded(let reason): park(table, reason)
      case .unproven(let reason):
        unproven.insert(item.number)
        park(table, reason + "; --adopt \(table.name) takes it in", isLoss: true)
      case .adopt(let reason):
        adopt(item, reason)
        kept.append(item)
      }
    }
    try place(kept, in: family, relations)
  }

  /// Without a MANIFEST.
  private func judge(
    _ item: TablePlacement.Item, among others: [TablePlacement.Item], _ relations: TableRelations
  ) -> Judgement {
    if infoLog.tellsLife(of: item.number) { return .adopt(RepairPlanner.lifeSays) }
    if let reason = successor(of: item, among: others, relations) { return .superseded(reason) }
    return .adopt("no newer table holds a version that it holds")
  }

  /// Why one of `others` came when the table was gone; nil when nothing says so.
  func successor(
    of item: TablePlacement.Item, among others: [TablePlacement.Item], _ relations: TableRelations
  ) -> String? {
    for other in others where other.number > item.number {
      if let reason = successor(other, of: item, relations) { return reason }
    }
    return nil
  }

  private func successor(
    _ other: TablePlacement.Item, of item: TablePlacement.Item, _ relations: TableRelations
  ) -> String? {
    let name = scan.tables[other.number] ?? ""
    let counts = relations.counts(item.number, other.number)
    if counts.same > 0 {
      return "\(name), which is newer, holds \(counts.same) of its versions: a compaction wrote them there"
    }
    if item.isExternal || other.isExternal { return nil }
    if counts.bothZero > 0 { return "\(name), which is newer, rewrote the bottom of the tree with its keys" }
    if relations.contradict(item.number, other.number) {
      return "\(name), which is newer, has both newer and older content: it came when this table was gone"
    }
    // Programs write again what is there already, so a few equal values prove nothing.
    if counts.aboveZeroSame >= 3, counts.aboveZeroSame > 4 * counts.aboveZeroOther {
      return "\(name), which is newer, has \(counts.aboveZeroSame) of its keys with the same content at the bottom"
    }
    return nil
  }

  private mutating func adopt(_ item: TablePlacement.Item, _ reason: String) {
    guard let table = tables[item.number] else { return }
    placed.insert(item.number)
    var evidence = [reason]
    if table.isExternal, item.metadata.largestSequence != table.largestSequence {
      evidence.append(
        "made outside the database; its sequence number was in the lost MANIFEST, "
          + "\(item.metadata.largestSequence) keeps it between older and newer tables")
    }
    var step = RepairPlan.Step(.adopt, table.name, family: table.familyName, evidence)
    if let rescue = table.rescue {
      step.action = .salvage
      step.evidence += RepairPlanner.evidence(rescue, table.errors)
      plan.losses += rescue.losses.map { loss in
        var loss = loss
        loss.family = table.familyName
        return loss
      }
    }
    plan.steps.append(step)
  }

  // MARK: Placing

  private mutating func place(
    _ kept: [TablePlacement.Item], in family: UInt32, _ relations: TableRelations
  ) throws(DatabaseError) {
    guard let state = plan.result.families[family] else { return }
    let placement = placement(state, relations)
    let rewritten = plan.rewrites.filter { $0.family == family }.map(\.metadata)
    // Those that are not there stand in nobody's way.
    let there = (state.tables + rewritten).filter { tables[$0.number] != nil }.map { listedItem($0) }
    var levels = there.isEmpty ? placement.levels(kept) : placement.levels(for: kept, beside: there)
    if !there.isEmpty, levels.count < kept.count {
      // Tables have moved since: all places are found anew.
      let all = placement.levels(there + kept)
      if all.count == there.count + kept.count {
        for item in there where all[item.number] != item.metadata.level { move(item.number, to: all[item.number] ?? 0) }
        levels = all
      }
    }
    for item in kept { settle(item, level: levels[item.number], family) }
  }

  private mutating func move(_ number: UInt64, to level: Int) {
    for id in plan.result.families.keys {
      for index in plan.result.families[id]?.tables.indices ?? 0..<0
      where plan.result.families[id]?.tables[index].number == number {
        plan.result.families[id]?.tables[index].level = level
      }
    }
    for index in plan.rewrites.indices where plan.rewrites[index].metadata.number == number {
      plan.rewrites[index].metadata.level = level
    }
    guard let place = plan.steps.firstIndex(where: { $0.file == scan.tables[number] }) else { return }
    if plan.steps[place].action == .keep { plan.steps[place].action = .rewrite }
    plan.steps[place].level = level
    plan.steps[place].evidence.append("what the lost records put beside it leaves it no other level")
  }

  func placement(_ state: DraftState.Family, _ relations: TableRelations) -> TablePlacement {
    let options = scan.options?.family(named: state.name)?.options
    let count = options?["num_levels"].flatMap { Int($0) } ?? ColumnFamily.usualLevels
    return TablePlacement(
      order: state.order, relations: relations, isLevelDB: plan.result.dialect == .leveldb,
      levelCount: min(max(count, 2), VersionEdit.levelLimit),
      fillsFromBottom: options?["level_compaction_dynamic_level_bytes"] == "true")
  }

  private mutating func settle(_ item: TablePlacement.Item, level: Int?, _ family: UInt32) {
    guard let table = tables[item.number] else { return }
    let place = plan.steps.firstIndex { $0.file == table.name }
    guard let level else {
      if let place { plan.steps.remove(at: place) }
      placed.remove(item.number)
      park(table, "it fits on no level: newer and older tables share its keys", isLoss: true)
      return
    }
    if let place { plan.steps[place].level = level }
    for index in plan.losses.indices where plan.losses[index].file == table.name { plan.losses[index].level = level }
    var metadata = item.metadata
    metadata.level = level
    if plan.result.dialect == .leveldb {
      (metadata.smallestSequence, metadata.largestSequence) = (TableMetadata.unknownSequence, 0)
      plan.result.lastSequence = max(plan.result.lastSequence, table.largestSequence)
    }
    // Level 0 is told by sequence numbers then.
    metadata.epoch = nil
    forgetEpochs(family)
    if let rescue = table.rescue {
      plan.rewrites.append(RepairPlan.Rewrite(rescue: rescue, family: family, metadata: metadata))
    } else {
      plan.result.families[family]?.tables.append(metadata)
    }
  }

  /// All tables of a family have epochs, or none.
  private mutating func forgetEpochs(_ family: UInt32) {
    for index in plan.result.families[family]?.tables.indices ?? 0..<0 {
      plan.result.families[family]?.tables[index].epoch = nil
    }
    for index in plan.rewrites.indices where plan.rewrites[index].family == family {
      plan.rewrites[index].metadata.epoch = nil
    }
  }

  // MARK: Items

  func listedItem(_ metadata: TableMetadata) -> TablePlacement.Item {
    let properties = tables[metadata.number]?.properties
    var metadata = metadata
    if !metadata.hasSequences, let table = tables[metadata.number] {
      // LevelDB does not record them.
      metadata.smallestSequence = table.smallestSequence
      metadata.largestSequence = table.largestSequence
    }
    return TablePlacement.Item(
      metadata: metadata, isFlush: (properties?.oldestKeyTime ?? 0) > 0,
      isExternal: tables[metadata.number]?.isExternal ?? false)
  }

  /// What the MANIFEST should say about an unlisted table; nil when nothing of it can be read.
  private func item(for table: ExaminedTable, in family: UInt32) -> TablePlacement.Item? {
    guard let smallest = table.smallest, let largest = table.largest, table.rescue?.verdict != .lost else { return nil }
    var metadata = TableMetadata(
      number: table.number, size: table.size, smallest: smallest, largest: largest,
      smallestSequence: table.smallestSequence, largestSequence: table.largestSequence)
    metadata.oldestBlobFile = table.blobFiles.filter { scan.blobs[$0] != nil }.min()
    metadata.creationTime = table.properties.fileCreationTime == 0 ? nil : table.properties.fileCreationTime
    if table.isSound, !table.properties.timestampsPersisted {
      metadata.timestampsPersisted = false
      metadata.restoreTimestamps(size: plan.result.families[family]?.order.timestampSize ?? 0)
    }
    return TablePlacement.Item(
      metadata: metadata, isFlush: table.properties.oldestKeyTime > 0, isExternal: table.isExternal)
  }

  /// Ingested tables whose sequence number only the MANIFEST knew: newer than all that was there before them.
  private func numberExternals(
    _ items: [TablePlacement.Item], beside listed: [TablePlacement.Item]
  ) -> [TablePlacement.Item] {
    items.map { item in
      guard item.isExternal, item.metadata.largestSequence == 0,
        let order = tables[item.number]?.family
          .flatMap({ plan.result.families[$0]?.order })
      else { return item }
      let overlaps = (items + listed).contains { other in
        other.number != item.number
          && order.compare(other.metadata.smallest.userKey, item.metadata.largest.userKey) <= 0
          && order.compare(other.metadata.largest.userKey, item.metadata.smallest.userKey) >= 0
      }
      guard overlaps else { return item }
      let older = tables.values.filter { $0.number < item.number && !$0.isExternal }
      let sequence = (older.map(\.largestSequence).max() ?? 0) + 1
      var numbered = item
      numbered.metadata.smallestSequence = sequence
      numbered.metadata.largestSequence = sequence
      let (smallest, largest) = (item.metadata.smallest, item.metadata.largest)
      numbered.metadata.smallest = InternalKey(userKey: smallest.userKey, sequence: sequence, kind: smallest.kind)
      if !largest.isRangeDeletionEnd {
        numbered.metadata.largest = InternalKey(userKey: largest.userKey, sequence: sequence, kind: largest.kind)
      }
      return numbered
    }
  }
}
