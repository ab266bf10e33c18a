/// Looks at one database directory, whole or damaged. Used by one thread.
struct DatabaseInspection {
  private let inspect: Inspect
  private let directory: any ReadableDirectory
  private(set) var report: InspectReport
  private var names: [DatabaseFile: String] = [:]
  private var options: OptionsFile?
  /// Whether the version is the one that CURRENT leads to.
  private var isCurrent = false

  init(_ inspect: Inspect, _ kind: InspectReport.Kind) {
    self.inspect = inspect
    directory = inspect.directory
    report = InspectReport(path: directory.path, kind: kind)
  }

  mutating func run() throws(DatabaseError) {
    for entry in try directory.entries() where entry.kind == .file {
      names[DatabaseFile(name: entry.name)] = entry.name
    }
    var audit = DirectoryAudit(directory)
    try audit.run()
    report.findings = audit.findings
    let version = try readState(audit)
    report.lastSequence = version?.lastSequence
    readOptions()
    readIdentity(version)
    try inspectTables(version, audit)
    try inspectLogs(version)
    try inspectBlobFiles(version)
    report.engine = engine(version)
    report.engineVersion = options?.engineVersion
    let newest = report.tables.filter { $0.writtenBy != nil }.max { ($0.number ?? 0) < ($1.number ?? 0) }
    report.writtenBy = newest?.writtenBy
    try noteLock()
    report.remarks += InspectRemarks.ofTables(report) + InspectRemarks.ofDirectory(report, names, options, version)
  }

  // MARK: State

  /// The version that CURRENT leads to, else what the newest readable MANIFEST says, else nil.
  private mutating func readState(_ audit: DirectoryAudit) throws(DatabaseError) -> Version? {
    if let history = audit.history, DatabaseInspection.isUsable(history) {
      isCurrent = true
      return take(history)
    }
    let numbers = names.keys.compactMap { file in if case .manifest(let number) = file { number } else { nil } }
    for number in numbers.sorted(by: >) {
      guard let name = names[.manifest(number)], name != audit.history?.name else { continue }
      let history = try ManifestReader.read(directory, name: name)
      if DatabaseInspection.isUsable(history), history.recordCount > 0 { return take(history) }
    }
    return nil
  }

  private static func isUsable(_ history: ManifestHistory) -> Bool {
    if case .corrupt = history.tail { return history.recordCount > 0 }
    return true
  }

  private mutating func take(_ history: ManifestHistory) -> Version {
    let tail =
      switch history.tail {
      case .clean: "clean"
      case .torn: "torn"
      case .corrupt: "corrupt"
      }
    report.manifest = InspectReport.Manifest(
      name: history.name, size: history.size, records: history.recordCount, tail: tail, isCurrent: isCurrent)
    return history.version
  }

  private mutating func readOptions() {
    do throws(DatabaseError) {
      guard let (name, options) = try OptionsFile.newest(in: directory) else { return }
      report.optionsName = name
      self.options = options
    } catch { refuse("OPTIONS", error) }
  }

  private mutating func readIdentity(_ version: Version?) {
    report.identity = version?.databaseID
    guard names[.identity] != nil else { return }
    do throws(DatabaseError) {
      if let text = try DatabaseIdentity.read(in: directory) { report.identity = text }
    } catch { refuse(DatabaseFile.identity.name, error) }
  }

  private mutating func refuse(_ name: String, _ error: DatabaseError) {
    report.remarks.append(InspectReport.Remark(code: InspectRemarks.unreadable, detail: "\(name): \(error.detail)"))
  }

  private func engine(_ version: Version?) -> InspectReport.Engine {
    if options != nil || names[.identity] != nil { return .rocksDB }
    if version?.dialect == .rocksdb { return .rocksDB }
    if version == nil || report.tables.contains(where: { !$0.isLevelDB && $0.state == .ok }) {
      return InspectReport.engine(of: report.tables)
    }
    return .levelDB
  }

  /// An engine at work may be in the middle of a write: what looks torn is no finding then.
  private mutating func noteLock() throws(DatabaseError) {
    guard case .held(let process) = try directory.lockState(of: DatabaseFile.lock.name) else { return }
    for index in report.findings.indices where [.walTail, .manifestTail].contains(report.findings[index].code) {
      report.findings[index].severity = .info
    }
    let holder = process.map { "process \($0)" } ?? "another process"
    report.findings.append(
      Finding(.envLocked, file: DatabaseFile.lock.name, detail: "\(holder) has the database open"))
  }

  // MARK: Tables

