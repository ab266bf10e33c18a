/// Why the text of one value is wrong. Thrown by `ValueSyntax.parse`; whoever knows which option or operand the text
/// was given to turns it into a `UsageError`.
public struct ValueError: Error, Sendable, Equatable {
  /// What is wrong, in words that fit after "--option: ", without the text itself.
  public let message: String
  /// Where in the text, in UTF-8 bytes from its start; a caret is drawn there.
  public let position: Int?

  public init(_ message: String, at position: Int? = nil) {
    self.message = message
    self.position = position
  }
}
