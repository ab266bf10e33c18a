/// The columns that expressions may name: those of a header, those of a table without one, or the members of JSON
/// objects, which are not known before they are met and get places as expressions name them.
struct RowColumns {
  enum Kind { case header, numbered, members }

  let kind: Kind
  /// In order; for members, those named so far.
  private(set) var names: [String]
  /// Columns of a row when that is known.
  let count: Int?
  /// Whether a field's own text is what `csv(...)` would make of it.
  let isPlainCSV: Bool

  init(header: [String], isPlainCSV: Bool) {
    kind = .header
    names = header
    count = header.count
    self.isPlainCSV = isPlainCSV
  }

  init(count: Int?, isPlainCSV: Bool) {
    kind = .numbered
    names = []
    self.count = count
    self.isPlainCSV = isPlainCSV
  }

  static func members() -> RowColumns { RowColumns() }

  private init() {
    kind = .members
    names = []
    count = nil
    isPlainCSV = false
  }

  /// The place of a column in rows.
  mutating func place(of column: RowExpression.Column, at offset: Int) throws(ExpressionError) -> Int {
    switch column {
    case .numbered(let index):
      guard kind != .members else { throw ExpressionError("members of objects have no numbers", at: offset) }
      if let count, index >= count { throw ExpressionError("the input has \(count) columns", at: offset) }
      return index
    case .named(let name):
      if kind == .numbered {
        throw ExpressionError("without a header columns are called #1, #2, ...", at: offset)
      }
      if let place = names.firstIndex(of: name) {
        if kind == .header, names[(place + 1)...].contains(name) {
          throw ExpressionError("several columns have this name; use their numbers, #1, #2, ...", at: offset)
        }
        return place
      }
      guard kind == .members else { throw unknown(name, at: offset) }
      names.append(name)
      return names.count - 1
    }
  }

  private func unknown(_ name: String, at offset: Int) -> ExpressionError {
    let known = names.prefix(20).joined(separator: ", ")
    let more = names.count > 20 ? ", ..." : ""
    return ExpressionError("no column '\(name)'; there are \(known)\(more)", at: offset)
  }

  /// What messages call the column at `place`.
  func title(of place: Int) -> String {
    kind == .numbered || place >= names.count ? "#\(place + 1)" : EscapedText.printable(names[place])
  }
}