  private mutating func inspectTables(_ version: Version?, _ audit: DirectoryAudit) throws(DatabaseError) {
    guard let version else {
      let places = audit.unlistedTables.map { TableInspection.Place(name: $0, findsBounds: inspect.findsBounds) }
      let (tables, findings) = try inspect.inspect(places)
      report.tables = tables
      report.findings += findings
      report.families = InspectReport.families(of: tables)
      return
    }
    var places: [TableInspection.Place] = []
    var missing: [Int: InspectedTable] = [:]
    for family in version.families {
      for table in family.tables {
        if let name = names[.table(table.number, .sst)] ?? names[.table(table.number, .ldb)] {
          places.append(
            TableInspection.Place(name: name, family: family.name, order: family.order, metadata: table))
        } else {
          var gone = InspectedTable(table, name: nil, family: family.name)
          (gone.state, gone.worst) = (.missing, .error)
          missing[places.count + missing.count] = gone
        }
      }
    }
    var (tables, findings) = try inspect.inspect(places)
    for (index, table) in missing.sorted(by: { $0.key < $1.key }) { tables.insert(table, at: index) }
    report.tables = tables
    report.findings += findings
    if !isCurrent { noteGuess(missing.values.map(\.name), version, audit) }
    let members = Dictionary(grouping: report.tables, by: \.family)
    let stored = Dictionary((options?.families ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    report.families = version.families.map { family($0, members[$0.name] ?? [], stored[$0.name]) }
  }

  /// What the audit of the directory says where CURRENT leads to a MANIFEST.
  private mutating func noteGuess(_ missing: [String], _ version: Version, _ audit: DirectoryAudit) {
    for name in missing.sorted() {
      report.findings.append(
        Finding(.fileMissing, file: name, detail: "the newest readable MANIFEST lists this table and it is not there"))
    }
    let listed = Set(report.tables.map(\.name))
    for name in audit.unlistedTables where !listed.contains(name) {
      report.findings.append(
        Finding(.fileOrphan, file: name, detail: "the newest readable MANIFEST does not list it"))
    }
  }

  private func family(
    _ family: ColumnFamily, _ tables: [InspectedTable], _ stored: OptionsFile.Family?
  ) -> InspectedFamily {
    var result = InspectedFamily(
      id: family.id, name: family.name, order: family.order, comparator: family.comparator)
    result.mergeOperator = stored?.mergeOperator?.name
    result.blockSize = stored?.tableOptions["block_size"].flatMap { UInt64($0) }
    for table in tables {
      result.add(table)
      if result.mergeOperator == nil { result.mergeOperator = table.mergeOperator }
    }
    return result
  }

  // MARK: Logs and blob files

  private mutating func inspectLogs(_ version: Version?) throws(DatabaseError) {
    let present = names.keys.compactMap { file in if case .log(let number) = file { number } else { nil } }.sorted()
    let selection = version.map { LogSelection($0, present: present) }
    let pending = Set(selection?.replayed ?? present)
    for number in present {
      let name = names[.log(number)] ?? DatabaseFile.log(number).name
      let size = try directory.attributes(of: name)?.size ?? 0
      var log = InspectedLog(name: name, size: size, isPending: pending.contains(number))
      if inspect.isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      if log.isPending {
        do throws(DatabaseError) {
          var audit = LogAudit(
            try directory.open(name), number: number, isNewest: number == present.last,
            plainOnly: version?.dialect == .leveldb)
          try audit.run()
          report.findings += audit.findings
          take(audit.facts, selection, number, &log)
        } catch {
          guard error.kind != .notFound else { throw error }
          refuse(name, error)
        }
      }
      report.logs.append(log)
    }
  }

  private mutating func take(
    _ facts: LogFacts, _ selection: LogSelection?, _ number: UInt64, _ log: inout InspectedLog
  ) {
    let applied = facts.entries.filter { selection?.applies(family: $0.key, inLog: number) ?? true }
    log.entries = applied.values.reduce(0, +)
    for index in report.families.indices {
      if let id = report.families[index].id { report.families[index].pendingEntries += applied[id] ?? 0 }
    }
    report.otherFeatures += facts.kinds.compactMap { EngineFeature.feature(of: $0) }
    if facts.compression != nil { report.otherFeatures.append(.logCompression) }
    if facts.hasTransactions {
      report.remarks.append(
        InspectReport.Remark(code: "transactions", detail: "\(log.name) holds marks of two-phase commit"))
    }
  }

  private mutating func inspectBlobFiles(_ version: Version?) throws(DatabaseError) {
    for family in version?.families ?? [] {
      for blob in family.blobFiles {
        let name = names[.blob(blob.number)]
        var file = InspectedBlobFile(
          name: name ?? DatabaseFile.blob(blob.number).name, family: family.name, size: nil, metadata: blob)
        if let name { try look(name, &file) }
        report.blobFiles.append(file)
      }
    }
    if !report.blobFiles.isEmpty { report.otherFeatures.append(.blobFiles) }
  }

  private mutating func look(_ name: String, _ blob: inout InspectedBlobFile) throws(DatabaseError) {
    do throws(DatabaseError) {
      let file = try directory.open(name)
      blob.size = file.size
      let needed = blob.metadata.bytes.addingReportingOverflow(UInt64(BlobFile.headerSize))
      if needed.overflow || file.size < needed.partialValue {
        var finding = Finding(
          .fileSize, file: name, family: blob.family, detail: "shorter than the values that the MANIFEST records")
        (finding.stored, finding.computed) = ("\(blob.metadata.bytes)", "\(file.size)")
        report.findings.append(finding)
      }
      blob.codec = Compression.describe(try BlobFile(file: file).compression)
    } catch {
      switch error.kind {
      case .notFound: throw error
      case .corruption, .unsupported:
        report.findings.append(
          Finding(.blockDecode, file: name, family: blob.family, offset: error.offset, detail: error.detail))
      case .special:
        report.findings.append(Finding(.fileSpecial, file: name, family: blob.family, detail: error.detail))
      default: refuse(name, error)
      }
    }
  }
}
