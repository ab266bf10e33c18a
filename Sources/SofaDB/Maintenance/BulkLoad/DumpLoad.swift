/// A load of an NDJSON dump: every entry becomes what it was, families, orders, tombstones and, where the dump has
/// them, sequences included. The dump has to be whole: header, trailer with the right count and digest, no gaps.
struct DumpLoad {
  private let load: BulkLoad
  private var options: LoadOptions { load.options }

  init(_ load: BulkLoad) { self.load = load }

  func run() throws(DatabaseError) -> BulkLoadReport {
    let sources = try InputSet(load.inputs, in: load.fileSystem)
    guard sources.sources.count == 1 else { throw DatabaseError(.invalid, "one dump can be loaded at a time") }
    let memory = LoadMemory(memory: options.memory, jobs: options.jobs, inputSize: sources.size)
    let pieces = PieceReader(
      sources: sources.sources, dialect: nil, pieceSize: memory.pieceSize, longestRow: memory.longestRow)
    let header = try header(pieces, source: sources.names[0])
    let families = try families(of: header, source: sources.names[0])
    let destination = try LoadDestination(load.output, options: options, families: families, in: load.fileSystem)
    do throws(DatabaseError) {
      var report = BulkLoadReport()
      let closing = DumpClosing()
      let isDatabase = isDatabase
      let sorting = SortingLoad(
        load: load, sources: sources, pieces: pieces, memory: memory, families: families, sequences: .given,
        destination: destination, badRows: BadRows(limit: 0, rejects: nil))
      let outcome = try sorting.run(
        &report,
        // What the sample meets is read again, and counts once.
        sampling: { DumpRows(header: header, closing: DumpClosing(), keepsSequences: isDatabase) }
      ) { DumpRows(header: header, closing: closing, keepsSequences: isDatabase) }
      if let conflict = outcome.conflict {
        let which = header.hasVersions ? "the same key twice with sequence \(conflict.first)" : "the same key twice"
        throw damaged(sources.names[0], which)
      }
      try check(closing.found, report, source: sources.names[0], &report.remarks)
      if header.isPartial { report.remarks.append("the dump holds a part of its source only") }
      try load.watch.check()
      try destination.commit(outcome.tables, lastSequence: report.lastSequence, into: &report)
      return report
    } catch {
      destination.discard()
      throw error
    }
  }

  private var isDatabase: Bool {
    if case .database = load.output { true } else { false }
  }

  private func damaged(_ source: String, _ detail: String) -> DatabaseError {
    DatabaseError(.corruption, file: source, detail)
  }

  private func header(_ pieces: PieceReader, source: String) throws(DatabaseError) -> DumpHeader {
    var wanted = 4 << 10
    while true {
      let start = ByteBuffer(try pieces.peek(wanted))
      defer { withExtendedLifetime(start) {} }
      var lines = LinesOfText(start.bytes)
      guard let line = lines.next() else { throw damaged(source, "it is empty, and no dump") }
      if start.bytes.contains(0x0A) || start.count < wanted || wanted >= 16 << 20 {
        do throws(FormatError) {
          return try DumpHeader(line)
        } catch {
          throw damaged(source, "line 1: \(error.reason)")
        }
      }
      wanted *= 4
    }
  }

  private func families(
    of header: DumpHeader, source: String
  ) throws(DatabaseError) -> [TableProduction.Family] {
    guard isDatabase || header.families.count == 1 && !header.hasVersions else {
      throw DatabaseError(
        .invalid, file: source, "it holds versions or several column families, which only a database can take: --into")
    }
    var families: [TableProduction.Family] = []
    for family in header.families {
      guard (family.id == 0) == (family.name == TableProduction.Family.defaultName) else {
        throw damaged(source, "the names and numbers of its column families do not fit each other")
      }
      let order = KeyOrder(name: family.comparator)
      guard order.isKnown else {
        throw DatabaseError(
          .unsupported, file: source,
          "the order of family \(EscapedText.printable(family.name)) is not known: \(EscapedText.printable(order.name))"
        )
      }
      guard order.timestampSize == 0 || header.hasVersions else {
        throw DatabaseError(
          .unsupported, file: source, "it lacks the timestamps of its keys; a dump with --internal has them")
      }
      families.append(
        TableProduction.Family(
          name: family.name, id: family.id, order: order, mergeOperator: family.mergeOperator))
    }
    return families
  }

  private func check(
    _ found: DumpClosing.State, _ report: BulkLoadReport, source: String, _ remarks: inout [String]
  ) throws(DatabaseError) {
    guard found.headers == 1 else { throw damaged(source, "more than one header") }
    guard found.trailers.count == 1, let trailer = found.trailers.first else {
      throw damaged(
        source, found.trailers.isEmpty ? "the trailer is missing: the dump was cut" : "more than one trailer")
    }
    guard trailer.entries == report.rowsRead else {
      throw damaged(source, "the trailer counts \(trailer.entries) entries, there are \(report.rowsRead)")
    }
    guard trailer.digest == report.digest.hex else {
      throw damaged(
        source,
        trailer.digest.isEmpty ? "the trailer has no digest that is known" : "the content is not what was dumped")
    }
    guard found.gaps == 0, trailer.isComplete else {
      guard options.acceptsGaps else {
        throw damaged(source, "parts of its source could not be read (\(found.gaps) gaps); --force loads the rest")
      }
      remarks.append("\(found.gaps) gaps: parts of the dump's source could not be read")
      return
    }
  }
}
