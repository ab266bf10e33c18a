/// Why a row cannot be loaded. Thrown once for each bad row, so it holds no string.
struct RowFault: Error {
  /// The sentence after "line N: " or, with a column, after "line N, column NAME: ".
  var reason: StaticString
  /// From 0; nil when the row as a whole is at fault.
  var column: Int?
  /// Fields found, for rows with too few or too many.
  var fieldCount: Int?
  /// Whether more text might heal the row.
  var isUnclosedQuote = false

  init(_ reason: StaticString, column: Int? = nil, fieldCount: Int? = nil, isUnclosedQuote: Bool = false) {
    self.reason = reason
    self.column = column
    self.fieldCount = fieldCount
    self.isUnclosedQuote = isUnclosedQuote
  }

  static let strayQuote = RowFault("a quote inside a field that is not quoted")
  static let unclosedQuote = RowFault("a quote is never closed", isUnclosedQuote: true)
}
