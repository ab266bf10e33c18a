internal import Synchronization

/// Streams input that is sorted already: rows go to the tables as they are read, and nothing is kept. A single file is
/// cut into as many ranges of whole rows as there are threads; each thread reads its own and writes tables of its own.
final class SortedLoad: @unchecked Sendable {
  private let job: RowLoad.Job
  private let options: LoadOptions
  private let watch: LoadWatch
  private let targets: [TableSeries.Target]
  private let results = Mutex<[Int: Result]>([:])
  private let failures = Mutex<[Int: DatabaseError]>([:])
  /// The first range with an error; later ranges need not be read.
  private let firstFailure = Atomic<Int>(.max)

  private struct Range {
    let pieces: PieceReader
    let badRows: BadRows
  }

  private struct Result: Sendable {
    var product = TableProduction.Product()
    var rows: UInt64 = 0
    var blankLines: UInt64 = 0
    var rejected: UInt64 = 0
    var bytes: UInt64 = 0
    var firstKey: [UInt8]?
    var lastKey: [UInt8] = []
    var firstLine: UInt64 = 1
    /// Of the last row: its input, and its line there.
    var last = (source: 0, line: UInt64(0))
  }

  init(_ job: RowLoad.Job, options: LoadOptions, watch: LoadWatch) {
    self.job = job
    self.options = options
    self.watch = watch
    targets = job.destination.targets([job.family], closer: nil)
  }

  func run(_ report: inout BulkLoadReport) throws(DatabaseError) -> [LoadedTable] {
    watch.begin(.reading, total: job.sources.size)
    let ranges = try self.ranges()
    Workers.run(ranges.count) { index in
      do throws(DatabaseError) {
        try self.work(index, ranges[index])
      } catch {
        self.failures.withLock { $0[index] = error }
        self.firstFailure.min(index, ordering: .relaxed)
      }
    }
    if let failure = failures.withLock({ $0.min { $0.key < $1.key }?.value }) { throw failure }
    try watch.check()
    let results = self.results.withLock { results in ranges.indices.compactMap { results[$0] } }
    try checkSeams(results)
    for result in results {
      report.rowsRead += result.rows
      report.blankLines += result.blankLines
      report.rejected += result.rejected
      report.bytesRead += result.bytes
    }
    return try report.add(results.map(\.product), families: [job.family.name])
  }

  /// The last key of a range and the first of the next.
  private func checkSeams(_ results: [Result]) throws(DatabaseError) {
    var before: Result?
    for result in results {
      guard let first = result.firstKey else { continue }
      if let before {
        let order = job.family.order.compare(before.lastKey, first)
        if order > 0 { throw unsorted(job.sources.names[0], result.firstLine) }
        if order == 0 { throw duplicate((0, result.firstLine), of: before.last) }
      }
      before = result
    }
  }

  private func unsorted(_ source: String, _ line: UInt64) -> DatabaseError {
    DatabaseError(
      .corruption, file: source, "line \(line): the key is smaller than the one before; the input is not sorted")
  }

  private func duplicate(
    _ row: (source: Int, line: UInt64), of first: (source: Int, line: UInt64)
  ) -> DatabaseError {
    RowLoad.duplicate((job.sources.names[row.source], row.line), of: (job.sources.names[first.source], first.line))
  }

  // MARK: Ranges

  /// Only where each range can be judged by itself: one file, no bad rows allowed, no duplicates.
  private func ranges() throws(DatabaseError) -> [Range] {
    let whole = [Range(pieces: job.pieces, badRows: job.badRows)]
    guard options.jobs > 1, options.maxErrors == 0, options.rejects == nil, options.duplicates == .error,
      let files = job.sources.files, files.count == 1, files[0].size > UInt64(options.jobs) * (8 << 20)
    else { return whole }
    let file = files[0]
    let scan = PieceReader(
      sources: [FileInput(file: file)], dialect: job.pieces.dialect, pieceSize: job.pieces.pieceSize,
      longestRow: job.pieces.longestRow)
    let step = file.size / UInt64(options.jobs)
    var starts: [PieceReader.Piece] = []
    var buffer = ByteWriter(capacity: job.pieces.pieceSize + 4096)
    while watch.goesOn(), let piece = try scan.next(into: &buffer) {
      if starts.isEmpty || piece.offset >= step * UInt64(starts.count) { starts.append(piece) }
      if starts.count == options.jobs { break }
    }
    return starts.indices.map { index in
      let end = index + 1 < starts.count ? starts[index + 1].offset : file.size
      let input = FileInput(file: file, from: starts[index].offset, to: end)
      return Range(
        pieces: PieceReader(continuing: input, at: starts[index], like: job.pieces),
        badRows: BadRows(limit: 0, rejects: nil))
    }
  }

  private func work(_ index: Int, _ range: Range) throws(DatabaseError) {
    var rows = RowReader(plan: job.plan)
    // Equal keys come in the order of the input here, and newest first after sorting.
    let policy: DuplicatePolicy =
      switch options.duplicates {
      case .error: .error
      case .first: .last
      case .last: .first
      }
    let series = TableSeries(target: targets[0], family: 0, place: index)
    let emitter = RowEmitter(
      sequences: .places(policy), family: ContentDigest.Family(name: job.family.name), series: series)
    var sorted = SortedRows(order: job.family.order, emitter: emitter)
    var buffer = ByteWriter(capacity: range.pieces.pieceSize + 4096)
    var result = Result()
    while watch.goesOn(), !range.badRows.hasEnded, index <= firstFailure.load(ordering: .relaxed),
      let piece = try range.pieces.next(into: &buffer)
    {
      if result.bytes == 0 { result.firstLine = piece.firstLine }
      rows.begin(buffer.bytes, isMalformed: piece.isMalformed)
      let bad = try read(&rows, piece, into: &sorted, &result)
      try range.badRows.finish(piece: piece.number, of: job.sources.names[piece.source], bad)
      result.bytes += UInt64(buffer.count)
      watch.advance(buffer.count)
    }
    result.rejected = try range.badRows.total()
    try sorted.finish()
    result.product = sorted.product
    result.firstKey = sorted.firstKey
    result.lastKey = [UInt8](sorted.lastKey)
    let finished = result
    results.withLock { $0[index] = finished }
  }

  private func read(
    _ rows: inout RowReader, _ piece: PieceReader.Piece, into sorted: inout SortedRows, _ result: inout Result
  ) throws(DatabaseError) -> [BadRows.Row] {
    var bad: [BadRows.Row] = []
    var line = piece.firstLine
    let source = job.sources.names[piece.source]
    while true {
      var step = RowStep.blank
      do throws(RowFault) {
        step = try rows.next()
      } catch {
        result.rows += 1
        let text = job.badRows.keepsTexts ? [UInt8](rows.text) : []
        bad.append(BadRows.Row(line: line, reason: job.plan.describe(error), text: text))
        if bad.count >= job.badRows.mostPerPiece { return bad }
        line += UInt64(ByteSearch.count(of: 0x0A, in: rows.text)) + 1
        continue
      }
      switch step {
      case .end: return bad
      case .blank: result.blankLines += 1
      case .row, .extraRow, .tombstone:
        result.rows += 1
        let trailer = rows.trailer(ordinal: line)
        guard try sorted.add(key: rows.key, trailer: trailer, value: rows.value) else { throw unsorted(source, line) }
        if sorted.emitter.conflict != nil { throw duplicate((piece.source, line), of: result.last) }
        result.last = (piece.source, line)
      }
      line += 1
      if piece.hasInnerNewlines { line += UInt64(ByteSearch.count(of: 0x0A, in: rows.text)) }
    }
  }
}
