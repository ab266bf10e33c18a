/// How the text of a value is read: the one place that ties a type to its spelling, its placeholder in help texts and
/// what shells complete. `Option` and `Operand` are built from it; tools add their own (a key, a codec with its level).
///
/// Both closures are pure: the same text always gives the same value.
public struct ValueSyntax<Value: Sendable>: Sendable {
  /// Stands for the value in help texts, in capitals.
  public let placeholder: String
  public let completion: ValueCompletion
  /// Text to value.
  public let parse: @Sendable (String) throws(ValueError) -> Value
  /// Value to text, for "default: ..." in help; nil to say nothing.
  public let print: @Sendable (Value) -> String?

  public init(
    placeholder: String, completion: ValueCompletion = .nothing,
    print: @escaping @Sendable (Value) -> String? = { _ in nil },
    parse: @escaping @Sendable (String) throws(ValueError) -> Value
  ) {
    self.placeholder = placeholder
    self.completion = completion
    self.print = print
    self.parse = parse
  }
}

extension ValueSyntax where Value == String {
  /// Any text, the empty one included.
  public static var string: ValueSyntax {
    ValueSyntax(placeholder: "TEXT", print: { $0 }, parse: { (text) throws(ValueError) in text })
  }

  /// A path of any kind of file.
  public static var path: ValueSyntax { path() }

  /// A path that is not empty; shells offer directories and the files with these suffixes (no dot), or all files.
  public static func path(_ suffixes: String..., placeholder: String = "PATH") -> ValueSyntax {
    named(placeholder, .paths(suffixes: suffixes))
  }

  public static var file: ValueSyntax { path(placeholder: "FILE") }

  public static var directory: ValueSyntax { named("DIR", .directories) }

  private static func named(_ placeholder: String, _ completion: ValueCompletion) -> ValueSyntax {
    ValueSyntax(placeholder: placeholder, completion: completion, print: { $0 }) { (text) throws(ValueError) in
      guard !text.isEmpty else { throw ValueError("is an empty path") }
      return text
    }
  }
}

/// An enumeration that is spelled on the command line as its raw value.
public protocol CommandLineChoice: CaseIterable, RawRepresentable, Sendable where RawValue == String {
  /// One line for help texts, may be empty.
  var summary: String { get }
}

extension CommandLineChoice {
  public var summary: String { "" }
}

extension ValueSyntax where Value: CommandLineChoice {
  /// One of the cases.
  public static var choice: ValueSyntax {
    let words = Value.allCases.map { ValueCompletion.Word($0.rawValue, $0.summary) }
    return ValueSyntax(
      placeholder: words.map(\.name).joined(separator: "|"), completion: .words(words), print: { $0.rawValue }
    ) { (text) throws(ValueError) in
      guard let value = Value(rawValue: text) else { throw .unknownWord(text, of: words.map(\.name)) }
      return value
    }
  }
}

extension ValueError {
  /// The text is none of these words.
  public static func unknownWord(_ text: String, of words: [String]) -> ValueError {
    var message = "is none of " + words.joined(separator: ", ")
    if let nearest = NearestName.find(text, among: words) { message += "; did you mean \(nearest)?" }
    return ValueError(message)
  }
}
