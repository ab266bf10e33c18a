/// Converts tables of a database in place: the new tables are made and read back beside the old ones, and one commit
/// puts all of them into the MANIFEST. The old ones stay in the journal until the change is discarded. Logs and blob
/// files are not touched.
public struct ConvertDatabase: Sendable {
  private let path: String
  private let selection: TableSelection
  private let options: ConvertOptions
  private let fileSystem: any FileSystem
  private let time: any TimeSource

  public init(
    _ path: String, selection: TableSelection = TableSelection(), options: ConvertOptions,
    in fileSystem: any FileSystem, time: any TimeSource = SystemTime()
  ) {
    self.path = path
    self.selection = selection
    self.options = options
    self.fileSystem = fileSystem
    self.time = time
  }

  /// The selected tables.
  public func tables() throws(DatabaseError) -> [FileTarget] {
    let directory = try fileSystem.readableDirectory(at: path)
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    return try jobs(version, in: directory).map(\.source)
  }

  /// What would be done. Takes no lock and writes nothing.
  public func plan() throws(DatabaseError) -> ConvertReport {
    try options.target.validate()
    let directory = try fileSystem.directory(at: path)
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    let plan = try ConvertPlan(jobs(version, in: directory), to: options.target)
    var report = plan.report
    report.spaceNeeded = plan.space(for: try ConvertDatabase.work(plan, version, in: directory).map(\.job))
    report.spaceFree = try directory.availableBytes()
    return report
  }

  /// Errors: `corruption` for damaged tables, with file and offset; `unsupported` for tables that cannot be converted;
  /// `noSpace`, as far as it can be foreseen before anything is written; `locked` when an engine has the database open;
  /// `cancelled`; and what the file system says. The database is as it was then.
  public func run() throws(DatabaseError) -> ConvertReport {
    try options.target.validate()
    let start = time.monotonic
    let database = try ExclusiveDatabase(path, in: fileSystem, time: time)
    defer { database.close() }
    let version = try database.version()
    let plan = try ConvertPlan(jobs(version, in: database.directory), to: options.target)
    try plan.check()
    var report = plan.report
    let work = try ConvertDatabase.work(plan, version, in: database.directory)
    report.spaceNeeded = plan.space(for: work.map(\.job))
    if !work.isEmpty {
      try database.directory.requireSpace(report.spaceNeeded, advice: "convert a part with --levels, --files or --cf")
      let change = try DatabaseChange("convert-compression", of: database, base: version)
      do throws(DatabaseError) {
        let origin = try DatabaseIdentity.newSession(version.databaseID, in: database.directory)
        try convert(work, version, change, origin, into: &report)
      } catch {
        change.abandon()
        throw error
      }
    }
    report.seconds = time.monotonic - start
    return report
  }

