/// What dumped entries look like.
///
///     text     key TAB value NEWLINE
///     csv      RFC 4180 with a header row
///     ndjson   one object a line, see `EntryWriter`
///     raw      u32le length of the key, key, u32le length of the value, value: no separators, nothing escaped
///
/// A first column holds the family where several families are printed; raw is for one family. With `keysOnly` the
/// value is left out of every form. Hexadecimal cells of text and csv begin with 0x, so that they can be given back as
/// KEY arguments and no spreadsheet takes them for numbers.
public struct EntryStyle: Sendable {
  public enum Form: String, CaseIterable, Sendable { case text, csv, ndjson, raw }

  public var form = Form.text
  public var keyFormat = TextFormat.escaped
  public var valueFormat = TextFormat.escaped
  public var keysOnly = false
  /// Text cells in csv: for eyes and spreadsheets, not to be read back, because cells that a spreadsheet would compute
  /// get an apostrophe in front. Without it, csv shows escaped formats as hexadecimal.
  public var csvText = false
  /// Whether a column names the family.
  public var showsFamily = false

  public init() {}

  /// The format that cells really have.
  func cell(_ format: TextFormat) -> TextFormat {
    form == .csv && !csvText && (format == .escaped || format == .base64) ? .hex : format
  }

  /// The rows that stand before the first entry in csv; empty in other forms. `versions`: of every version of a key,
  /// not of visible entries.
  func csvHeader(versions: Bool) -> String {
    guard form == .csv else { return "" }
    let note = "# for reading only: some cells have an apostrophe in front and cannot be loaded again\r\n"
    var names = showsFamily ? ["cf", "key"] : ["key"]
    if versions { names += ["seq", "op"] }
    if !keysOnly { names.append("value") }
    if versions { names += ["file", "level"] }
    return (csvText ? note : "") + names.joined(separator: ",") + "\r\n"
  }
}
