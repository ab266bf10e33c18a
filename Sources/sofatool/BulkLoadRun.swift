import CommandKit
import SofaDB

/// One run of `sofatool bulk-load`: options to a `BulkLoad`, its report to text.
struct BulkLoadRun {
  private let invocation: Invocation
  private let context: ToolContext

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
  }

  func run() throws -> ExitStatus {
    let paths = invocation[BulkLoadCommand.inputs]
    let format = try format(of: paths)
    let output = try output()
    let isQuiet = invocation[CommonOptions.quiet]
    let progress = Progress("reading", on: context.console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
    let interruption = context.console.interruption
    let load = BulkLoad(
      try inputs(paths), format: format, output: output, options: try options(format), in: context.fileSystem,
      isCancelled: { interruption.isRequested },
      progress: { step in
        progress.update(done: Int(clamping: step.done), total: step.total.map { Int(clamping: $0) })
      })
    let report: BulkLoadReport
    do {
      report = try load.run()
    } catch {
      progress.finish()
      try interruption.check()
      throw error
    }
    progress.finish()
    for remark in report.remarks where !isQuiet { context.console.warn(EscapedText.printable(remark)) }
    try print(report, output)
    return report.rejected > 0 ? .findings : .ok
  }

  // MARK: Options

  private func format(of paths: [String]) throws -> LoadFormat {
    let kind = try invocation[BulkLoadCommand.format] ?? guess(paths)
    switch kind {
    case .csv: return .delimited(try dialect(.csv))
    case .tsv: return .delimited(try dialect(.tsv))
    case .ndjson: return .ndjson
    case .dump: return .dump
    case .sofadbGo: return .sofadbGo
    }
  }

  private func guess(_ paths: [String]) throws -> BulkLoadCommand.Format {
    let kinds = try paths.map { path in
      if path != "-", try context.fileSystem.attributes(at: path)?.kind == .directory {
        return BulkLoadCommand.Format.sofadbGo
      }
      let name = path.lowercased()
      if name.hasSuffix(".tsv") || name.hasSuffix(".tab") { return .tsv }
      return name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") ? .ndjson : .csv
    }
    guard let first = kinds.first, kinds.allSatisfy({ $0 == first }) else {
      throw UsageError("the inputs have different formats; say --input-format")
    }
    return first
  }

  private func dialect(_ usual: Dialect) throws -> Dialect {
    var dialect = usual
    if let delimiter = invocation[BulkLoadCommand.delimiter] { dialect.delimiter = delimiter }
    if let quote = invocation[BulkLoadCommand.quote] { dialect.quote = quote }
    dialect.hasHeader = invocation[BulkLoadCommand.header] == .yes
    guard dialect.delimiter != dialect.quote else { throw UsageError("delimiter and quote are the same byte") }
    return dialect
  }

  private func output() throws -> LoadOutput {
    switch (invocation[BulkLoadCommand.output], invocation[BulkLoadCommand.into]) {
    case (let tables?, nil): .tables(tables)
    case (nil, let database?): .database(database)
    case (nil, nil): throw UsageError("where to? -o DIR makes tables, --into DIR a new database")
    default: throw UsageError("-o and --into exclude each other")
    }
  }

  private func inputs(_ paths: [String]) throws -> [LoadInput] {
    guard paths.filter({ $0 == "-" }).count <= 1 else { throw UsageError("standard input can be read once") }
    return paths.map { $0 == "-" ? .stream(StandardInput()) : .path($0) }
  }

  private func options(_ format: LoadFormat) throws -> LoadOptions {
    var options = LoadOptions()
    options.key = invocation[BulkLoadCommand.key]
    options.value = invocation[BulkLoadCommand.value]
    options.operationColumn = invocation[BulkLoadCommand.operation]
    let hasKeys = format == .dump || format == .sofadbGo
    guard hasKeys || options.key != nil else { throw UsageError("option '--key' is required") }
    guard !hasKeys || options.key == nil && options.value == nil && options.operationColumn == nil else {
      throw UsageError("this input has keys and values; --key, --value and --op are for rows")
    }
    options.duplicates = invocation[BulkLoadCommand.duplicates]
    options.maxErrors = invocation[BulkLoadCommand.maxErrors]
    options.rejects = invocation[BulkLoadCommand.rejects]
    options.isSorted = invocation[BulkLoadCommand.isSorted]
    options.acceptsGaps = invocation[BulkLoadCommand.force]
    options.jobs = invocation[BulkLoadCommand.jobs]
    options.memory = invocation[BulkLoadCommand.memory]
    options.temporaryDirectory = invocation[BulkLoadCommand.temporaryDirectory]
    options.targetFileSize = UInt64(invocation[BulkLoadCommand.fileSize])
    options.family = invocation[BulkLoadCommand.family]
    let codec = invocation[BulkLoadCommand.compression]
    options.table.compression = codec.codec
    options.table.level = codec.level
    options.table.blockSize = invocation[BulkLoadCommand.blockSize]
    options.table.filterBitsPerKey = invocation[BulkLoadCommand.filterBits]
    options.table.formatVersion = invocation[BulkLoadCommand.formatVersion]
    options.table.checksum = invocation[BulkLoadCommand.checksum].type
    return options
  }

  // MARK: Report

  private func print(_ report: BulkLoadReport, _ output: LoadOutput) throws {
    let bytes = report.tables.reduce(0) { $0 + $1.size }
    if invocation[BulkLoadCommand.json] {
      var json = JSONWriter()
      write(report, bytes: bytes, into: &json)
      try context.console.output.write(json.output.bytes)
      return
    }
    let rejected = report.rejected > 0 ? invocation[BulkLoadCommand.rejects].map { " (in \($0))" } ?? "" : ""
    let path =
      switch output {
      case .tables(let path), .database(let path): path
      }
    var text = "\(number(report.rowsRead)) rows read = \(number(report.rowsWritten)) written"
    text += " + \(number(report.duplicates)) duplicates + \(number(report.rejected)) rejected"
    text += EscapedText.printable(rejected) + "\n"
    text += "\(number(UInt64(report.tables.count))) tables, \(Quantity.bytes(Int(clamping: bytes)))"
    text += ", in \(EscapedText.printable(path))\n"
    text += "content \(ContentDigest.algorithm):\(report.digest.hex)\n"
    try context.console.output.write(text)
  }

  private func number(_ value: UInt64) -> String { Quantity.grouped(Int(clamping: value)) }

  private func write(_ report: BulkLoadReport, bytes: UInt64, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("rows_read", report.rowsRead)
    json.field("rows_written", report.rowsWritten)
    json.field("duplicates", report.duplicates)
    json.field("rejected", report.rejected)
    json.field("blank_lines", report.blankLines)
    json.field("bytes_read", report.bytesRead)
    json.field("bytes_spilled", report.bytesSpilled)
    json.field("tables", report.tables.count)
    json.field("table_bytes", bytes)
    json.field("last_sequence", report.lastSequence)
    json.key("families")
    json.beginArray()
    for family in report.families { json.value(EscapedText.printable(family)) }
    json.endArray()
    json.key("digest")
    json.beginObject()
    json.field("algorithm", ContentDigest.algorithm)
    json.field("value", report.digest.hex)
    json.endObject()
    json.field("exit_status", report.rejected > 0 ? 1 : 0)
    json.endObject()
    json.newline()
  }
}