  /// The selected tables, as they are.
  private func jobs(
    _ version: Version, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> [TableConversions.Job] {
    try selection.check(version)
    var jobs: [TableConversions.Job] = []
    for family in version.families {
      for table in family.tables where selection.contains(table, in: family) {
        jobs.append(try ConvertDatabase.job(table, family, in: directory))
      }
    }
    return jobs
  }

  private static func job(
    _ table: TableMetadata, _ family: ColumnFamily, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> TableConversions.Job {
    let names = [DatabaseFile.table(table.number, .sst).name, DatabaseFile.table(table.number, .ldb).name]
    for name in names where try directory.attributes(of: name) != nil {
      return TableConversions.Job(
        source: FileTarget(directory, name), size: table.size,
        largestSequence: table.hasSequences ? table.largestSequence : nil, name: name, family: family.name,
        level: table.level)
    }
    throw DatabaseError(
      table.pathID ?? 0 == 0 ? .corruption : .unsupported, file: names[0],
      table.pathID ?? 0 == 0 ? "the MANIFEST names it: it is missing" : "it lies in another directory of the database")
  }

  // MARK: The change

  private func convert(
    _ work: [(table: TableMetadata, job: TableConversions.Job)], _ version: Version, _ change: DatabaseChange,
    _ origin: TableOrigin, into report: inout ConvertReport
  ) throws(DatabaseError) {
    var jobs: [TableConversions.Job] = []
    var places: [(old: TableMetadata, number: UInt64)] = []
    for (table, var job) in work {
      let number = change.newNumber()
      job.name = change.tableName(number)
      job.origin = origin.table(number)
      job.wantsFileChecksum = table.fileChecksumFunction == ConvertDatabase.fileChecksumFunction
      places.append((table, number))
      jobs.append(job)
    }
    let watch = ConvertWatch(
      total: jobs.reduce(0) { $0 + $1.size }, limiter: options.limiter, isCancelled: options.isCancelled,
      report: options.progress)
    let results = try TableConversions(
      jobs, to: options.target, in: change.staging, copiesUnchanged: true, threads: options.jobs, watch: watch
    ).run()
    var tables: [UInt64: TableMetadata] = [:]
    for (index, place) in places.enumerated() {
      let job = jobs[index]
      tables[place.old.number] = ConvertDatabase.metadata(place.old, place.number, results[index])
      report.complete(job, results[index])
    }
    try watch.check()
    let converted = report.count(.converted)
    report.change = try change.commit(
      ConvertDatabase.version(version, replacing: tables),
      summary: "\(converted) \(converted == 1 ? "table" : "tables") to \(options.target.text)")
  }

  /// Tables to be made anew with their old numbers, the oldest first, so that new numbers keep their order. Where file
  /// numbers tell the age of tables in level 0, all that are newer than a converted one have to get new numbers too.
  private static func work(
    _ plan: ConvertPlan, _ version: Version, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> [(table: TableMetadata, job: TableConversions.Job)] {
    var planned: [String: TableConversions.Job] = [:]
    for item in plan.items {
      if case .convert = item.decision { planned[item.job.source.name] = item.job }
    }
    var work: [(table: TableMetadata, job: TableConversions.Job)] = []
    for family in version.families {
      let isByNumber = !family.tables.allSatisfy(\.hasEpoch)
      var hasOlder = false
      for table in family.levels[0].reversed() + family.levels.dropFirst().joined() {
        var job = try ConvertDatabase.job(table, family, in: directory)
        if let known = planned[job.source.name] {
          work.append((table, known))
          hasOlder = true
        } else if table.level == 0, isByNumber, hasOlder {
          job.isCopyOnly = true
          work.append((table, job))
        }
      }
    }
    return work
  }

  /// The MANIFEST's record of a table that is now `number`.
  private static func metadata(
    _ old: TableMetadata, _ number: UInt64, _ result: TableConversions.Result
  ) -> TableMetadata {
    var table = old
    table.number = number
    guard let made = result.table else { return table }
    table.size = made.fileSize
    if old.tailSize != nil { table.tailSize = made.fileSize - made.dataSize }
    (table.openMetadata, table.uniqueID) = (nil, nil)
    table.fileChecksum = result.fileChecksum.map { withUnsafeBytes(of: $0.bigEndian) { [UInt8]($0) } }
    // Of other functions than RocksDB's own there is none until the engine makes one.
    if table.fileChecksum == nil { table.fileChecksumFunction = nil }
    return table
  }

  /// RocksDB's function for whole files: CRC-32C, the most significant byte first.
  private static let fileChecksumFunction = "FileChecksumCrc32c"

  /// The same state with other tables in the places of some; their order stays, which matters where nobody knows how
  /// keys compare.
  private static func version(_ old: Version, replacing tables: [UInt64: TableMetadata]) -> Version {
    let families = old.families.map { family in
      ColumnFamily(
        id: family.id, name: family.name, comparator: family.comparator, logNumber: family.logNumber,
        tables: family.tables.map { tables[$0.number] ?? $0 }, blobFiles: family.blobFiles,
        compactCursors: family.compactCursors, timestampsPersisted: family.timestampsPersisted,
        fullHistoryTimestampLow: family.fullHistoryTimestampLow)
    }
    return Version(
      families: families, lastSequence: old.lastSequence, nextFileNumber: old.nextFileNumber,
      previousLogNumber: old.previousLogNumber, minLogNumberToKeep: old.minLogNumberToKeep,
      maxColumnFamily: old.maxColumnFamily, databaseID: old.databaseID, trackedLogs: old.trackedLogs,
      dialect: old.dialect)
  }
}

extension ConvertReport {
  /// Takes what became of a table of the plan.
  mutating func complete(_ job: TableConversions.Job, _ result: TableConversions.Result) {
    guard let table = result.table, let index = tables.firstIndex(where: { $0.name == job.source.path }) else { return }
    tables[index].action = .converted
    tables[index].sizeAfter = result.size
    tables[index].digest = table.contents.digest.hex
    tables[index].newName = job.name
    for remark in table.remarks { remarks.append("\(job.name): \(remark)") }
  }
}
