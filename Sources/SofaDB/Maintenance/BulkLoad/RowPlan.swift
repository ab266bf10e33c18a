/// How rows of the input become entries: the expressions compiled for the columns that the input has. One for all
/// threads.
final class RowPlan: Sendable {
  enum Shape: Sendable {
    case delimited(Dialect)
    /// NDJSON, with the names of the members that are needed.
    case objects([String])
  }

  let shape: Shape
  let key: RowProgram
  let value: RowProgram
  /// The column that says put or delete.
  let operation: Int?
  /// Fields that each row must have; nil when rows may differ.
  let fieldCount: Int?
  /// The largest column that is read.
  let lastColumn: Int
  private let titles: [String]

  init(
    shape: Shape, key: RowProgram, value: RowProgram, operation: Int?, fieldCount: Int?, columns: RowColumns
  ) {
    self.shape = shape
    self.key = key
    self.value = value
    self.operation = operation
    self.fieldCount = fieldCount
    lastColumn = max(key.lastColumn, value.lastColumn, operation ?? -1)
    titles = (0..<max(columns.names.count, columns.count ?? 0)).map { columns.title(of: $0) }
  }

  /// A fault in words that follow the line number.
  func describe(_ fault: RowFault) -> String {
    if let found = fault.fieldCount {
      return "the row has \(found) fields and not \(fieldCount.map { "\($0)" } ?? "\(lastColumn + 1) or more")"
    }
    guard let column = fault.column else { return "\(fault.reason)" }
    let title = column < titles.count ? titles[column] : "#\(column + 1)"
    return "column \(title): \(fault.reason)"
  }
}
