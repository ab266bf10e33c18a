/// Decides what to do with every file of a damaged database. Reads only.
///
/// 1. The state: CURRENT's MANIFEST, or the best one that can be read, up to its damage; records behind the damage as
///    far as they contradict nothing. Without any, the tables alone.
/// 2. Every listed table is read. Damaged ones are salvaged in their place.
/// 3. Where the list may be short, every unlisted table is judged: superseded ones are parked, so that nothing deleted
///    comes back; those that the state lacks are placed on the deepest level that keeps newer above older.
/// 4. Blob files and logs stay. Damaged logs become tables of what they hold.
/// 5. The result is held against the rules of `VersionInvariants`.
///
/// One thread plans, `jobs` read tables. Throws only what the disk throws.
struct RepairPlanner {
  let directory: any ReadableDirectory
  let jobs: Int
  /// Names of unlisted tables that are adopted although nothing proves that they belong to the database.
  let adopted: Set<String>
  var progress: @Sendable (UInt64) -> Void = { _ in }
  var isCancelled: @Sendable () -> Bool = { false }

  /// Whether MANIFESTs are passed over and nothing is written but a new one: `manifest-edit --rebuild`.
  let isRebuildOnly: Bool
  private var dialect: ManifestDialect?

  let scan: RepairScan
  let evidence: ManifestEvidence
  var plan = RepairPlan()
  /// By number: every table that was read.
  var tables: [UInt64: ExaminedTable] = [:]
  /// Listed and not there.
  var missing: [(family: UInt32, table: TableMetadata)] = []
  /// Families that a newer OPTIONS does not list any more, by number.
  var dropped: [UInt32: String] = [:]
  /// Unlisted tables that became part of the state.
  var placed: Set<UInt64> = []
  /// With damaged tables as they are after their repair, where they can be mended in place.
  var mended: MendedDirectory { MendedDirectory(directory, tables.values) }
  /// Read where the MANIFEST does not tell which tables are in use.
  var infoLog = InfoLog()

  init(_ directory: any ReadableDirectory, jobs: Int, adopted: Set<String>) throws(DatabaseError) {
    self.directory = directory
    self.jobs = jobs
    self.adopted = adopted
    isRebuildOnly = false
    scan = try RepairScan(directory)
    evidence = try ManifestEvidence(directory, manifests: scan.manifests)
  }

  /// For the state that the files alone tell. `dialect`: the engine, where that is known.
  init(rebuilding directory: any ReadableDirectory, dialect: ManifestDialect?, jobs: Int) throws(DatabaseError) {
    self.directory = directory
    self.jobs = jobs
    self.dialect = dialect
    adopted = []
    isRebuildOnly = true
    scan = try RepairScan(directory)
    evidence = ManifestEvidence()
  }

  mutating func run() throws(DatabaseError) -> RepairPlan {
    takeState()
    takeDroppedFamilies()
    try examineListed()
    if listIsWhole { try lookAhead() } else { try judgeUnlisted() }
    settleMissing()
    settleLiveness()
    try settleBlobs()
    try settleLogs()
    settleResurfacing()
    try settleRules()
    nameUnlisted()
    try nameSources()
    return plan
  }

  /// Open files are kept only where level 0 or a log needs them.
  private mutating func nameSources() throws(DatabaseError) {
    guard !plan.rewrites.isEmpty || !plan.logTables.isEmpty else { return }
    for family in plan.result.families.values {
      let wanted = family.tables.filter { $0.level == 0 && plan.result.dialect == .leveldb } + family.tables.prefix(1)
      for table in wanted {
        guard let name = scan.tables[table.number] else { continue }
        var source = RepairPlan.Source(name: name)
        do throws(DatabaseError) { source.table = try TableFile(directory.open(name)) } catch {
          guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        }
        plan.sources[table.number] = source
      }
    }
  }

  // MARK: 1. The state

  /// Whether the base's list of tables is known to be the newest one.
  var listIsWhole = false
  /// Whether there is no MANIFEST at all to start from.
  var isRebuilt: Bool { evidence.history == nil }

