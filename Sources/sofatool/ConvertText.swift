import CommandKit
import SofaDB

/// The report of a conversion as lines for people or as NDJSON.
struct ConvertText {
  private let report: ConvertReport
  private let target: TranscodeTarget
  private let status: ExitStatus

  init(_ report: ConvertReport, target: TranscodeTarget, status: ExitStatus) {
    self.report = report
    self.target = target
    self.status = status
  }

  func write(to console: Console, asJSON: Bool, isQuiet: Bool) throws {
    if asJSON {
      var json = JSONWriter()
      for table in report.tables { encode(table, into: &json) }
      encodeSummary(into: &json)
      try console.output.write(json.output.bytes)
    } else if !isQuiet {
      try console.output.write(text)
    }
  }

  // MARK: Text

  private var text: String {
    let isPlan = report.count(.planned) + report.count(.refused) > 0
    var text = isPlan ? table : ""
    if report.tables.isEmpty { return "there is no table\n" }
    var parts: [String] = []
    for (action, words) in [
      (ConvertReport.Action.converted, "converted to \(target.text)"), (.planned, "to be converted to \(target.text)"),
      (.unchanged, "left as they are"), (.refused, "that cannot be converted"),
    ] where report.count(action) > 0 {
      parts.append("\(Quantity.grouped(report.count(action))) \(words)")
    }
    text += "\(Quantity.grouped(report.tables.count)) tables: \(parts.joined(separator: ", "))\n"
    if report.count(.converted) > 0 {
      text += "\(Quantity.bytes(report.sizeBefore)) before, \(Quantity.bytes(report.sizeAfter)) now "
      text += "(\(Quantity.percent(Double(report.sizeAfter), of: Double(report.sizeBefore))))"
      text += ", in \(Quantity.seconds(report.seconds)); the contents were read back and are the same\n"
    }
    if report.count(.planned) > 0 {
      text += "the new tables take up to about \(Quantity.bytes(report.spaceNeeded)) beside the old ones, all at once"
      if let free = report.spaceFree { text += "; \(Quantity.bytes(free)) are free" }
      text += "\n"
    }
    if let change = report.change { text += "the old tables are kept: sofatool undo DIR \(change)\n" }
    return text
  }

  private var table: String {
    var table = TextTable([.left("table"), .right("level"), .right("size"), .left("codec"), .left("plan")])
    for one in report.tables {
      let plan =
        switch one.action {
        case .planned, .converted: "convert"
        case .unchanged: "keep"
        case .refused: "refuse: \(one.detail ?? "")"
        }
      table.add([
        EscapedText.printable(one.name), one.level.map { String($0) } ?? "-", Quantity.bytes(one.sizeBefore),
        EscapedText.printable(one.codec ?? "-"), EscapedText.printable(plan),
      ])
    }
    return table.text() + "\n"
  }

  // MARK: JSON

  private func encode(_ table: ConvertReport.Table, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "table")
    json.field("schema", 1)
    json.field("file", table.name)
    if let name = table.newName { json.field("new_file", name) }
    if let family = table.family { json.field("cf", EscapedText.printable(family)) }
    if let level = table.level { json.field("level", level) }
    json.field("action", table.action.rawValue)
    if let codec = table.codec { json.field("codec", codec) }
    json.field("bytes_before", table.sizeBefore)
    json.field("bytes_after", table.sizeAfter)
    if let digest = table.digest { json.field("content_digest", digest) }
    if let detail = table.detail { json.field("detail", detail) }
    json.endObject()
    json.newline()
  }

  private func encodeSummary(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("to", target.text)
    json.field("tables", report.tables.count)
    for action in [ConvertReport.Action.converted, .planned, .unchanged, .refused] {
      json.field(action.rawValue, report.count(action))
    }
    json.field("bytes_before", report.sizeBefore)
    json.field("bytes_after", report.sizeAfter)
    if report.count(.planned) > 0 { json.field("temporary_bytes", report.spaceNeeded) }
    if let free = report.spaceFree { json.field("free_bytes", free) }
    if let change = report.change { json.field("change", change) }
    json.field("seconds", report.seconds)
    json.field("exit_status", Int(status.code))
    json.endObject()
    json.newline()
  }
}
