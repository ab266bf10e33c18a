/// Compiles the expressions of a load for the columns of its input.
struct RowPlanner {
  private let options: LoadOptions
  private let format: LoadFormat

  init(_ load: BulkLoad) {
    options = load.options
    format = load.format
  }

  /// `firstRow`: the first row of delimited text, nil when there is none that can be read.
  func plan(firstRow: [UInt8]?) throws(DatabaseError) -> RowPlan {
    guard let keyExpression = options.key else { throw DatabaseError(.invalid, "a key expression is needed") }
    var columns = try self.columns(firstRow)
    let defaultValue = columns.kind == .numbered ? "csv(*)" : "json(*)"
    let key = try compile("key", keyExpression, &columns)
    let valueExpression = if let value = options.value { value } else { try parse(defaultValue) }
    let value = try compile("value", valueExpression, &columns)
    var operation: Int?
    if let expression = options.operationColumn {
      let program = try compile("operation column", expression, &columns)
      guard let only = program.only, only.code == .text else {
        throw DatabaseError(.invalid, "the operation column is the name or number of one column")
      }
      operation = only.column
    }
    let shape: RowPlan.Shape =
      if case .delimited(let dialect) = format { .delimited(dialect) } else { .objects(columns.names) }
    return RowPlan(
      shape: shape, key: key, value: value, operation: operation, fieldCount: columns.count, columns: columns)
  }

  private func parse(_ text: String) throws(DatabaseError) -> RowExpression {
    do throws(ExpressionError) {
      return try RowExpression(text)
    } catch {
      throw DatabaseError(.invalid, error.description)
    }
  }

  private func compile(
    _ what: String, _ expression: RowExpression, _ columns: inout RowColumns
  ) throws(DatabaseError) -> RowProgram {
    do throws(ExpressionError) {
      return try RowProgram.compile(expression, &columns)
    } catch {
      throw DatabaseError(.invalid, "\(what) '\(expression.text)': \(error)")
    }
  }

  private func columns(_ firstRow: [UInt8]?) throws(DatabaseError) -> RowColumns {
    guard case .delimited(let dialect) = format else { return .members() }
    try dialect.validate()
    guard let firstRow else {
      guard !dialect.hasHeader else { throw DatabaseError(.corruption, "the input is empty: there is no header row") }
      return RowColumns(count: nil, isPlainCSV: dialect.isPlainCSV)
    }
    let fields = try fields(of: firstRow, dialect)
    return dialect.hasHeader
      ? RowColumns(header: fields, isPlainCSV: dialect.isPlainCSV)
      : RowColumns(count: fields.count, isPlainCSV: dialect.isPlainCSV)
  }

  private func fields(of row: [UInt8], _ dialect: Dialect) throws(DatabaseError) -> [String] {
    var rows = DelimitedRows(dialect: dialect)
    let line = ByteBuffer(row + [0x0A])
    rows.begin(line.bytes, isMalformed: true)
    var view = rows.makeView()
    var fields: [String] = []
    do throws(RowFault) {
      _ = try rows.next(&view)
      for index in 0..<view.fieldCount {
        var text = ByteWriter()
        try view.field(index).appendText(to: &text, column: index)
        fields.append(String(decoding: text.bytes, as: UTF8.self))
      }
    } catch {
      throw DatabaseError(.corruption, "line 1: \(error.reason)")
    }
    withExtendedLifetime(line) {}
    return fields
  }
}
