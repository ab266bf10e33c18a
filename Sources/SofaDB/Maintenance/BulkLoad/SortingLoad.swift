/// A load of unsorted rows, whatever they are read from: sample, scatter into buckets, sort, write tables.
struct SortingLoad {
  let load: BulkLoad
  let sources: InputSet
  let pieces: PieceReader
  let memory: LoadMemory
  let families: [TableProduction.Family]
  let sequences: RowEmitter.Sequences
  let destination: LoadDestination
  let badRows: BadRows

  private var options: LoadOptions { load.options }
  private var watch: LoadWatch { load.watch }

  /// What came of it, before it is committed.
  struct Outcome {
    var tables: [LoadedTable] = []
    var conflict: RowEmitter.Duplicate?
    var tombstones: [(family: Int, tombstone: RangeTombstone)] = []
  }

  func run<Rows: RowSource & ~Copyable>(
    _ report: inout BulkLoadReport, sampling makeSample: (() -> Rows)? = nil, _ makeRows: @escaping @Sendable () -> Rows
  ) throws(DatabaseError) -> Outcome {
    let routes = try routes(makeSample ?? makeRows)
    let spillDirectory = try spillDirectory()
    let budget = MemoryBudget(limit: memory.rows)
    let harvests = (0..<options.jobs).map { index in
      let spill = SpillFile(in: spillDirectory, name: spillName("rows-\(index)"), buckets: routes.bucketCount)
      return RowScatter.Harvest(RowIntake(routes: routes, memory: memory, budget: budget, spill: spill))
    }
    watch.begin(.reading, total: sources.size)
    let scatter = RowScatter(
      pieces: pieces, sourceNames: sources.names, badRows: badRows, watch: watch, harvests: harvests)
    scatter.run(makeRows)
    try watch.check()
    report.rejected = try badRows.total()
    let contents = try Harvests(harvests, budget: budget, jobs: options.jobs).contents(buckets: routes.bucketCount)
    var outcome = Outcome()
    for harvest in harvests {
      report.rowsRead += harvest.rows
      report.extraEntries += harvest.extraRows
      report.blankLines += harvest.blankLines
      report.bytesSpilled += harvest.bytesSpilled
      outcome.tombstones += harvest.tombstones
    }
    report.bytesRead = pieces.bytesRead
    try produce(contents, routes, spillDirectory, &outcome, &report)
    // The rows in memory belong to the harvests.
    withExtendedLifetime(harvests) {}
    return outcome
  }

  private func produce(
    _ contents: BucketContents, _ routes: KeyRoutes, _ spillDirectory: any Directory, _ outcome: inout Outcome,
    _ report: inout BulkLoadReport
  ) throws(DatabaseError) {
    var families = families
    for (family, tombstone) in outcome.tombstones { families[family].tombstones.append(tombstone) }
    let groups = RowGroup.plan(
      contents, routes: routes, fileSize: options.targetFileSize, ratio: destination.ratio, jobs: options.jobs
    ) { family in
      // A bound between groups is a key only where keys are ordered by their bytes.
      !families[family].tombstones.isEmpty && families[family].order.kind != .bytewise
    }
    let closer = options.jobs > 1 ? TableCloser() : nil
    watch.begin(.writing, total: UInt64(contents.byteCount))
    let production = TableProduction(
      contents: contents, routes: routes, groups: groups, families: families, sequences: sequences,
      targets: destination.targets(families, closer: closer), spillDirectory: spillDirectory,
      spillName: spillName("merge"), sortMemory: memory.rows / options.jobs, watch: watch)
    production.run(jobs: options.jobs, closer: closer)
    try watch.check()
    outcome.conflict = production.conflict()
    if outcome.conflict != nil { return }
    outcome.tables = try report.add(
      production.result(), families: families.map(\.name), tombstones: outcome.tombstones)
  }

  private func routes<Rows: RowSource & ~Copyable>(
    _ makeRows: () -> Rows
  ) throws(DatabaseError) -> KeyRoutes {
    var sample = KeySample(makeRows(), families: families.count)
    let wanted = memory.buckets * 32
    if let files = sources.files {
      let total = max(1, files.reduce(0) { $0 + $1.size })
      for file in files {
        try sample.read(file, wanted: Int(Double(wanted) * Double(file.size) / Double(total)) + 1)
      }
    } else {
      sample.read(try pieces.peek(min(4 << 20, memory.longestRow)), wanted: wanted)
    }
    return KeyRoutes(orders: families.map(\.order), samples: sample.keys, wanted: memory.buckets)
  }

  private func spillDirectory() throws(DatabaseError) -> any Directory {
    guard let path = options.temporaryDirectory else { return destination.partial.directory }
    return try load.fileSystem.directory(at: path)
  }

  /// Of a file that has its name only while it is being opened. Loads that share a directory for temporary files must
  /// not meet.
  private func spillName(_ what: String) -> String {
    options.temporaryDirectory == nil
      ? what : "sofatool-\(TextFormat.hex.text(Array(load.output.path.utf8.suffix(60))))-\(what)"
  }
}
