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
    let family = TableProduction.Family(name: options.family, order: options.table.order)
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
      let tables =
        try options.isSorted
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

  private func sort(_ job: Job, _ report: inout BulkLoadReport) throws(DatabaseError) -> [LoadedTable] {
    let sorting = SortingLoad(
      load: load, sources: job.sources, pieces: job.pieces, memory: job.memory, families: [job.family],
      sequences: .places(options.duplicates), destination: job.destination, badRows: job.badRows)
    let plan = job.plan
    let outcome = try sorting.run(&report) { RowReader(plan: plan) }
    if let conflict = outcome.conflict {
      throw RowLoad.duplicate(
        job.pieces.location(ofOrdinal: conflict.second), of: job.pieces.location(ofOrdinal: conflict.first))
    }
    return outcome.tables
  }

  /// Names both rows, and the input of the first where it is another.
  static func duplicate(
    _ row: (source: String, line: UInt64), of first: (source: String, line: UInt64)
  ) -> DatabaseError {
    let place = first.source == row.source ? "" : " of \(first.source)"
    return DatabaseError(
      .corruption, file: row.source,
      "line \(row.line): the same key as line \(first.line)\(place); --duplicates first or last keeps one")
  }
}
