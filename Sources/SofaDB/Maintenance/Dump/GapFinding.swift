/// A stretch that a scan left out, as a finding and as the `gap` record of a dump.
public enum GapFinding {
  /// Looks at the block again to say what exactly is wrong with it.
  public static func finding(_ gap: DamageGap, in directory: any ReadableDirectory) throws(DatabaseError) -> Finding {
    let name = DatabaseFile.baseName(gap.file)
    let code: FindingCode =
      switch gap.error.kind {
      case .notFound: .fileMissing
      case .special: .fileSpecial
      case .unsupported: .tableUnsupported
      default: .blockDecode
      }
    var finding = Finding(
      code, file: name, offset: gap.offset, length: gap.length, block: .data, detail: gap.error.detail)
    if gap.offset == nil { finding.block = nil }
    if finding.code == .blockDecode {
      do throws(DatabaseError) {
        if let offset = gap.offset, let length = gap.length {
          let handle = BlockHandle(offset: offset, size: length)
          let table = try TableFile(directory.open(name))
          let block = try BlockExamination(table, handle, .data, file: name, decompressor: Decompressor())
          finding = block.finding ?? finding
        } else {
          finding = try whyUnreadable(name, in: directory) ?? finding
        }
      } catch {
        finding = try TableFailure.finding(error, file: name)
        finding.length = gap.length
      }
    }
    finding.from = gap.from
    finding.to = gap.to
    return finding
  }

  /// What `verify` says about the parts of a table that must be sound for it to open.
  private static func whyUnreadable(
    _ name: String, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> Finding? {
    let audit = TableAudit(
      try directory.open(name), name: name, metadata: nil, family: nil, order: nil, level: .blocks)
    try audit.run()
    return audit.findings.first { $0.severity == .error && $0.block != .data && $0.block != .filter }
  }

  /// `from` and `to` are user keys around the gap, both absent where the table begins or ends there.
  static func encode(_ finding: Finding, _ gap: DamageGap, _ style: EntryStyle, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "gap")
    if let file = finding.file { json.field("file", EscapedText.printable(file)) }
    // What is lost, which is all of the table where the damage is in its index.
    if let offset = gap.offset ?? (gap.length == nil ? nil : 0) { json.field("offset", offset) }
    if let length = gap.length { json.field("length", length) }
    if let from = gap.from { json.field("from", from, as: style.keyFormat) }
    if let to = gap.to { json.field("to", to, as: style.keyFormat) }
    json.field("code", finding.code.rawValue)
    json.endObject()
    json.newline()
  }
}
