/// What is wrong with a key or value expression, and where in its text.
public struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
  public let reason: String
  /// Bytes of UTF-8 before the fault, for a caret below the expression.
  public let offset: Int

  public init(_ reason: String, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String { "\(reason) (at character \(offset + 1))" }
}
