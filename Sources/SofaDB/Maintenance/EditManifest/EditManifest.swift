/// Shows and checks the state that a MANIFEST describes, and changes it by hand: `sofatool manifest-edit`.
///
/// 1. `ManifestSource`: the state now, or the best of a damaged MANIFEST; with `atEdit`, an earlier one; with
///    `rebuilds`, the one that the files alone tell.
/// 2. `EditedVersion`: the edits, on a value in memory.
/// 3. `StateCheck` on both states: what the edits break is what the first did not have.
/// 4. `VisibilityComparison` and `SequenceAudit`: what readers see otherwise.
/// 5. `commit`, for those who want it: one `DatabaseChange`.
///
/// Steps 1 to 4 only read, need no healthy database, and take no lock.
public struct EditManifest {
  public struct Request: Sendable, Equatable {
    public var edits: [ManifestEdit] = []
    /// Counted from 1.
    public var atEdit: Int?
    /// The column family of tables that are added, and of `log-number`.
    public var family: String?
    /// Starts from what tables, blob files and logs tell, whatever the MANIFEST says. Excludes `atEdit`.
    public var rebuilds = false

    public init(edits: [ManifestEdit] = [], atEdit: Int? = nil, family: String? = nil, rebuilds: Bool = false) {
      self.edits = edits
      self.atEdit = atEdit
      self.family = family
      self.rebuilds = rebuilds
    }

    public var isEmpty: Bool { edits.isEmpty && atEdit == nil && !rebuilds }
  }

  private let directory: any ReadableDirectory
  private let request: Request
  /// Polled now and then; the run throws `cancelled` when it says yes.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Bytes of tables that are read for each family to count what becomes visible.
  public var comparisonLimit: UInt64 = 1 << 30

  public init(_ directory: any ReadableDirectory, _ request: Request = Request()) {
    self.directory = directory
    self.request = request
  }

  /// Throws `invalid` for edits that make no sense in the state, `unsupported` for a MANIFEST with parts that must be
  /// understood, `corruption` or `notFound` when there is no state.
  public func run() throws(DatabaseError) -> ManifestPlan {
    let source = try request.rebuilds ? ManifestSource.ifReadable(directory) : ManifestSource(directory)
    let base = source.history.version
    let (start, rebuilt) = try start(source)
    let layered = try LayeredDirectory(directory) { [wanted = EditManifest.files(of: start)] in wanted.contains($0) }
    let levelCounts = try EditManifest.levelCounts(directory)
    let added = try addedTables(start, source, layered)
    let edited = try EditedVersion(
      start, request.edits, added: added, levelCounts: levelCounts, largestNumber: try largestNumber(base),
      family: request.family)
    var result = edited.version
    if !request.isEmpty {
      result = result.with(nextFileNumber: max(result.nextFileNumber, base.nextFileNumber))
    }
    var check = StateCheck(levelCounts: levelCounts, isCancelled: isCancelled)
    let known = source.isEmpty ? [] : try check.findings(source.history, in: directory)
    var findings = known
    if !request.isEmpty {
      // What the change takes away is the journal's, not an orphan for an engine to delete.
      let gone = EditManifest.files(of: base).union((rebuilt?.parked ?? []).map { DatabaseFile(name: $0) })
      findings = try check.findings(source.history.with(result), in: layered).filter { finding in
        finding.code != .fileOrphan || !gone.contains(DatabaseFile(name: finding.file ?? ""))
      }
    }
    findings += EditManifest.sequences(of: added, in: result) + (rebuilt?.findings ?? [])
    var visibility: [VisibilityChange] = []
    if !request.isEmpty {
      findings += try staleReads(base, result, edited.placed, layered)
      visibility = try VisibilityComparison(
        layered, from: base, to: result, limit: comparisonLimit, isCancelled: isCancelled
      ).run()
    }
    if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    try source.requireUnchanged(in: directory)
    return ManifestPlan(
      manifest: source.history.name, editCount: source.history.recordCount, edits: request.edits,
      atEdit: request.atEdit, isRebuilt: request.rebuilds, hasBase: !source.isEmpty, base: base, result: result,
      findings: source.findings + findings,
      obstacles: findings.filter { finding in finding.severity == .error && !known.contains { $0.isSame(as: finding) }
      },
      difference: StateDifference(from: base, to: result), visibility: visibility,
      notes: (rebuilt?.notes ?? []) + notes(source, added, start),
      restored: EditManifest.restored(result, layered), retiredLogs: try retiredLogs(base, result),
      parked: rebuilt?.parked ?? [])
  }

