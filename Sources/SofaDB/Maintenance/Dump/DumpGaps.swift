/// Tells of what a scan left out: as a finding, and in NDJSON as a `gap` record where the entries are missing. Shared
/// by the threads of a dump, used by the one whose turn it is to write: every run tells the same in the same order.
final class DumpGaps: Sendable {
  private let view: DatabaseView
  private let style: EntryStyle
  private let writesRecords: Bool
  private let output: any DumpOutput
  private struct Told {
    /// Where the last stretch of blocks ends, by file: a block may lie in two pieces of a dump.
    var ends: [String: UInt64] = [:]
    /// Tables, and parts of tables, whose extent is not known.
    var places: Set<String> = []
  }
  private let told = Monitor(Told())

  init(_ view: DatabaseView, style: EntryStyle, selection: DumpEntries.Selection, output: any DumpOutput) {
    self.view = view
    self.style = style
    self.output = output
    writesRecords = style.form == .ndjson && !selection.countOnly
  }

  /// Appends the records to `text`.
  func tell(
    _ gaps: some Sequence<DamageGap>, _ text: inout ByteWriter, _ report: inout DumpReport
  ) throws(DatabaseError) {
    for met in gaps {
      guard let gap = untold(met) else { continue }
      let finding = try GapFinding.finding(gap, in: view.directory)
      if finding.code == .fileMissing, try view.isOutdated() {
        throw DatabaseError(
          .locked, file: view.directory.path,
          "an engine wrote to the database and deleted \(gap.file): dump a checkpoint, or stop the service")
      }
      report.findings.count(finding)
      if finding.code.isUnread, report.unread == nil { report.unread = gap.error }
      output.report(finding)
      guard writesRecords else { continue }
      var json = JSONWriter()
      GapFinding.encode(finding, gap, style, into: &json)
      text.append(json.output.bytes)
    }
  }

  /// The part of the gap that was not told yet. Gaps of a file come in the order of its blocks.
  private func untold(_ gap: DamageGap) -> DamageGap? {
    let file = DatabaseFile.baseName(gap.file)
    guard let offset = gap.offset, let length = gap.length else {
      return told.change { $0.places.insert("\(file) \(gap.offset ?? .max)").inserted } ? gap : nil
    }
    let (sum, isHuge) = offset.addingReportingOverflow(length)
    let end = isHuge ? .max : sum
    return told.change { told in
      let floor = told.ends[file] ?? 0
      // An overlap ends with a whole block, whose trailer is not counted.
      guard end > floor else { return nil }
      told.ends[file] = end
      guard offset < floor, gap.error.kind == .unsupported else { return gap }
      var rest = gap
      rest.offset = floor + UInt64(BlockTrailer.size)
      rest.length = end - floor - UInt64(BlockTrailer.size)
      return rest
    }
  }
}
