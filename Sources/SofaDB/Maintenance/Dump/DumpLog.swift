/// Prints write-ahead logs operation by operation, past damage.
///
/// Text: `file, offset of the record, sequence, op, family, key, value` with tabs between. NDJSON: a `log` record a
/// file, a `batch` record a batch and an `operation` record each; damage as `finding` records in their place.
public struct DumpLog {
  private let logs: [FileTarget]
  private let style: DumpStyle
  private let families: [UInt32: String]

  /// `families` gives names to ids where they are known.
  public init(logs: [FileTarget], style: DumpStyle, families: [UInt32: String] = [:]) {
    self.logs = logs
    self.style = style
    self.families = families
  }

  /// The families that the MANIFEST of `directory` knows; none where it cannot be read, which costs only names.
  public static func familyNames(of directory: any ReadableDirectory) -> [UInt32: String] {
    do {
      let version = try ManifestReader.readCurrent(directory).version
      return Dictionary(version.families.map { ($0.id, $0.name) }, uniquingKeysWith: { $1 })
    } catch {
      return [:]
    }
  }

  public func run(_ output: any DumpOutput) throws(DatabaseError) -> DumpReport {
    var stream = DumpStream(output, style: style)
    for log in logs {
      do throws(DatabaseError) {
        try dump(log, &stream)
      } catch {
        // A log that cannot be read must not hide the others.
        guard error.kind == .corruption else { throw error }
        try stream.report(error, as: .walRecord, file: log.name)
      }
    }
    try stream.flush()
    return stream.report
  }

  private func dump(_ log: FileTarget, _ stream: inout DumpStream) throws(DatabaseError) {
    let file = try log.open()
    // The mode that goes on after damage; a number is needed for recycled logs only.
    let reader = LogReader(file: file, number: log.file.number ?? 0, mode: .skipAnyCorrupted)
    var findings = LogFindings(file: log.name)
    if style.isJSON { try header(log, file, &stream) }
    stream.report.findings.files += 1
    stream.report.findings.bytes += file.size
    stream.report.findings.bytesInScope += file.size
    while let item = try reader.next() {
      if let finding = findings.finding(for: item, of: reader) { try stream.report(finding) }
      guard case .record(let record) = item else { continue }
      guard let error = try batch(record, log, &stream) else { continue }
      try stream.report(
        Finding(
          .walRecord, file: log.name, offset: record.offset, length: record.end - record.offset, block: .logRecord,
          detail: "a write batch that contradicts its format: \(error.reason)"))
    }
  }

  private func header(
    _ log: FileTarget, _ file: any RandomAccessFile, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    stream.json.beginObject()
    stream.json.field("record", "log")
    stream.json.field("schema", 1)
    stream.json.field("file", EscapedText.printable(log.name))
    stream.json.field("size", file.size)
    stream.json.endObject()
    try stream.endLine()
  }

  /// Prints the operations of one batch as far as they can be read; returns what stopped it.
  private func batch(
    _ record: LogReader.Record, _ log: FileTarget, _ stream: inout DumpStream
  ) throws(DatabaseError) -> FormatError? {
    var reader: WriteBatchReader
    do throws(FormatError) { reader = try WriteBatchReader(record.bytes) } catch { return error }
    if style.isJSON {
      stream.json.beginObject()
      stream.json.field("record", "batch")
      stream.json.field("file", EscapedText.printable(log.name))
      stream.json.field("offset", record.offset)
      stream.json.field("length", record.end - record.offset)
      stream.json.field("seq", reader.sequence)
      stream.json.field("count", UInt64(reader.count))
      stream.json.endObject()
      try stream.endLine()
    }
    while true {
      let operation: WriteOperation
      do throws(FormatError) {
        guard let next = try reader.next() else { return nil }
        operation = next
      } catch {
        return error
      }
      stream.report.entries += 1
      if style.isJSON {
        try json(operation, record, log, &stream)
      } else {
        try text(operation, record, log, &stream)
      }
    }
  }

  private func text(
    _ operation: WriteOperation, _ record: LogReader.Record, _ log: FileTarget, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    stream.json.output.append(utf8: EscapedText.printable(log.name))
    stream.json.output.append(0x09)
    DecimalText.append(record.offset, to: &stream.json.output)
    stream.json.output.append(0x09)
    DecimalText.append(operation.sequence, to: &stream.json.output)
    stream.json.output.append(0x09)
    stream.json.output.append(utf8: operation.name + "\t" + name(of: operation.family) + "\t")
    stream.json.output.append(utf8: stream.key(operation.key))
    if operation.hasValue {
      stream.json.output.append(0x09)
      let isKey = operation.entryKind == .rangeDeletion
      stream.json.output.append(utf8: isKey ? stream.key(operation.value) : stream.value(operation.value))
    }
    try stream.endLine()
  }

  private func json(
    _ operation: WriteOperation, _ record: LogReader.Record, _ log: FileTarget, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    stream.json.beginObject()
    stream.json.field("record", "operation")
    stream.json.field("file", EscapedText.printable(log.name))
    stream.json.field("offset", record.offset)
    stream.json.field("seq", operation.sequence)
    stream.json.field("op", operation.name)
    if operation.entryKind != nil {
      stream.json.field("cf_id", UInt64(operation.family))
      stream.json.field("cf", name(of: operation.family))
      stream.json.key("key")
      stream.json.value(operation.key, as: style.keyFormat)
    }
    if operation.hasValue {
      let isKey = operation.entryKind == .rangeDeletion
      stream.json.key(isKey ? "end" : operation.isTransactionMarker ? "transaction" : "value")
      stream.json.value(operation.value, as: isKey ? style.keyFormat : style.valueFormat)
    }
    stream.json.endObject()
    try stream.endLine()
  }

  /// The family's name, or its id where the name is not known.
  private func name(of family: UInt32) -> String {
    families[family].map(EscapedText.printable) ?? (family == 0 ? "default" : "#\(family)")
  }
}

extension WriteOperation {
  /// The `op` of dumps.
  var name: String {
    switch kind {
    case .entry(let kind): kind.name
    case .logData: "note"
    case .noop: "noop"
    case .beginPrepare: "begin-prepare"
    case .beginPersistedPrepare: "begin-persisted-prepare"
    case .beginUnprepare: "begin-unprepare"
    case .endPrepare: "end-prepare"
    case .commit: "commit"
    case .rollback: "rollback"
    case .commitWithTimestamp: "commit-with-timestamp"
    }
  }

  /// Whether `value` says something.
  var hasValue: Bool {
    switch kind {
    case .entry(let kind): !kind.isPointTombstone
    case .noop, .beginPrepare, .beginPersistedPrepare, .beginUnprepare: false
    default: true
    }
  }
}
