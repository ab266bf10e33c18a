/// A load of delimited text or of JSON objects.
struct RowLoad {
  private let load: BulkLoad
  private var options: LoadOptions { load.options }
  private var watch: LoadWatch { load.watch }

  init(_ load: BulkLoad) { self.load = load }

  func run() throws(DatabaseError) -> BulkLoadReport {
    let sources = try InputSet(load.inputs, in: load.fileSystem)
    let memory = LoadMemory(memory: options.memory, jobs: options.jobs, inputSize: sources.size)
    let pieces = PieceReader(
      sources: sources.sources, dialect: dialect, pieceSize: memory.pieceSize, longestRow: memory.longestRow)
    let firstRow = try pieces.readFirstRow()
    let plan = try RowPlanner(load).plan(firstRow: firstRow)
    let family = TableProduction.Family(name: options.family, id: 0, order: options.table.order)
    let destination = try LoadDestination(load.output, options: options, families: [family], in: load.fileSystem)
    var rejects: RejectsFile?
    do throws(DatabaseError) {
      if let path = options.rejects {
        rejects = try RejectsFile(path, header: dialect?.hasHeader == true ? firstRow : nil, in: load.fileSystem)
      }
      let job = Job(
        plan: plan, sources: sources, pieces: pieces, memory: memory, family: family, destination: destination,
        badRows: BadRows(limit: options.maxErrors, rejects: rejects))
      var report = BulkLoadReport()
      let tables = try options.isSorted
        ? SortedLoad(job, options: options, watch: watch).run(&report) : sort(job, &report)
      try watch.check()
      try rejects?.commit()
      try destination.commit(tables, lastSequence: 0, into: &report)
      return report
    } catch {
      rejects?.discard()
      destination.discard()
      throw error
    }
  }

  private var dialect: Dialect? {
    if case .delimited(let dialect) = load.format { dialect } else { nil }
  }

  /// Everything that both ways share.
  struct Job {
    let plan: RowPlan
    let sources: InputSet
    let pieces: PieceReader
    let memory: LoadMemory
    let family: TableProduction.Family
    let destination: LoadDestination
    let badRows: BadRows
  }

  // MARK: Sorting

  private func sort(_ job: Job, _ report: inout BulkLoadReport) throws(DatabaseError) -> [LoadedTable] {
    let routes = try routes(job)
    let spillDirectory = try self.spillDirectory(job)
    let budget = MemoryBudget(limit: job.memory.rows)
    let harvests = (0..<options.jobs).map { index in
      let spill = SpillFile(in: spillDirectory, name: "sofatool-rows-\(index)", buckets: routes.bucketCount)
      return RowScatter.Harvest(RowIntake(routes: routes, memory: job.memory, budget: budget, spill: spill))
    }
    watch.begin(.reading, total: job.sources.size)
    let scatter = RowScatter(
      plan: job.plan, pieces: job.pieces, sourceNames: job.sources.names, badRows: job.badRows, watch: watch,
      intakes: harvests)
    scatter.run()
    try watch.check()
    report.rejected = try job.badRows.total()
    let contents = try Harvests(harvests, budget: budget, jobs: options.jobs).contents(buckets: routes.bucketCount)
    for harvest in harvests {
      report.rowsRead += harvest.rows
      report.blankLines += harvest.blankLines
      report.bytesSpilled += harvest.bytesSpilled
    }
    report.bytesRead = job.pieces.bytesRead
    let tables = try produce(job, contents, routes, spillDirectory, &report)
    // The rows in memory belong to the harvests.
    withExtendedLifetime(harvests) {}
    return tables
  }

  private func produce(
    _ job: Job, _ contents: BucketContents, _ routes: KeyRoutes, _ spillDirectory: any Directory,
    _ report: inout BulkLoadReport
  ) throws(DatabaseError) -> [LoadedTable] {
    let groups = RowGroup.plan(
      contents, routes: routes, fileSize: options.targetFileSize, ratio: job.destination.ratio, jobs: options.jobs
    ) { _ in false }
    let closer = options.jobs > 1 ? TableCloser() : nil
    watch.begin(.writing, total: UInt64(contents.byteCount))
    let production = TableProduction(
      contents: contents, routes: routes, groups: groups, families: [job.family],
      sequences: .places(options.duplicates), targets: job.destination.targets(closer: closer),
      spillDirectory: spillDirectory, sortMemory: job.memory.rows / options.jobs, watch: watch)
    production.run(jobs: options.jobs, closer: closer)
    try watch.check()
    if let conflict = production.conflict() { throw duplicate(conflict, job.pieces) }
    return try report.add(production.result(), families: [job.family])
  }

  private func duplicate(_ conflict: RowEmitter.Duplicate, _ pieces: PieceReader) -> DatabaseError {
    let first = pieces.location(ofOrdinal: conflict.first)
    let second = pieces.location(ofOrdinal: conflict.second)
    let place = first.source == second.source ? "" : " of \(first.source)"
    return DatabaseError(
      .corruption, file: second.source, "line \(second.line): the same key as line \(first.line)\(place)")
  }

  private func routes(_ job: Job) throws(DatabaseError) -> KeyRoutes {
    var sample = KeySample(plan: job.plan)
    let wanted = job.memory.buckets * 32
    if let files = job.sources.files {
      let total = max(1, files.reduce(0) { $0 + $1.size })
      for file in files {
        try sample.read(file, wanted: Int(Double(wanted) * Double(file.size) / Double(total)) + 1)
      }
    } else {
      sample.read(try job.pieces.peek(min(4 << 20, job.memory.longestRow)), wanted: wanted)
    }
    return KeyRoutes(orders: [job.family.order], samples: [sample.keys], wanted: job.memory.buckets)
  }

  private func spillDirectory(_ job: Job) throws(DatabaseError) -> any Directory {
    guard let path = options.temporaryDirectory else { return job.destination.partial.directory }
    return try load.fileSystem.directory(at: path)
  }

}
