/// What stands before and behind the entries of a dump: rows of titles, header and trailer of NDJSON, the count.
struct DumpFrame {
  struct Family {
    var id: UInt32
    var name: String
    var comparator: String
    var mergeOperator: String?
  }

  let source: String
  let style: EntryStyle
  let selection: DumpEntries.Selection
  let families: [Family]

  func open(_ output: any DumpOutput) throws(DatabaseError) {
    guard !selection.countOnly else { return }
    var json = JSONWriter()
    if style.form == .ndjson {
      header(&json)
    } else {
      json.output.append(utf8: style.csvHeader(versions: selection.versions))
    }
    if json.output.count > 0 { try output.write(json.output.bytes) }
  }

  private func header(_ json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "header")
    json.field("schema", 1)
    json.field("source", EscapedText.printable(source))
    json.field("key_format", style.keyFormat.rawValue)
    json.field("value_format", style.valueFormat.rawValue)
    json.field("versions", selection.versions)
    json.field("keys_only", style.keysOnly)
    if let from = selection.range.from { json.field("from", from, as: style.keyFormat) }
    if let to = selection.range.to { json.field("to", to, as: style.keyFormat) }
    if let prefix = selection.range.prefix { json.field("prefix", prefix, as: style.keyFormat) }
    if let limit = selection.limit { json.field("limit", limit) }
    json.key("families")
    json.beginArray()
    for family in families {
      json.beginObject()
      json.field("id", UInt64(family.id))
      json.field("name", EscapedText.printable(family.name))
      json.field("comparator", EscapedText.printable(family.comparator))
      if let name = family.mergeOperator { json.field("merge_operator", EscapedText.printable(name)) }
      json.endObject()
    }
    json.endArray()
    json.endObject()
    json.newline()
  }

  func close(_ report: DumpReport, _ output: any DumpOutput) throws(DatabaseError) {
    var json = JSONWriter()
    if selection.countOnly {
      DecimalText.append(report.entries, to: &json.output)
      json.newline()
    } else if style.form == .ndjson {
      json.beginObject()
      json.field("record", "trailer")
      json.field("entries", report.entries)
      json.key("digest")
      json.beginObject()
      json.field("algorithm", ContentDigest.algorithm)
      json.field("value", (report.digest ?? ContentDigest()).hex)
      json.endObject()
      json.field("complete", report.isComplete)
      json.endObject()
      json.newline()
    }
    if json.output.count > 0 { try output.write(json.output.bytes) }
  }
}
