/// Prints the entries of a database or of tables: what a reader sees, or with `versions` every version of every key.
///
/// The key space is cut into pieces of a few MiB; threads decode and print pieces at the same time, and the texts leave
/// in order. Memory: per thread one block of each table that is read and at most `DumpQueue.patience` of text.
///
/// NDJSON is `header`, one object an entry (see `EntryWriter`), `gap` records where damage is, and `trailer` with the
/// number of entries and their content digest. In the digest an entity counts with its encoding (version 1) as value,
/// and a merge that was not applied as its base, if any, and one `merge` entry an operand. A dump that ends without its
/// trailer was cut.
public struct DumpEntries {
  /// Which entries, and how much of them.
  public struct Selection: Sendable {
    public var range = KeyRange()
    /// By name; empty for all.
    public var families: [String] = []
    /// At most so many entries.
    public var limit: UInt64?
    /// Nothing is printed but the number of entries.
    public var countOnly = false
    /// Every version of every key, tombstones included.
    public var versions = false

    public init() {}
  }

  private let view: DatabaseView
  private let source: String
  private let style: EntryStyle
  private let selection: Selection
  private let jobs: Int
  /// Bytes of tables that a piece is meant to have.
  private let pieceSize: UInt64

  /// `source` is the path as the user knows it; `jobs` the number of threads.
  public init(
    _ view: DatabaseView, source: String, style: EntryStyle, selection: Selection, jobs: Int,
    pieceSize: UInt64 = 2 << 20
  ) {
    self.pieceSize = max(pieceSize, 1)
    self.view = view
    self.source = source
    self.style = style
    self.selection = selection
    // Counting down a limit across threads would print other entries in each run.
    self.jobs = selection.limit == nil ? jobs : 1
  }

  /// `damage` is what was met while the view was opened.
  public func run(_ output: any DumpOutput, damage: DamageLog? = nil) throws(DatabaseError) -> DumpReport {
    let families = try chosenFamilies()
    var selection = selection
    if families.contains(where: { !$0.order.isKnown }) {
      guard style.form != .raw else {
        throw DatabaseError(.unsupported, file: source, "raw output needs an order of keys that is known")
      }
      // Without an order nobody can say which version of a key is the newest of all files.
      selection.versions = true
    }
    if style.form == .raw, families.count > 1, !selection.countOnly {
      throw DatabaseError(.invalid, file: source, "raw output is for one family: choose it with --cf")
    }
    var style = style
    style.showsFamily = families.count > 1
    let pieces = try cut(families)
    let frame = DumpFrame(
      source: source, style: style, selection: selection,
      families: try families.map { (family) throws(DatabaseError) in
        DumpFrame.Family(
          id: family.id, name: family.name, comparator: family.order.name,
          mergeOperator: try view.mergeOperator(family)?.name)
      })
    // Before the scan: an engine may delete its logs while a slow reader takes the output.
    let findings = try DumpEntries.findings(of: view, families)
    try frame.open(output)
    let gaps = DumpGaps(view, style: style, selection: selection, output: output)
    var report = DumpReport()
    var records = ByteWriter()
    try gaps.tell(damage?.gaps ?? [], &records, &report)
    if records.count > 0 { try output.write(records.bytes) }
    let queue = DumpQueue(pieces: pieces.count, output: output)
    let task = EntryPieces(
      view: view, pieces: pieces, style: style, selection: selection, queue: queue, gaps: gaps)
    Workers.run(min(jobs, max(pieces.count, 1))) { _ in task.work() }
    report.add(try queue.result())
    for finding in findings {
      report.findings.count(finding)
      output.report(finding)
    }
    // Nothing at all: what stood in the way is the answer.
    if report.entries == 0, let refusal = report.unread, report.findings.isOnlyUnread { throw refusal }
    try frame.close(report, output)
    return report
  }

  private func chosenFamilies() throws(DatabaseError) -> [DatabaseView.Family] {
    var chosen: [DatabaseView.Family] = []
    for name in selection.families {
      guard let family = view.family(named: name) else {
        let names = view.families.map { EscapedText.printable($0.name) }.joined(separator: ", ")
        throw DatabaseError(
          .invalid, file: source, "no column family \(EscapedText.printable(name)); there are: \(names)")
      }
      if !chosen.contains(where: { $0.id == family.id }) { chosen.append(family) }
    }
    return selection.families.isEmpty ? view.families : chosen
  }

  // MARK: Pieces

  private func cut(_ families: [DatabaseView.Family]) throws(DatabaseError) -> [EntryPieces.Piece] {
    var pieces: [EntryPieces.Piece] = []
    for family in families {
      guard family.order.isKnown else {
        pieces.append(EntryPieces.Piece(family: family, from: nil, to: nil, isFirst: true))
        continue
      }
      let (from, to) = selection.range.bounds(in: family.order)
      var cuts: [[UInt8]] = []
      if jobs > 1 || selection.limit == nil {
        let size = family.tables.reduce(UInt64(0)) { $0 &+ $1.size }
        let parts = Int(min(size / pieceSize + 1, 4096))
        cuts = try view.splitKeys(family, parts: parts).filter { key in
          (from.map { family.order.compareUserKeys(key, $0) > 0 } ?? true)
            && (to.map { family.order.compareUserKeys(key, $0) < 0 } ?? true)
        }
      }
      let starts = [from] + cuts.map { Optional($0) }
      let ends = cuts.map { Optional($0) } + [to]
      for (index, (start, end)) in zip(starts, ends).enumerated() {
        pieces.append(EntryPieces.Piece(family: family, from: start, to: end, isFirst: index == 0))
      }
    }
    return pieces
  }

  // MARK: What is wrong besides gaps

  /// Torn or damaged logs and MANIFEST, logs that do not follow each other, comparators that are not known.
  static func findings(
    of view: DatabaseView, _ families: [DatabaseView.Family]
  ) throws(DatabaseError) -> [Finding] {
    var findings: [Finding] = []
    if case .torn(let offset, let reason) = view.history?.tail {
      findings.append(
        Finding(
          .manifestTail, file: view.history.map { DatabaseFile.baseName($0.name) }, offset: offset,
          block: .manifestRecord, detail: reason))
    }
    for number in view.logs {
      findings += try LogFindings.scan(FileTarget(view.directory, DatabaseFile.log(number).name))
    }
    for problem in view.problems {
      findings.append(
        Finding(
          .walGap, file: DatabaseFile.baseName(problem.file), offset: problem.offset, detail: problem.detail))
    }
    for family in families where !family.order.isKnown {
      findings.append(
        Finding(
          .envComparatorUnknown, family: family.name,
          detail: "keys are sorted by \(family.order.name), which is not known: every version is shown, in the order "
            + "of the files"))
    }
    return findings
  }
}

extension KeyOrder {
  /// Compares user keys without timestamps.
  func compareUserKeys(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { left in b.withUnsafeBytes { compareWithoutTimestamp(left, $0) } }
  }
}
