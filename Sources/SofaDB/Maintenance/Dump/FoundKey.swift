/// One place where a key lives, or where the MANIFEST speaks of a table that may hold it.
struct FoundKey {
  /// What the place counts for.
  enum State: String {
    /// Part of the database's state.
    case live
    /// A log whose content is in tables already.
    case flushed
    /// A table that the MANIFEST does not list.
    case orphan
    /// What a reader gets.
    case visible
    /// The history of a table whose bounds hold the key.
    case history
  }

  var family: String
  var file: String?
  var level: Int?
  var offset: UInt64?
  var state: State
  var sequence: SequenceNumber?
  /// An `op` of dumps, or added, removed, nothing.
  var operation: String
  /// Value, operand, or end of a range deletion.
  var value: [UInt8]?
  /// Begin of a range deletion that covers the key.
  var begin: [UInt8]?
  /// The table that a MANIFEST record speaks of.
  var table: String?

  /// `family TAB file TAB level TAB state TAB sequence TAB op TAB value`, `-` for what does not apply.
  func text(_ style: DumpStyle) -> String {
    var cells = [
      EscapedText.printable(family), file.map(EscapedText.printable) ?? "-", level.map { "\($0)" } ?? "-",
      state.rawValue, sequence.map { "\($0)" } ?? "-", operation,
    ]
    if let begin, let value {
      cells.append("\(style.keyFormat.shown(begin)) .. \(style.keyFormat.shown(value))")
    } else if let table {
      cells.append(EscapedText.printable(table))
    } else if let value {
      cells.append(style.valueFormat.shown(value))
    }
    return cells.joined(separator: "\t")
  }

  func encode(_ style: DumpStyle, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "found")
    json.field("schema", 1)
    json.field("cf", EscapedText.printable(family))
    if let file { json.field("file", EscapedText.printable(file)) }
    if let level { json.field("level", level) }
    if let offset { json.field("offset", offset) }
    json.field("state", state.rawValue)
    if let sequence { json.field("seq", sequence) }
    json.field("op", operation)
    if let begin, let value {
      json.field("key", begin, as: style.keyFormat)
      json.field("end", value, as: style.keyFormat)
    } else if let value {
      json.field("value", value, as: style.valueFormat)
    }
    if let table { json.field("table", EscapedText.printable(table)) }
    json.endObject()
  }
}
