/// A command line that makes no sense: status 2. Thrown by the parser, and by commands whose options exclude or need
/// each other.
public struct UsageError: Error, Sendable, Equatable {
  /// What is wrong, as a sentence without its full stop.
  public let message: String
  /// The text that is shown on a line of its own, with a caret below `position`.
  public let argument: String?
  /// In UTF-8 bytes from the start of `argument`.
  public let position: Int?

  public init(_ message: String, argument: String? = nil, position: Int? = nil) {
    self.message = message
    self.argument = argument
    self.position = position
  }

  /// `name` is how the option or operand was written.
  init(_ error: ValueError, name: String, text: String) {
    self.init(
      "\(name): \(PrintableText.quote(text)) \(error.message)", argument: error.position == nil ? nil : text,
      position: error.position)
  }

  /// The message and, where known, the argument with a caret. Lines without a final newline.
  public func lines(width: Int) -> [String] {
    guard let argument, let position else { return [message] }
    let bytes = Array(argument.utf8)
    let split = min(max(position, 0), bytes.count)
    var before = PrintableText.escape(String(decoding: bytes[..<split], as: UTF8.self))
    var after = PrintableText.escape(String(decoding: bytes[split...], as: UTF8.self))
    let half = max(10, width / 2 - 8)
    if before.count > half { before = "..." + before.suffix(half - 3) }
    if after.count > half { after = after.prefix(half - 3) + "..." }
    return [message, "  " + before + after, "  " + String(repeating: " ", count: DisplayWidth.of(before)) + "^"]
  }
}
