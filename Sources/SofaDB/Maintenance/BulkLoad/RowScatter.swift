/// The first half of a load: threads take pieces of the input, read their rows and copy them into buckets.
final class RowScatter: @unchecked Sendable {
  /// What one thread has read. Its rows stay where they are for as long as this lives.
  final class Harvest: @unchecked Sendable {
    fileprivate(set) var intake: RowIntake
    fileprivate(set) var rows: UInt64 = 0
    /// Entries beyond the first of their line.
    fileprivate(set) var extraRows: UInt64 = 0
    fileprivate(set) var blankLines: UInt64 = 0
    fileprivate(set) var tombstones: [(family: Int, tombstone: RangeTombstone)] = []

    init(_ intake: consuming RowIntake) { self.intake = intake }

    func spillAll() throws(DatabaseError) { try intake.spillAll() }
    func finish() throws(DatabaseError) { try intake.finish() }
    func collect(into contents: BucketContents) { intake.collect(into: contents) }
    var bytesSpilled: UInt64 { intake.bytesSpilled }
  }

  private let pieces: PieceReader
  private let sourceNames: [String]
  private let badRows: BadRows
  private let watch: LoadWatch
  let harvests: [Harvest]

  init(
    pieces: PieceReader, sourceNames: [String], badRows: BadRows, watch: LoadWatch, harvests: [Harvest]
  ) {
    self.pieces = pieces
    self.sourceNames = sourceNames
    self.badRows = badRows
    self.watch = watch
    self.harvests = harvests
  }

  /// Reads the whole input. Errors are with `watch` and `badRows`.
  func run<Rows: RowSource & ~Copyable>(_ makeRows: @escaping @Sendable () -> Rows) {
    Workers.run(harvests.count) { index in
      self.watch.guarding { () throws(DatabaseError) in
        var rows = makeRows()
        try self.work(&rows, self.harvests[index])
      }
    }
  }

  private func work<Rows: RowSource & ~Copyable>(_ rows: inout Rows, _ harvest: Harvest) throws(DatabaseError) {
    var buffer = ByteWriter(capacity: pieces.pieceSize + 4096)
    while watch.goesOn(), !badRows.hasEnded, let piece = try pieces.next(into: &buffer) {
      rows.begin(buffer.bytes, isMalformed: piece.isMalformed)
      var tally = Tally()
      try read(&rows, piece, into: &harvest.intake, &tally)
      harvest.rows &+= tally.rows
      harvest.extraRows &+= tally.extraRows
      harvest.blankLines &+= tally.blankLines
      harvest.tombstones += tally.tombstones
      try badRows.finish(piece: piece.number, of: sourceNames[piece.source], tally.bad)
      watch.advance(buffer.count)
    }
  }

  private struct Tally {
    var rows: UInt64 = 0
    var extraRows: UInt64 = 0
    var tombstones: [(family: Int, tombstone: RangeTombstone)] = []
    var blankLines: UInt64 = 0
    var bad: [BadRows.Row] = []
  }

  /// Reads the rows of one piece.
  private func read<Rows: RowSource & ~Copyable>(
    _ rows: inout Rows, _ piece: PieceReader.Piece, into intake: inout RowIntake, _ tally: inout Tally
  ) throws(DatabaseError) {
    var line: UInt64 = 0
    while true {
      var step = RowStep.blank
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
      case .row, .extraRow:
        let trailer = rows.trailer(ordinal: piece.firstOrdinal &+ line)
        try intake.add(family: rows.family, key: rows.key, trailer: trailer, value: rows.value)
        if step == .extraRow {
          tally.extraRows &+= 1
          continue
        }
        tally.rows &+= 1
      case .tombstone:
        tally.rows &+= 1
        let sequence = rows.trailer(ordinal: piece.firstOrdinal &+ line) >> 8
        tally.tombstones.append(
          (rows.family, RangeTombstone(begin: [UInt8](rows.key), end: [UInt8](rows.value), sequence: sequence)))
      }
      line &+= 1
      if piece.hasInnerNewlines { line &+= UInt64(ByteSearch.count(of: 0x0A, in: rows.text)) }
    }
  }

  private func badRow<Rows: RowSource & ~Copyable>(
    _ fault: RowFault, _ rows: borrowing Rows, line: UInt64
  ) -> BadRows.Row {
    BadRows.Row(line: line, reason: rows.describe(fault), text: badRows.keepsTexts ? [UInt8](rows.text) : [])
  }
}