  /// The state of the database in `directory`, or as it was after edit `edit`; for comparing.
  public static func version(
    in directory: any ReadableDirectory, after edit: Int? = nil
  ) throws(DatabaseError) -> Version {
    let source = try ManifestSource(directory)
    return try edit.map { edit throws(DatabaseError) in try source.state(after: edit, in: directory) }
      ?? source.history.version
  }

  /// Carries out `plan`, which was made of the locked `database`; returns the change's id. Throws `invalid` when the
  /// plan has obstacles and `forced` is not given. An error leaves the database as it was.
  public static func commit(
    _ plan: ManifestPlan, to database: ExclusiveDatabase, forced: Bool = false
  ) throws(DatabaseError) -> String {
    if let obstacle = plan.obstacles.first, !forced {
      throw DatabaseError(.invalid, file: database.directory.path, "the new state would be wrong: \(obstacle.detail)")
    }
    let change = try DatabaseChange("manifest-edit", of: database, base: plan.hasBase ? plan.base : nil)
    do throws(DatabaseError) {
      for (name, id) in plan.restored.sorted(by: { $0.key < $1.key }) {
        let kept = try database.directory.directory(Journal.name).directory(id).directory(OpenJournalEntry.old)
        try kept.link(name, into: change.staging, as: name)
      }
    } catch {
      change.abandon()
      throw error
    }
    return try change.commit(
      plan.result, removing: plan.retiredLogs + plan.parked, summary: plan.summary, forced: forced)
  }

  // MARK: The state to start from

  private func start(_ source: ManifestSource) throws(DatabaseError) -> (version: Version, rebuilt: RebuiltState?) {
    if request.rebuilds {
      let dialect = source.isEmpty ? nil : source.history.version.dialect
      let rebuilt = try RebuiltState(directory, dialect: dialect, isCancelled: isCancelled)
      return (rebuilt.version, rebuilt)
    }
    guard let edit = request.atEdit else { return (source.history.version, nil) }
    return (try earlier(edit, source), nil)
  }

  /// An earlier state, with what never goes back: logs are tracked as they are now, and numbers are not given twice.
  private func earlier(_ edit: Int, _ source: ManifestSource) throws(DatabaseError) -> Version {
    let now = source.history.version
    let version = try source.state(after: edit, in: directory)
    return version.with(
      nextFileNumber: max(version.nextFileNumber, now.nextFileNumber), maxColumnFamily: now.maxColumnFamily,
      trackedLogs: now.trackedLogs)
  }

