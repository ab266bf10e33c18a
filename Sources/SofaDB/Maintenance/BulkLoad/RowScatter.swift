/// The first half of a load: threads take pieces of the input, read their rows and copy them into buckets.
final class RowScatter: @unchecked Sendable {
  /// What one thread has read. Its rows stay where they are for as long as this lives.
  final class Harvest: @unchecked Sendable {
    fileprivate(set) var intake: RowIntake
    fileprivate(set) var rows: UInt64 = 0
    fileprivate(set) var blankLines: UInt64 = 0

    init(_ intake: consuming RowIntake) { self.intake = intake }

    func spillAll() throws(DatabaseError) { try intake.spillAll() }
    func finish() throws(DatabaseError) { try intake.finish() }
    func collect(into contents: BucketContents) { intake.collect(into: contents) }
    var bytesSpilled: UInt64 { intake.bytesSpilled }
  }

  private let plan: RowPlan
  private let pieces: PieceReader
  private let sourceNames: [String]
  private let badRows: BadRows
  private let watch: LoadWatch
  let harvests: [Harvest]

  init(
    plan: RowPlan, pieces: PieceReader, sourceNames: [String], badRows: BadRows, watch: LoadWatch,
    intakes: [Harvest]
  ) {
    self.plan = plan
    self.pieces = pieces
    self.sourceNames = sourceNames
    self.badRows = badRows
    self.watch = watch
    harvests = intakes
  }

  /// Reads the whole input. Errors are with `watch` and `badRows`.
  func run() {
    Workers.run(harvests.count) { index in
      self.watch.guarding { () throws(DatabaseError) in try self.work(self.harvests[index]) }
    }
  }

  private func work(_ harvest: Harvest) throws(DatabaseError) {
    var rows = RowReader(plan: plan)
    var buffer = ByteWriter(capacity: pieces.pieceSize + 4096)
    while watch.goesOn(), !badRows.hasEnded, let piece = try pieces.next(into: &buffer) {
      rows.begin(buffer.bytes, isMalformed: piece.isMalformed)
      var tally = Tally()
      try read(&rows, piece, into: &harvest.intake, &tally)
      harvest.rows &+= tally.rows
      harvest.blankLines &+= tally.blankLines
      try badRows.finish(piece: piece.number, of: sourceNames[piece.source], tally.bad)
      watch.advance(buffer.count)
    }
  }

  private struct Tally {
    var rows: UInt64 = 0
    var blankLines: UInt64 = 0
    var bad: [BadRows.Row] = []
  }

  /// Reads the rows of one piece.
  private func read(
    _ rows: inout RowReader, _ piece: PieceReader.Piece, into intake: inout RowIntake, _ tally: inout Tally
  ) throws(DatabaseError) {
    var line: UInt64 = 0
    while true {
      var step = RowReader.Step.blank
      do throws(RowFault) {
        step = try rows.next()
      } catch {
        tally.rows &+= 1
        tally.bad.append(badRow(error, rows, line: piece.firstLine &+ line))
        if tally.bad.count >= badRows.mostPerPiece { return }
        line &+= UInt64(ByteSearch.count(of: 0x0A, in: rows.text)) &+ 1
        continue
      }
      switch step {
      case .end: return
      case .blank: tally.blankLines &+= 1
      case .row:
        tally.rows &+= 1
        let trailer = InternalKey.trailer(piece.firstOrdinal &+ line, rows.kind.rawValue)
        try intake.add(family: 0, key: rows.key, trailer: trailer, value: rows.value)
      }
      line &+= 1
      if piece.hasInnerNewlines { line &+= UInt64(ByteSearch.count(of: 0x0A, in: rows.text)) }
    }
  }

  private func badRow(_ fault: RowFault, _ rows: borrowing RowReader, line: UInt64) -> BadRows.Row {
    BadRows.Row(line: line, reason: plan.describe(fault), text: badRows.keepsTexts ? [UInt8](rows.text) : [])
  }
}
