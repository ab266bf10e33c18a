/// Reads the text of a `RowExpression`.
struct ExpressionParser {
  private let text: [UInt8]
  private var position = 0

  init(_ text: String) { self.text = Array(text.utf8) }

  mutating func parts() throws(ExpressionError) -> [(part: RowExpression.Part, offset: Int)] {
    var parts: [(part: RowExpression.Part, offset: Int)] = []
    repeat {
      skipBlanks()
      let offset = position
      parts.append((try part(), offset))
      skipBlanks()
    } while take(0x2C)
    guard position == text.count else { throw ExpressionError("a comma expected", at: position) }
    return parts
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipBlanks() {
    while next == 0x20 || next == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func part() throws(ExpressionError) -> RowExpression.Part {
    if next == 0x27 { return .literal(try enclosed(in: 0x27, "a literal")) }
    let start = position
    let isName = next != 0x22 && next != 0x23
    let column = try column()
    skipBlanks()
    guard next == 0x28 else { return .function(.text, [(column, start)]) }
    guard isName, case .named(let name) = column, let function = RowExpression.Function(rawValue: name) else {
      let known = RowExpression.Function.allCases.map(\.rawValue).joined(separator: ", ")
      throw ExpressionError("unknown function; there are \(known)", at: start)
    }
    position += 1
    return try arguments(of: function)
  }

  private mutating func arguments(of function: RowExpression.Function) throws(ExpressionError) -> RowExpression.Part {
    let takesMany = function == .json || function == .csv
    skipBlanks()
    let first = position
    if take(0x2A) {
      guard takesMany else { throw ExpressionError("* is for json(*) and csv(*)", at: first) }
      try close()
      return .all(function)
    }
    var columns: [(column: RowExpression.Column, offset: Int)] = []
    repeat {
      skipBlanks()
      let offset = position
      columns.append((try column(), offset))
      skipBlanks()
      guard takesMany || columns.count == 1 else {
        throw ExpressionError("\(function.rawValue) takes one column", at: offset)
      }
    } while take(0x2C)
    try close()
    return .function(function, columns)
  }

  private mutating func close() throws(ExpressionError) {
    skipBlanks()
    guard take(0x29) else { throw ExpressionError("a closing parenthesis expected", at: position) }
  }

  private mutating func column() throws(ExpressionError) -> RowExpression.Column {
    let start = position
    if next == 0x22 { return .named(String(decoding: try enclosed(in: 0x22, "a column name"), as: UTF8.self)) }
    if take(0x23) {
      var number = 0
      while let digit = next.map({ $0 &- 0x30 }), digit < 10, number < 1_000_000 {
        number = number * 10 + Int(digit)
        position += 1
      }
      guard number >= 1 else { throw ExpressionError("a column number, #1 or larger, expected", at: start) }
      guard number <= 1_000_000 else { throw ExpressionError("the column number is too large", at: start) }
      return .numbered(number - 1)
    }
    while let byte = next, !isReserved(byte) { position += 1 }
    while position > start, text[position - 1] == 0x20 || text[position - 1] == 0x09 { position -= 1 }
    guard position > start else { throw ExpressionError("a column or a function expected", at: start) }
    return .named(String(decoding: text[start..<position], as: UTF8.self))
  }

  /// , ( ) ' " # *
  private func isReserved(_ byte: UInt8) -> Bool {
    byte == 0x2C || byte == 0x28 || byte == 0x29 || byte == 0x27 || byte == 0x22 || byte == 0x23 || byte == 0x2A
  }

  /// The content between two `mark`s, which are doubled inside.
  private mutating func enclosed(in mark: UInt8, _ what: String) throws(ExpressionError) -> [UInt8] {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      position += 1
      if byte == mark, !take(mark) { return content }
      content.append(byte)
    }
    throw ExpressionError("\(what) that is never closed", at: start)
  }
}
