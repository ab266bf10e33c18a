/// Prints where every block of tables lies: offset, stored and raw size, codec, checksum and whether it holds, kind,
/// and for data blocks the separator that the index has for them.
///
/// Data blocks come in index order, the others behind them by offset. Damage is a finding and the list goes on.
public struct DumpLayout {
  private let tables: [FileTarget]
  private let style: DumpStyle

  public init(tables: [FileTarget], style: DumpStyle) {
    self.tables = tables
    self.style = style
  }

  public func run(_ output: any DumpOutput) throws(DatabaseError) -> DumpReport {
    try DumpStream.each(tables, output, style: style, dump)
  }

  private func dump(_ target: FileTarget, _ stream: inout DumpStream) throws(DatabaseError) {
    let table = try TableFile(target.open())
    try header(table, target, &stream)
    let metaIndex: MetaIndex
    do throws(DatabaseError) {
      metaIndex = try table.readMetaIndex()
    } catch {
      // Without it nothing else can be found but what the footer names.
      try examine(table.footer.metaindex, .metaindex, table, target.name, &stream)
      return try footer(table, target.name, &stream)
    }
    var damage: [DatabaseError] = []
    let told = stream.report.findings.total
    do throws(DatabaseError) {
      let reader = try TableReader(table, onDamage: { damage.append($0) })
      try data(reader, target.name, &stream)
    } catch {
      damage.append(error)
    }
    try metaBlocks(metaIndex, table, target.name, &stream)
    try footer(table, target.name, &stream)
    // Damage in blocks that are listed was told with them.
    for error in damage where stream.report.findings.total == told {
      try stream.report(try TableFailure.finding(error, file: target.name))
    }
  }

  private func header(_ table: TableFile, _ target: FileTarget, _ stream: inout DumpStream) throws(DatabaseError) {
    let footer = table.footer
    stream.report.findings.bytesInScope += table.size
    stream.report.findings.bytes += table.size
    guard style.isJSON else {
      try stream.line(
        "\(EscapedText.printable(target.name)): \(table.size) bytes, format_version \(footer.formatVersion), "
          + "checksum \(footer.checksum.name)")
      return try stream.line(LayoutRow.titles)
    }
    stream.json.beginObject()
    stream.json.field("record", "table")
    stream.json.field("schema", 1)
    stream.json.field("file", EscapedText.printable(target.name))
    stream.json.field("size", table.size)
    stream.json.field("format_version", UInt64(footer.formatVersion))
    stream.json.field("checksum", footer.checksum.name)
    stream.json.endObject()
    try stream.endLine()
  }

  private func data(_ reader: TableReader, _ file: String, _ stream: inout DumpStream) throws(DatabaseError) {
    let decompressor = Decompressor()
    var cursor = IndexCursor(reader)
    var isStarted = false
    while true {
      do throws(DatabaseError) {
        if isStarted { try cursor.next() } else { try cursor.seekToFirst() }
        isStarted = true
      } catch {
        isStarted = true
        guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        // The index block itself is listed with its damage below; what its entries hold is not.
        try stream.report(
          Finding(.blockDecode, file: file, offset: error.offset, block: .index, detail: error.detail))
        continue
      }
      guard cursor.isValid else { return }
      let block = try BlockExamination(
        reader.file, cursor.handle, .data, file: file, dictionary: reader.dictionary, decompressor: decompressor)
      let separator = cursor.separator
      let hasTrailer = !reader.indexFormat.keysAreUserKeys && separator.count >= 8
      try row(block, separator: hasTrailer ? separator.internalKeyUserKey : separator, file, &stream)
    }
  }

  private func metaBlocks(
    _ metaIndex: MetaIndex, _ table: TableFile, _ file: String, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    var blocks = metaIndex.entries.map { ($0.handle, metaIndex.kind(of: $0)) }
    if let index = table.footer.index { blocks.append((index, .index)) }
    blocks.append((table.footer.metaindex, .metaindex))
    let partitions = TablePartitions(table, metaIndex)
    blocks += partitions.all
    blocks.sort { $0.0.offset < $1.0.offset }
    for (handle, kind) in blocks { try examine(handle, kind, table, file, &stream) }
  }

  private func examine(
    _ handle: BlockHandle, _ kind: BlockKind, _ table: TableFile, _ file: String, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    let block = try BlockExamination(table, handle, kind, file: file, decompressor: Decompressor())
    try row(block, separator: nil, file, &stream)
  }

  private func row(
    _ block: BlockExamination, separator: UnsafeRawBufferPointer?, _ file: String, _ stream: inout DumpStream
  ) throws(DatabaseError) {
    stream.report.entries += 1
    if style.isJSON {
      LayoutRow.json(block, separator: separator, file: file, style, into: &stream.json)
      try stream.endLine()
    } else {
      let key = separator.map { "  up to " + stream.key($0) } ?? ""
      try stream.line(LayoutRow.text(block) + key)
    }
    if let finding = block.finding { try stream.report(finding) }
  }

  private func footer(_ table: TableFile, _ file: String, _ stream: inout DumpStream) throws(DatabaseError) {
    let size = UInt64(table.footer.size)
    if style.isJSON {
      stream.json.beginObject()
      stream.json.field("record", "block")
      stream.json.field("file", EscapedText.printable(file))
      stream.json.field("kind", "footer")
      stream.json.field("offset", table.footer.offset)
      stream.json.field("stored", size)
      stream.json.field("ok", true)
      stream.json.endObject()
      return try stream.endLine()
    }
    try stream.line(LayoutRow.line(offset: table.footer.offset, stored: size, kind: "footer"))
  }
}