  private mutating func takeState() {
    plan.remarks = evidence.remarks
    plan.base = evidence.history?.version
    if let tags = plan.base?.passedOver.sorted(), !tags.isEmpty {
      plan.remarks.append(
        "records of the MANIFEST with the unknown tags \(tags.map(String.init).joined(separator: ", ")) may be passed "
          + "over; a new MANIFEST does not have them")
    }
    guard let history = evidence.history else {
      plan.result.dialect = dialect ?? (scan.looksLikeLevelDB ? .leveldb : .rocksdb)
      plan.needsManifest = true
      plan.steps.append(
        RepairPlan.Step(
          .rewrite, CurrentFile.name, ["no MANIFEST leads to a state: it is rebuilt from the tables and what is left"]))
      takeLaterRecords()
      return
    }
    plan.result = DraftState(history.version)
    let listed = Set(history.version.families.flatMap { $0.tables.map(\.number) })
    let isNamed = evidence.current.map { DatabaseFile.manifest($0).name } == history.name
    let lacksSome = listed.contains { scan.tables[$0] == nil }
    let isExplained = scan.tables.keys.allSatisfy { number in
      if case .deleted? = evidence.fates[number] { return true }
      return listed.contains(number)
    }
    switch history.tail {
    // Only when CURRENT names a newer one, which is gone, can a whole MANIFEST be too short.
    case .clean: listIsWhole = isNamed || (evidence.current ?? 0) < DatabaseFile(name: history.name).number ?? 0
    // A crash while writing it: whatever the lost record brought would be on disk, and what it took gone.
    case .torn: listIsWhole = isExplained && !lacksSome
    case .corrupt: listIsWhole = false
    }
    plan.needsManifest = !isNamed || !listIsWhole
    if !isNamed {
      plan.steps.append(
        RepairPlan.Step(.rewrite, CurrentFile.name, ["\(history.name) is the newest MANIFEST that can be read"]))
    }
    guard !listIsWhole else { return }
    takeLaterRecords()
    var loss = RepairLoss(
      .manifestEdits, file: history.name,
      detail: "records cannot be read; the tables that they listed are told from the files")
    (loss.offset, loss.length) = (history.size - history.lostBytes, history.lostBytes)
    // Which logs were flushed and which tables superseded is proven by the files, or it is not.
    loss.mayResurface = true
    if history.lostBytes > 0 { plan.losses.append(loss) }
    plan.steps.append(
      RepairPlan.Step(.rewrite, history.name, ["its first \(history.recordCount) records are the state to start from"]))
  }

  /// Behind the damage: what can be applied without contradiction.
  private mutating func takeLaterRecords() {
    for (id, name) in evidence.familyNames where plan.result.families[id] == nil {
      plan.result.families[id] = DraftState.Family(id: id, name: name, comparator: evidence.comparators[id])
    }
    for id in evidence.droppedFamilies where id != 0 { plan.result.families[id] = nil }
    for (id, comparator) in evidence.comparators where plan.result.families[id]?.comparator == nil {
      plan.result.families[id]?.comparator = comparator
    }
    for (id, number) in evidence.logNumbers {
      let known = plan.result.families[id]?.logNumber ?? 0
      plan.result.families[id]?.logNumber = max(known, number)
    }
    for (number, fate) in evidence.fates.sorted(by: { $0.key < $1.key }) {
      let owner = plan.result.family(of: number)
      switch fate {
      case .deleted:
        if let owner { plan.result.families[owner]?.tables.removeAll { $0.number == number } }
      case .added(let family, var metadata):
        metadata.restoreTimestamps(size: plan.result.families[family]?.order.timestampSize ?? 0)
        guard scan.tables[number] != nil, plan.result.families[family] != nil else { continue }
        if let owner { plan.result.families[owner]?.tables.removeAll { $0.number == number } }
        plan.result.families[family]?.tables.append(metadata)
      }
    }
    for (number, blob) in evidence.blobFiles where scan.blobs[number] != nil {
      guard var family = plan.result.families[blob.family] else { continue }
      if !family.blobFiles.contains(where: { $0.number == number }) { family.blobFiles.append(blob.metadata) }
      plan.result.families[blob.family] = family
    }
    plan.result.lastSequence = max(plan.result.lastSequence, evidence.lastSequence)
    plan.result.nextFileNumber = max(plan.result.nextFileNumber, evidence.nextFileNumber)
  }

  // MARK: 2. Listed tables

  private mutating func examineListed() throws(DatabaseError) {
    var tasks: [ExaminedTable.Task] = []
    for family in plan.result.sortedFamilies {
      for table in family.tables {
        guard let name = scan.tables[table.number] else {
          missing.append((family.id, table))
          continue
        }
        tasks.append(
          ExaminedTable.Task(
            number: table.number, name: name, metadata: table, family: family.id, familyName: family.name,
            order: family.order))
      }
    }
    let examined = try ExaminedTable.examine(
      tasks, in: directory, jobs: jobs, progress: progress, isCancelled: isCancelled)
    for table in examined {
      tables[table.number] = table
      settle(table)
    }
  }

  private mutating func settle(_ table: ExaminedTable) {
    guard let family = table.family, let metadata = table.metadata else { return }
    let errors = table.errors
    guard let rescue = table.rescue else {
      let evidence = errors.isEmpty ? [] : ["the MANIFEST's record of it is wrong and is corrected"]
      if !errors.isEmpty { correct(table, metadata, family) }
      plan.steps.append(
        RepairPlan.Step(
          errors.isEmpty ? .keep : .rewrite, table.name, family: table.familyName, level: metadata.level,
          evidence + errors.map(\.detail)))
      return
    }
    var step = RepairPlan.Step(
      .salvage, table.name, family: table.familyName, level: metadata.level, RepairPlanner.evidence(rescue, errors))
    switch rescue.verdict {
    case .mended, .salvaged:
      plan.rewrites.append(RepairPlan.Rewrite(rescue: rescue, family: family, metadata: metadata))
      drop(metadata.number, from: family)
      plan.losses += rescue.losses
    case .lost:
      step.action = .park
      drop(metadata.number, from: family)
      plan.removed.append(table.name)
      plan.losses += rescue.losses
    case .refused(let reason):
      step.action = .keep
      step.evidence.append("it is damaged and stays as it is: \(reason)")
      plan.remarks.append("\(table.name) is damaged and cannot be rewritten: \(reason)")
      plan.losses += rescue.losses
    }
    plan.steps.append(step)
  }

