/// An expression compiled for one set of columns: a flat list of steps that append bytes. Immutable; one for all
/// threads.
final class RowProgram: @unchecked Sendable {
  enum Code {
    case literal
    case text, hex, base64, u64be, u32be, i64be, f64be, time, uuid, text0, raw
    /// `{`, a member with the name in the literal, `}`.
    case jsonOpen, jsonMember, jsonClose
    /// One field as CSV; fields `column...last` as they stand; all fields as CSV.
    case csvField, csvRun, csvAll
    /// The JSON object of the row as it stands.
    case wholeObject
  }

  struct Step {
    var code: Code
    var column = 0
    var last = 0
    /// Range of `literals`.
    var literal = 0
    var literalCount = 0
  }

  private let steps: UnsafeMutableBufferPointer<Step>
  private let literals: UnsafeMutableRawBufferPointer
  /// The largest column that is read; -1 when none is.
  let lastColumn: Int
  /// Set when the program is only the raw text of neighbouring fields, or the text of one: the fast path of many loads.
  let only: Step?

  fileprivate init(steps list: [Step], literals bytes: [UInt8]) {
    steps = .allocate(capacity: list.count)
    _ = steps.initialize(from: list)
    literals = .allocate(byteCount: max(1, bytes.count), alignment: 1)
    literals.copyBytes(from: bytes)
    lastColumn = list.map { max($0.column, $0.last) }.max() ?? -1
    only = list.count == 1 ? list[0] : nil
  }

  deinit {
    steps.deallocate()
    literals.deallocate()
  }

  /// Appends what the row's columns give. After a fault `output` holds a part of it.
  @inline(__always)
  func append(_ row: borrowing RowView, to output: inout ByteWriter, scratch: inout ByteWriter) throws(RowFault) {
    if let only {
      if only.code == .csvRun { return appendRun(row, only, to: &output) }
      if only.code == .text { return try row.field(only.column).appendText(to: &output, column: only.column) }
    }
    try appendAll(row, to: &output, scratch: &scratch)
  }

  @inline(__always)
  private func appendRun(_ row: borrowing RowView, _ step: Step, to output: inout ByteWriter) {
    let lower = row.lowerBound(step.column)
    let count = row.upperBound(step.last) - lower
    output.append(UnsafeRawBufferPointer(start: row.text + lower, count: count))
  }

  private func appendAll(
    _ row: borrowing RowView, to output: inout ByteWriter, scratch: inout ByteWriter
  ) throws(RowFault) {
    for step in steps {
      switch step.code {
      case .literal: output.append(literal(step))
      case .text: try row.field(step.column).appendText(to: &output, column: step.column)
      case .csvRun: appendRun(row, step, to: &output)
      case .raw: appendRaw(row, step, to: &output)
      case .jsonOpen: output.append(0x7B)
      case .jsonClose: output.append(0x7D)
      case .jsonMember: try appendMember(row, step, to: &output, scratch: &scratch)
      case .csvField: try appendCSV(row, step.column, to: &output, scratch: &scratch)
      case .csvAll:
        for column in 0..<row.fieldCount {
          if column > 0 { output.append(0x2C) }
          try appendCSV(row, column, to: &output, scratch: &scratch)
        }
      case .wholeObject: try JSONField.appendVerbatim(row.bytes, column: nil, to: &output)
      default: try appendValue(row, step, to: &output, scratch: &scratch)
      }
    }
  }

  @inline(__always)
  private func literal(_ step: Step) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: literals[step.literal..<(step.literal + step.literalCount)])
  }

  private func appendRaw(_ row: borrowing RowView, _ step: Step, to output: inout ByteWriter) {
    output.append(row.members == nil ? row.raw(step.column) : row.field(step.column).bytes)
  }

  /// The steps that turn a field's text into other bytes.
  private func appendValue(
    _ row: borrowing RowView, _ step: Step, to output: inout ByteWriter, scratch: inout ByteWriter
  ) throws(RowFault) {
    let field = row.field(step.column)
    var text = field.bytes
    if !field.isVerbatim {
      scratch.removeAll()
      try field.appendText(to: &scratch, column: step.column)
      text = scratch.bytes
    }
    do throws(FormatError) {
      try ValueEncoding.append(text, as: step.code, to: &output)
    } catch {
      throw RowFault(error.reason, column: step.column)
    }
  }

  private func appendMember(
    _ row: borrowing RowView, _ step: Step, to output: inout ByteWriter, scratch: inout ByteWriter
  ) throws(RowFault) {
    let field = row.field(step.column)
    if field.form == .missing { return }
    if output.bytes[output.count - 1] != 0x7B { output.append(0x2C) }
    output.append(literal(step))
    try JSONField.append(field, column: step.column, to: &output, scratch: &scratch)
  }

  private func appendCSV(
    _ row: borrowing RowView, _ column: Int, to output: inout ByteWriter, scratch: inout ByteWriter
  ) throws(RowFault) {
    let field = row.field(column)
    if field.isVerbatim { return CSVField.append(field.bytes, to: &output) }
    scratch.removeAll()
    try field.appendText(to: &scratch, column: column)
    CSVField.append(scratch.bytes, to: &output)
  }
}

