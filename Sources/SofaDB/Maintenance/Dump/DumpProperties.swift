/// Prints the properties of tables: every one that a table has, known or not, in the order of their names, and what
/// footer and metaindex add. Numbers are decoded; bytes are printed in the value format.
public struct DumpProperties {
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
    let metaIndex = try table.readMetaIndex()
    let properties = try table.readProperties(metaIndex) ?? TableProperties()
    stream.report.findings.bytesInScope += table.size
    stream.report.findings.bytes += table.size
    stream.report.entries += UInt64(properties.all.count)
    if style.isJSON {
      json(target, table, properties, &stream)
      return try stream.endLine()
    }
    try stream.line("\(EscapedText.printable(target.name)): \(table.size) bytes")
    for (name, value) in general(table, metaIndex) { try stream.line("  \(name): \(value)") }
    for property in properties.all {
      try stream.line("  \(name(property)): \(text(property, properties))")
    }
  }

  private func general(_ table: TableFile, _ metaIndex: MetaIndex) -> [(String, String)] {
    let footer = table.footer
    var lines = [("format_version", "\(footer.formatVersion)"), ("checksum", footer.checksum.name)]
    for entry in metaIndex.entries {
      let name = entry.name.withUnsafeBytes { TextFormat.escaped.text($0) }
      lines.append(("meta block \(name)", "offset \(entry.handle.offset), \(entry.handle.size) bytes"))
    }
    return lines
  }

  private func name(_ property: TableProperties.Property) -> String { TextFormat.escaped.text(property.name) }

  /// Times get their date beside the number.
  private func text(_ property: TableProperties.Property, _ properties: TableProperties) -> String {
    guard let known = known(property), let number = properties.number(known) else {
      return property.value.withUnsafeBytes { style.valueFormat.shown($0) }
    }
    switch known {
    case .creationTime, .fileCreationTime, .oldestKeyTime, .newestKeyTime:
      return number == 0 ? "0" : "\(number) (\(UTCTime.text(number)))"
    default: return "\(number)"
    }
  }

  private func known(_ property: TableProperties.Property) -> PropertyName? {
    PropertyName(rawValue: String(decoding: property.name, as: UTF8.self))
  }

  private func json(
    _ target: FileTarget, _ table: TableFile, _ properties: TableProperties, _ stream: inout DumpStream
  ) {
    stream.json.beginObject()
    stream.json.field("record", "properties")
    stream.json.field("schema", 1)
    stream.json.field("file", EscapedText.printable(target.name))
    stream.json.field("size", table.size)
    stream.json.field("format_version", UInt64(table.footer.formatVersion))
    stream.json.field("checksum", table.footer.checksum.name)
    stream.json.key("properties")
    stream.json.beginObject()
    for property in properties.all {
      if let known = known(property), let number = properties.number(known) {
        stream.json.field(name(property), number)
      } else {
        stream.json.field(name(property), property.value, as: style.valueFormat)
      }
    }
    stream.json.endObject()
    stream.json.endObject()
  }
}
