/// The text or NDJSON of a dump on its way out: lines collect in a buffer that leaves about a MiB at a time, findings
/// are counted, told, and in NDJSON also written where they were met.
struct DumpStream: ~Copyable {
  /// Bytes that are written at once.
  static let chunk = 1 << 20

  let style: DumpStyle
  private let output: any DumpOutput
  /// Holds the buffer of text as well.
  var json = JSONWriter(capacity: DumpStream.chunk + 4096)
  var report = DumpReport()

  init(_ output: any DumpOutput, style: DumpStyle) {
    self.output = output
    self.style = style
  }

  /// Dumps one table after the other; one that cannot be read is told, and the next one comes.
  static func each(
    _ tables: [FileTarget], _ output: any DumpOutput, style: DumpStyle,
    _ dump: (FileTarget, inout DumpStream) throws(DatabaseError) -> Void
  ) throws(DatabaseError) -> DumpReport {
    var stream = DumpStream(output, style: style)
    for table in tables {
      stream.report.findings.files += 1
      do throws(DatabaseError) {
        try dump(table, &stream)
      } catch {
        try stream.report(try TableFailure.finding(error, file: table.name))
      }
    }
    try stream.flush()
    return stream.report
  }

  /// Ends a line or record that was put into the buffer.
  mutating func endLine() throws(DatabaseError) {
    if style.isJSON { json.newline() } else { json.output.append(0x0A) }
    if json.output.count >= DumpStream.chunk { try flush() }
  }

  mutating func line(_ text: String) throws(DatabaseError) {
    json.output.append(utf8: text)
    try endLine()
  }

  mutating func flush() throws(DatabaseError) {
    guard json.output.count > 0 else { return }
    try output.write(json.output.bytes)
    json.output.removeAll()
  }

  mutating func report(_ finding: Finding) throws(DatabaseError) {
    report.findings.count(finding)
    if style.isJSON {
      finding.encode(into: &json, showKeys: true)
    }
    output.report(finding)
  }

  /// Reports an error of a file that the dump goes on without.
  mutating func report(_ error: DatabaseError, as code: FindingCode, file: String) throws(DatabaseError) {
    if case .cancelled = error.kind { throw error }
    try report(Finding(code, file: file, offset: error.offset, detail: error.detail))
  }

  /// A key as text of a line or a JSON member's value.
  func key(_ bytes: [UInt8]) -> String { style.keyFormat.shown(bytes) }
  func key(_ bytes: UnsafeRawBufferPointer) -> String { style.keyFormat.shown(bytes) }
  func value(_ bytes: UnsafeRawBufferPointer) -> String { style.valueFormat.shown(bytes) }
}

/// How structures (layouts, properties, logs, manifests, searches) are printed.
public struct DumpStyle: Sendable {
  public var isJSON: Bool
  public var keyFormat: TextFormat
  public var valueFormat: TextFormat
  /// Whether the bounds of tables are printed.
  public var showsKeys: Bool

  public init(
    isJSON: Bool = false, keyFormat: TextFormat = .escaped, valueFormat: TextFormat = .escaped, showsKeys: Bool = true
  ) {
    self.isJSON = isJSON
    self.showsKeys = showsKeys
    self.keyFormat = keyFormat
    self.valueFormat = valueFormat
  }
}

extension TextFormat {
  /// Text for a line: hexadecimal digits with 0x in front, as KEY arguments have them.
  func shown(_ bytes: UnsafeRawBufferPointer) -> String { (self == .hex ? "0x" : "") + text(bytes) }
  func shown(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { shown($0) } }
}