extension RowProgram {
  /// Collects steps and literals.
  private struct Assembly {
    var steps: [Step] = []
    var literals: [UInt8] = []

    mutating func add(_ code: Code, column: Int = 0, last: Int? = nil, literal: [UInt8] = []) {
      steps.append(
        Step(
          code: code, column: column, last: last ?? column, literal: literals.count, literalCount: literal.count))
      literals += literal
    }
  }

  /// Looks every column up; the first one that is not there is the error.
  static func compile(
    _ expression: RowExpression, _ columns: inout RowColumns
  ) throws(ExpressionError) -> RowProgram {
    var assembly = Assembly()
    for (part, offset) in expression.parts {
      switch part {
      case .literal(let bytes): assembly.add(.literal, literal: bytes)
      case .all(.json): try addWholeObject(&assembly, columns, at: offset)
      case .all: try addWholeRow(&assembly, columns, at: offset)
      case .function(.json, let list):
        assembly.add(.jsonOpen)
        for (column, offset) in list {
          let place = try columns.place(of: column, at: offset)
          assembly.add(.jsonMember, column: place, literal: memberName(columns, place))
        }
        assembly.add(.jsonClose)
      case .function(.csv, let list): try addCSV(list, &assembly, &columns)
      case .function(let function, let list):
        for (column, offset) in list {
          assembly.add(code(of: function), column: try columns.place(of: column, at: offset))
        }
      }
    }
    return RowProgram(steps: assembly.steps, literals: assembly.literals)
  }

  private static func code(of function: RowExpression.Function) -> Code {
    switch function {
    case .text: .text
    case .hex: .hex
    case .base64: .base64
    case .u64be: .u64be
    case .u32be: .u32be
    case .i64be: .i64be
    case .f64be: .f64be
    case .time: .time
    case .uuid: .uuid
    case .text0: .text0
    case .raw: .raw
    case .json: .wholeObject
    case .csv: .csvAll
    }
  }

  /// `"name":`
  private static func memberName(_ columns: RowColumns, _ place: Int) -> [UInt8] {
    var output = ByteWriter()
    let name = columns.kind == .numbered ? "#\(place + 1)" : columns.names[place]
    JSONField.appendString([UInt8](name.utf8), to: &output)
    output.append(0x3A)
    return output.array
  }

  private static func addWholeObject(
    _ assembly: inout Assembly, _ columns: RowColumns, at offset: Int
  ) throws(ExpressionError) {
    switch columns.kind {
    case .members: assembly.add(.wholeObject)
    case .numbered: throw ExpressionError("json(*) needs a header; name the columns: json(#1,#2)", at: offset)
    case .header:
      assembly.add(.jsonOpen)
      for place in columns.names.indices {
        if columns.names[..<place].contains(columns.names[place]) {
          throw ExpressionError("json(*) needs different column names; several have the same", at: offset)
        }
        assembly.add(.jsonMember, column: place, literal: memberName(columns, place))
      }
      assembly.add(.jsonClose)
    }
  }

  private static func addWholeRow(
    _ assembly: inout Assembly, _ columns: RowColumns, at offset: Int
  ) throws(ExpressionError) {
    guard columns.kind != .members else {
      throw ExpressionError("objects have no fixed columns; name them: csv(a,b)", at: offset)
    }
    if columns.isPlainCSV, let count = columns.count, count > 0 {
      assembly.add(.csvRun, column: 0, last: count - 1)
    } else {
      assembly.add(.csvAll)
    }
  }

  /// Neighbouring columns of CSV are copied with the delimiters between them.
  private static func addCSV(
    _ list: [(column: RowExpression.Column, offset: Int)], _ assembly: inout Assembly, _ columns: inout RowColumns
  ) throws(ExpressionError) {
    let first = assembly.steps.count
    for (column, offset) in list {
      let place = try columns.place(of: column, at: offset)
      let before = assembly.steps.indices.last ?? 0
      if assembly.steps.count > first, assembly.steps[before].code == .csvRun, assembly.steps[before].last == place - 1
      {
        assembly.steps[before].last = place
        continue
      }
      if assembly.steps.count > first { assembly.add(.literal, literal: [0x2C]) }
      assembly.add(columns.isPlainCSV ? .csvRun : .csvField, column: place)
    }
  }
}
