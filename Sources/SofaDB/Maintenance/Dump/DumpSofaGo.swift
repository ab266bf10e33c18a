/// Prints the entries of a directory of the Go SofaDB, which has one key space in bytewise order and no sequence
/// numbers. One thread: the format has to be read from front to back.
public struct DumpSofaGo {
  private let directory: SofaGoDirectory
  private let source: String
  private let style: EntryStyle
  private let selection: DumpEntries.Selection
  private let emptyMeansDeleted: Bool

  /// `emptyMeansDeleted`: entries of tables with an empty value are left out, because the Go engine writes deletions
  /// so.
  public init(
    _ directory: SofaGoDirectory, source: String, style: EntryStyle, selection: DumpEntries.Selection,
    emptyMeansDeleted: Bool = false
  ) {
    self.directory = directory
    self.source = source
    self.style = style
    self.selection = selection
    self.emptyMeansDeleted = emptyMeansDeleted
  }

  /// Entries with an empty value that were met: values that are empty, or deletions.
  public func run(_ output: any DumpOutput) throws(DatabaseError) -> (report: DumpReport, emptyValues: Int) {
    guard !selection.versions else {
      throw DatabaseError(.unsupported, file: source, "the Go SofaDB keeps no versions")
    }
    let frame = DumpFrame(
      source: source, style: style, selection: selection,
      families: [DumpFrame.Family(id: 0, name: "default", comparator: KeyOrder.bytewise.name, mergeOperator: nil)])
    try frame.open(output)
    var report = DumpReport()
    let cursor = try directory.cursor(emptyMeansDeleted: emptyMeansDeleted)
    try print(cursor, output, &report)
    try frame.close(report, output)
    return (report, cursor.emptyValues)
  }

  private func print(
    _ cursor: SofaGoCursor, _ output: any DumpOutput, _ report: inout DumpReport
  ) throws(DatabaseError) {
    let (from, to) = selection.range.bounds(in: .bytewise)
    let seed = ContentDigest.Family(name: "default")
    var digest = ContentDigest()
    var writer = EntryWriter(style: style, family: "default", capacity: DumpStream.chunk + (64 << 10))
    while report.entries < selection.limit ?? .max, try cursor.next() {
      tell(cursor, &writer, &report, output)
      if let from, cursor.key.lexicographicallyPrecedes(from) { continue }
      if let to, !cursor.key.lexicographicallyPrecedes(to) { break }
      report.entries += 1
      if selection.countOnly { continue }
      cursor.key.withUnsafeBytes { key in
        writer.put(key, cursor.value)
        digest.add(.value, key: key, value: cursor.value, in: seed)
      }
      if writer.output.count >= DumpStream.chunk {
        try output.write(writer.output.bytes)
        writer.output.removeAll()
      }
    }
    report.digest = digest
    tell(cursor, &writer, &report, output)
    if writer.output.count > 0 { try output.write(writer.output.bytes) }
  }

  /// Damage met since the last call, with a record where something is missing.
  private func tell(
    _ cursor: SofaGoCursor, _ writer: inout EntryWriter, _ report: inout DumpReport, _ output: any DumpOutput
  ) {
    for damage in cursor.takeDamages() {
      let code: FindingCode = damage.isTornTail ? .walTail : damage.file.hasSuffix(".sst") ? .blockDecode : .walRecord
      let finding = Finding(
        code, file: damage.file, offset: damage.offset, length: damage.length, detail: damage.reason)
      report.findings.count(finding)
      output.report(finding)
      guard damage.length > 0, !damage.isTornTail, style.form == .ndjson, !selection.countOnly else { continue }
      var json = JSONWriter()
      let error = DatabaseError(.corruption, file: damage.file, offset: damage.offset, damage.reason)
      let gap = DamageGap(
        file: damage.file, offset: damage.offset, length: damage.length, from: nil, to: nil, error: error)
      GapFinding.encode(finding, gap, style, into: &json)
      writer.output.append(json.output.bytes)
    }
  }
}
