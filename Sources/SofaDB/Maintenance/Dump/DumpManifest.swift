/// Prints a MANIFEST: every edit with its place in the file, then the state that they lead to, then how the file ends.
///
/// Text: an edit is a heading line and one indented line a change. NDJSON: an `edit` record each, a `state` record, and
/// findings.
public struct DumpManifest {
  private let manifest: FileTarget
  private let style: DumpStyle

  public init(manifest: FileTarget, style: DumpStyle) {
    self.manifest = manifest
    self.style = style
  }

  /// The MANIFEST that CURRENT of `directory` names; where CURRENT is damaged or missing, the one with the largest
  /// number, and a finding that says so.
  public static func current(
    of directory: any ReadableDirectory
  ) throws(DatabaseError) -> (manifest: FileTarget, finding: Finding?) {
    let manifests = try FileTarget.files(in: directory) { if case .manifest = $0 { true } else { false } }
    var problem: String
    do throws(DatabaseError) {
      let name = DatabaseFile.manifest(try CurrentFile.read(directory)).name
      if manifests.contains(where: { $0.name == name }) { return (FileTarget(directory, name), nil) }
      problem = "it names \(name), which is not there"
    } catch {
      guard error.kind == .corruption || error.kind == .notFound else { throw error }
      problem = error.kind == .notFound ? "it is missing" : error.detail
    }
    guard let last = manifests.last else {
      throw DatabaseError(.notFound, file: directory.path, "no MANIFEST in this directory")
    }
    return (last, Finding(.currentDangling, file: CurrentFile.name, detail: "\(problem); \(last.name) is shown"))
  }

  public func run(_ output: any DumpOutput) throws(DatabaseError) -> DumpReport {
    var stream = DumpStream(output, style: style)
    let history = try ManifestReader.read(manifest.open(), keepingRecords: true)
    stream.report.findings.files = 1
    stream.report.findings.bytesInScope = history.size
    stream.report.findings.bytes = history.size
    if !style.isJSON {
      try stream.line("\(EscapedText.printable(manifest.name)): \(history.size) bytes, \(history.records.count) edits")
    }
    for (index, record) in history.records.enumerated() {
      stream.report.entries += 1
      if style.isJSON {
        ManifestRecords.edit(index, record, file: manifest.name, style, into: &stream.json)
        try stream.endLine()
      } else {
        try text(index, record, &stream)
      }
    }
    if style.isJSON {
      ManifestRecords.state(history.version, file: manifest.name, style, into: &stream.json)
      try stream.endLine()
    } else {
      for line in ManifestLines(style).state(history.version) { try stream.line(line) }
    }
    if let finding = finding(history) { try stream.report(finding) }
    try stream.flush()
    return stream.report
  }

  private func text(
    _ index: Int, _ record: ManifestHistory.Record, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    let family = record.edit.family == 0 ? "" : ", family \(record.edit.family)"
    try stream.line("edit \(index + 1) at offset \(record.offset)\(family)")
    for line in ManifestLines(style).edit(record.edit) { try stream.line("  " + line) }
  }

  private func finding(_ history: ManifestHistory) -> Finding? {
    switch history.tail {
    case .clean: nil
    case .torn(let offset, let reason):
      Finding(
        .manifestTail, file: manifest.name, offset: offset, length: history.lostBytes, block: .manifestRecord,
        detail: reason)
    case .corrupt(let error):
      Finding(
        .manifestRecord, file: manifest.name, offset: error.offset, length: history.lostBytes,
        block: .manifestRecord, detail: error.detail)
    }
  }
}
