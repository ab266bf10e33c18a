/// How delimited text is written: RFC 4180 with a delimiter and a quote of one byte each.
///
/// Rows end with LF or CRLF. A field that starts with the quote ends with it; inside, two quotes stand for one, and
/// delimiters and newlines are text. A quote anywhere else is an error, because half of the programs that write such
/// files and half of those that read them disagree on what it means; `quote: nil` makes quotes ordinary bytes.
public struct Dialect: Sendable, Equatable {
  public var delimiter: UInt8
  public var quote: UInt8?
  /// Whether the first row of each input names the columns.
  public var hasHeader: Bool

  public init(delimiter: UInt8 = 0x2C, quote: UInt8? = 0x22, hasHeader: Bool = true) {
    self.delimiter = delimiter
    self.quote = quote
    self.hasHeader = hasHeader
  }

  public static let csv = Dialect()
  public static let tsv = Dialect(delimiter: 0x09)

  /// What the scanners in C take for no quote.
  var quoteCode: Int32 { quote.map { Int32($0) } ?? -1 }

  /// Whether a field's own text is what `csv(...)` would make of it.
  var isPlainCSV: Bool { delimiter == 0x2C && quote == 0x22 }

  func validate() throws(DatabaseError) {
    let forbidden: [UInt8] = [0x0A, 0x0D]
    guard !forbidden.contains(delimiter), quote.map(forbidden.contains) != true, quote != delimiter else {
      throw DatabaseError(.invalid, "delimiter and quote must differ, and neither may be a line break")
    }
  }
}
