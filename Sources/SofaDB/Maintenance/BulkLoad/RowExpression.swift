/// How a key or a value is made of the columns of a row: parts, separated by commas, whose bytes are joined.
///
///     expression = part { "," part }
///     part       = 'literal' | column | function "(" arguments ")"
///     arguments  = "*" | column { "," column }
///     column     = name | "quoted name" | "#" number from 1
///
/// In a literal two apostrophes stand for one, in a quoted name two quotes for one. A bare column is `text(column)`.
/// Byte order of the results is the order of the values for `text`, `text0`, `u64be`, `u32be`, `i64be`, `f64be`, `time`
/// and `uuid`; in composite keys every text but the last part should be `text0`, so that a short text sorts before the
/// longer ones that it starts.
public struct RowExpression: Sendable {
  /// What is made of a column.
  enum Function: String, CaseIterable, Sendable {
    case text, hex, base64, u64be, u32be, i64be, f64be, time, uuid, text0, raw, json, csv
  }

  enum Column: Sendable, Equatable {
    case named(String)
    /// From 0.
    case numbered(Int)
  }

  enum Part: Sendable {
    case literal([UInt8])
    case function(Function, [(column: Column, offset: Int)])
    /// `json(*)` or `csv(*)`.
    case all(Function)
  }

  /// As it was given.
  public let text: String
  let parts: [(part: Part, offset: Int)]

  public init(_ text: String) throws(ExpressionError) {
    self.text = text
    var parser = ExpressionParser(text)
    parts = try parser.parts()
  }
}
