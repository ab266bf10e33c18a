/// Converts tables that belong to no database into a new directory, where they keep their names. Tables that have the
/// codec already are copied. The directory is built as `NAME.partial` and gets its name when every table is written,
/// synced and read back with the same contents; whatever goes wrong before leaves nothing under that name.
public struct ConvertTables: Sendable {
  static let marker = "CONVERT-COMPRESSION"

  private let tables: [FileTarget]
  private let options: ConvertOptions
  private let fileSystem: any FileSystem

  public init(_ tables: [FileTarget], options: ConvertOptions, in fileSystem: any FileSystem) {
    self.tables = tables
    self.options = options
    self.fileSystem = fileSystem
  }

  private func jobs() throws(DatabaseError) -> [TableConversions.Job] {
    try options.target.validate()
    guard !tables.isEmpty else { throw DatabaseError(.invalid, "no table to convert") }
    var names: Set<String> = []
    var jobs: [TableConversions.Job] = []
    let session = TableOrigin.newSession(of: TableOrigin.externalDatabase)
    for table in tables {
      guard names.insert(table.name).inserted else {
        throw DatabaseError(.invalid, file: table.path, "two tables of this name would lie in one directory")
      }
      guard let attributes = try table.directory.attributes(of: table.name) else {
        throw DatabaseError(.notFound, file: table.path, "no such file")
      }
      var job = TableConversions.Job(source: table, size: attributes.size, name: table.name)
      job.origin = session.table(UInt64(jobs.count) + 1)
      jobs.append(job)
    }
    return jobs
  }

  /// What would be done. Reads every table's head, and the codec of every block of those that seem to be done.
  public func plan() throws(DatabaseError) -> ConvertReport {
    let jobs = try jobs()
    let plan = try ConvertPlan(jobs, to: options.target)
    var report = plan.report
    report.spaceNeeded = plan.space(for: jobs)
    return report
  }

  /// Makes the directory `output`. Errors: `corruption` for damaged tables, with file and offset; `unsupported` for
  /// tables that cannot be converted; `alreadyExists` for the output; `cancelled`; and what the file system says.
  public func run(to output: String) throws(DatabaseError) -> ConvertReport {
    let jobs = try jobs()
    let space = try ConvertPlan(jobs, to: options.target).space(for: jobs)
    let start = MonotonicClock.seconds
    let partial = try PartialDirectory(output, in: fileSystem, marker: ConvertTables.marker)
    let watch = ConvertWatch(
      total: jobs.reduce(0) { $0 + $1.size }, limiter: options.limiter, isCancelled: options.isCancelled,
      report: options.progress)
    var report = ConvertReport()
    do throws(DatabaseError) {
      try partial.directory.requireSpace(space, advice: "convert some of the tables at a time")
      let results = try TableConversions(
        jobs, to: options.target, in: partial.directory, copiesUnchanged: true, threads: options.jobs, watch: watch
      ).run()
      for (job, result) in zip(jobs, results) { report.add(job, result) }
      try partial.commit()
    } catch {
      partial.discard()
      throw error
    }
    do throws(DatabaseError) {
      try partial.removeMarker()
    } catch {
      report.remarks.append("the file \(ConvertTables.marker) is left in \(output) and may be removed: \(error)")
    }
    report.seconds = MonotonicClock.seconds - start
    return report
  }
}

extension ConvertReport {
  mutating func add(_ job: TableConversions.Job, _ result: TableConversions.Result) {
    tables.append(
      Table(
        name: job.source.path, family: job.family, level: job.level,
        action: result.table == nil ? .unchanged : .converted, sizeBefore: job.size, sizeAfter: result.size,
        digest: result.table?.contents.digest.hex))
    for remark in result.table?.remarks ?? [] { remarks.append("\(job.source.path): \(remark)") }
  }
}