  static func evidence(_ rescue: TableRescue, _ errors: [Finding]) -> [String] {
    var sentences = errors.prefix(8).map { "\($0.code.rawValue): \($0.detail)" }
    if errors.count > 8 { sentences.append("and \(errors.count - 8) findings more") }
    sentences += rescue.remarks
    switch rescue.verdict {
    case .mended: sentences.append("a copy with this put right has nothing wrong")
    case .salvaged:
      sentences.append("\(rescue.entries) entries in \(rescue.blocks.count) blocks are good")
      sentences += rescue.losses.map(\.line)
    case .lost: sentences.append("nothing of it can be read")
    case .refused: break
    }
    return sentences
  }

  mutating func drop(_ number: UInt64, from family: UInt32) {
    plan.result.families[family]?.tables.removeAll { $0.number == number }
  }

  /// Puts what a full read saw into the MANIFEST's record.
  private mutating func correct(_ table: ExaminedTable, _ metadata: TableMetadata, _ family: UInt32) {
    guard let facts = table.facts, let smallest = facts.smallest, let largest = facts.largest,
      metadata.restoredTimestampSize == 0
    else { return }
    var corrected = metadata
    corrected.smallest = smallest
    corrected.largest = largest
    if metadata.hasSequences {
      corrected.smallestSequence = facts.smallestSequence
      corrected.largestSequence = facts.largestSequence
    }
    drop(metadata.number, from: family)
    plan.result.families[family]?.tables.append(corrected)
    plan.needsManifest = true
  }

  // MARK: The list against the files

  /// Tables that are listed and not there.
  private mutating func settleMissing() {
    for (family, table) in missing {
      drop(table.number, from: family)
      plan.needsManifest = true
      let name = DatabaseFile.table(table.number).name
      // Behind a damaged MANIFEST a table may have gone by right: its successor is there then.
      let order = plan.result.families[family]?.order ?? .bytewise
      let successor = placed.first { number in
        guard let other = tables[number], other.family == family, let first = other.smallest, let last = other.largest
        else { return false }
        return order.compare(first.userKey, table.largest.userKey) <= 0
          && order.compare(last.userKey, table.smallest.userKey) >= 0
      }
      if !listIsWhole, infoLog.tellsDeletion(of: table.number) {
        plan.remarks.append("\(name) is not there; \(RepairPlanner.deletedSays)")
        continue
      }
      if !listIsWhole, let successor, !infoLog.tellsLoss(of: table.number) {
        plan.remarks.append(
          "\(name) is not there; \(scan.tables[successor] ?? "") covers its keys and took its place")
        continue
      }
      var loss = RepairLoss(.table, file: name, detail: "the MANIFEST lists this table and it is not there")
      loss.family = plan.result.families[family]?.name
      loss.level = table.level
      (loss.after, loss.before) = (table.smallest.userKey, table.largest.userKey)
      if table.hasSequences {
        (loss.firstSequence, loss.lastSequence) = (table.smallestSequence, table.largestSequence)
      }
      plan.losses.append(loss)
      plan.steps.append(
        RepairPlan.Step(
          .park, name, family: loss.family, level: table.level, ["it is not there: the MANIFEST forgets it"]))
    }
  }

  /// Losses below which older tables have keys of the same interval: their content may come to light.
  private mutating func settleResurfacing() {
    for index in plan.losses.indices {
      let loss = plan.losses[index]
      guard !loss.mayResurface, loss.kind == .entries || loss.kind == .table, let level = loss.level,
        let family = plan.result.families.values.first(where: { $0.name == loss.family })
      else { continue }
      let rest = family.tables + plan.rewrites.filter { $0.family == family.id }.map(\.metadata)
      plan.losses[index].mayResurface = rest.contains { table in
        let isOlder =
          table.level > level
          || (level == 0 && table.level == 0 && DatabaseFile.table(table.number).name != loss.file
            && table.smallestSequence < loss.lastSequence ?? .max)
        guard isOlder else { return false }
        let isBehind = loss.before.map { family.order.compare(table.smallest.userKey, $0) > 0 } ?? false
        let isBefore = loss.after.map { family.order.compare(table.largest.userKey, $0) < 0 } ?? false
        return !isBehind && !isBefore
      }
    }
  }

  /// What is in the directory and is not mentioned yet.
  private mutating func nameUnlisted() {
    let mentioned = Set(plan.steps.map(\.file))
    for (_, name) in scan.tables.sorted(by: { $0.key < $1.key }) where !mentioned.contains(name) {
      plan.steps.append(
        RepairPlan.Step(.ignore, name, ["the MANIFEST does not list it; an engine deletes it on its next open"]))
    }
    for name in scan.strangers.sorted() {
      plan.steps.append(RepairPlan.Step(.ignore, name, ["its name is not the number that tables of databases have"]))
    }
  }
}