  private func addedTables(
    _ version: Version, _ source: ManifestSource, _ layered: LayeredDirectory
  ) throws(DatabaseError) -> [UInt64: AddedTable] {
    var tables: [UInt64: AddedTable] = [:]
    for edit in request.edits {
      guard case .addFile(let number, _) = edit, tables[number] == nil else { continue }
      tables[number] = try AddedTable(number, in: layered, version: version, source: source, family: request.family)
      if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    return tables
  }

  /// Every number that a file has or had.
  private func largestNumber(_ base: Version) throws(DatabaseError) -> UInt64 {
    var largest = base.families.lazy.flatMap { $0.tables.map(\.number) + $0.blobFiles.map(\.number) }.max() ?? 0
    for entry in try directory.entries() { largest = max(largest, DatabaseFile(name: entry.name).number ?? 0) }
    return largest
  }

  /// Levels by family name, as the newest OPTIONS say.
  private static func levelCounts(_ directory: any ReadableDirectory) throws(DatabaseError) -> [String: Int] {
    guard let options = try OptionsFile.newest(in: directory)?.options else { return [:] }
    var counts: [String: Int] = [:]
    for family in options.families {
      guard let text = family.options["num_levels"], let count = Int(text), count > 0 else { continue }
      // With this style everything stays on level 0.
      let isFlat = family.options["compaction_style"] == "kCompactionStyleFIFO"
      counts[family.name] = isFlat ? 1 : min(count, VersionEdit.levelLimit)
    }
    return counts
  }

  /// Tables and blob files by both names that a table may have.
  private static func files(of version: Version) -> Set<DatabaseFile> {
    var files = Set<DatabaseFile>()
    for family in version.families {
      for table in family.tables { files.formUnion([.table(table.number, .sst), .table(table.number, .ldb)]) }
      for blob in family.blobFiles { files.insert(.blob(blob.number)) }
    }
    return files
  }

  private static func restored(_ result: Version, _ layered: LayeredDirectory) -> [String: String] {
    let wanted = files(of: result)
    return layered.changes.filter { wanted.contains(DatabaseFile(name: $0.key)) }
  }

  // MARK: What it means

  /// LevelDB's MANIFEST says nothing of sequence numbers, so the rule that they are below the last one is checked here.
  private static func sequences(of added: [UInt64: AddedTable], in result: Version) -> [Finding] {
    added.sorted { $0.key < $1.key }.compactMap { number, table in
      guard !table.metadata.hasSequences, table.facts.largestSequence > result.lastSequence else { return nil }
      return Finding(
        .manifestSequence, file: DatabaseFile.table(number).name,
        detail: "table \(number) reaches sequence \(table.facts.largestSequence), the database only "
          + "\(result.lastSequence): --set last-sequence=\(table.facts.largestSequence)")
    }
  }

  /// Keys whose newest version would lie below an older one, where tables came or moved.
  private func staleReads(
    _ base: Version, _ result: Version, _ placed: [UInt32: Set<UInt64>], _ layered: LayeredDirectory
  ) throws(DatabaseError) -> [Finding] {
    var findings: [Finding] = []
    for family in result.families where family.order.isKnown {
      var numbers = placed[family.id] ?? []
      if request.atEdit != nil || request.rebuilds {
        let now = Dictionary(
          (base.family(family.id)?.tables ?? []).map { ($0.number, $0.level) }, uniquingKeysWith: { $1 })
        numbers.formUnion(family.tables.lazy.filter { now[$0.number] != $0.level }.map(\.number))
      }
      let pairs = LevelPlacement(order: family.order, levelCount: 0).doubtful(numbers, in: family.levels)
      guard let first = pairs.first else { continue }
      let tables = Dictionary(
        pairs.flatMap { [($0.above.number, $0.above), ($0.below.number, $0.below)] }, uniquingKeysWith: { $1 })
      let bytes = tables.values.reduce(UInt64(0)) { $0 &+ $1.size }
      guard bytes <= comparisonLimit else {
        findings.append(
          Finding(
            .levelSequence, severity: .warning, family: family.name, level: first.above.level,
            detail:
              "table \(first.above.number) would lie above table \(first.below.number), which shares keys "
              + "with it and may be newer; \(bytes) bytes were not read to see"))
        continue
      }
      let audit = SequenceAudit(family.with(tables: Array(tables.values)), cache: TableCache(directory: layered))
      do throws(DatabaseError) {
        if let finding = try audit.finding(isCancelled: isCancelled) { findings.append(finding) }
      } catch {
        guard error.kind == .corruption || error.kind == .notFound || error.kind == .unsupported else { throw error }
        findings.append(
          Finding(
            .levelSequence, severity: .warning, file: error.file, family: family.name,
            detail: "which versions are newer cannot be told: \(error.detail)"))
      }
      if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    return findings
  }

  /// Logs that are replayed now and would not be: engines delete such logs.
  private func retiredLogs(_ base: Version, _ result: Version) throws(DatabaseError) -> [String] {
    let present = try directory.entries().compactMap { entry -> UInt64? in
      if case .log(let number) = DatabaseFile(name: entry.name) { number } else { nil }
    }
    let now = Set(LogSelection(base, present: present).replayed)
    return LogSelection(result, present: present).obsolete.filter(now.contains).map { DatabaseFile.log($0).name }
  }

  private func notes(_ source: ManifestSource, _ added: [UInt64: AddedTable], _ start: Version) -> [String] {
    var notes = added.sorted { $0.key < $1.key }.flatMap(\.value.notes)
    if !request.isEmpty, !source.history.version.passedOver.isEmpty {
      let tags = source.history.version.passedOver.sorted().map(String.init).joined(separator: ", ")
      notes.append("records with the unknown tags \(tags), which readers may pass over, are not part of a new MANIFEST")
    }
    if request.atEdit != nil, start.lastSequence < source.history.version.lastSequence {
      notes.append(
        "logs that are there are replayed over the earlier state; writes of sequence \(start.lastSequence + 1) and "
          + "later that are in tables now are not part of it")
    }
    return notes
  }
}

extension ManifestHistory {
  /// The same MANIFEST with another state.
  fileprivate func with(_ version: Version) -> ManifestHistory {
    ManifestHistory(name: name, size: size, version: version, recordCount: recordCount, records: [], tail: tail)
  }
}

extension Finding {
  /// Whether it says the same of the same place; a table may have moved since.
  fileprivate func isSame(as other: Finding) -> Bool {
    code == other.code && file == other.file && family == other.family && detail == other.detail
      && from == other.from && to == other.to
  }
}