/// `--memory` when it is not given: a quarter of what the machine has, and of what the container may have.
enum DefaultMemory {
  static var size: Int { max(256 << 20, (Machine.memory ?? 4 << 30) / 4) }
}

extension ValueSyntax where Value == RowExpression {
  /// See `RowExpression`.
  static var expression: ValueSyntax {
    ValueSyntax(placeholder: "EXPR") { (text) throws(ValueError) in
      do throws(ExpressionError) {
        return try RowExpression(text)
      } catch {
        throw ValueError("is no expression: \(error.reason)", at: error.offset)
      }
    }
  }
}

extension ValueSyntax where Value == UInt8 {
  private static let names: [(name: String, byte: UInt8)] = [
    ("tab", 0x09), ("\\t", 0x09), ("space", 0x20), ("comma", 0x2C), ("semicolon", 0x3B), ("pipe", 0x7C),
  ]

  /// One byte of ASCII or its name.
  static var delimiter: ValueSyntax {
    ValueSyntax(placeholder: "CHAR") { (text) throws(ValueError) in
      if let named = names.first(where: { $0.name == text }) { return named.byte }
      guard text.utf8.count == 1, let byte = text.utf8.first, byte != 0x0A, byte != 0x0D else {
        throw ValueError("is not one ASCII character")
      }
      return byte
    }
  }
}

extension ValueSyntax where Value == UInt8? {
  /// One byte of ASCII, or `none`.
  static var quote: ValueSyntax {
    ValueSyntax(placeholder: "CHAR|none") { (text) throws(ValueError) in
      if text == "none" { return nil }
      return try ValueSyntax<UInt8>.delimiter.parse(text)
    }
  }
}
