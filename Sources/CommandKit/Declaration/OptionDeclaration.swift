/// What parser, help, manual pages and completions know of an option, whatever its type.
public struct OptionDeclaration: Sendable {
  /// Without dashes, words joined by hyphens.
  public let name: String
  public let short: Character?
  /// Other long names that mean the same.
  public let aliases: [String]
  /// Long names that stand for the option with a value: `--json` for `--format json`.
  public let shorthands: [Shorthand]
  /// Nil for a flag.
  public let placeholder: String?
  /// Whether the option may stand alone; its value can then only follow with `=`.
  public let isValueOptional: Bool
  public let repeats: Bool
  public let isRequired: Bool
  public let completion: ValueCompletion
  /// A phrase without capital and full stop.
  public let help: String
  /// For "default: ..." in help.
  public let defaultText: @Sendable () -> String?
  /// Every occurrence to the boxed value; none gives the default.
  let read: @Sendable ([Occurrence]) throws(UsageError) -> any Sendable

  public struct Shorthand: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  init(
    name: String, short: Character? = nil, aliases: [String] = [], shorthands: [Shorthand] = [],
    placeholder: String? = nil, isValueOptional: Bool = false, repeats: Bool = false, isRequired: Bool = false,
    completion: ValueCompletion = .nothing, help: String, defaultText: @escaping @Sendable () -> String? = { nil },
    read: @escaping @Sendable ([Occurrence]) throws(UsageError) -> any Sendable
  ) {
    self.name = name
    self.short = short
    self.aliases = aliases
    self.shorthands = shorthands
    self.placeholder = placeholder
    self.isValueOptional = isValueOptional
    self.repeats = repeats
    self.isRequired = isRequired
    self.completion = completion
    self.help = help
    self.defaultText = defaultText
    self.read = read
  }

  public var isFlag: Bool { placeholder == nil }

  /// Every long name, shorthands included, the option's own first.
  public var longNames: [String] { [name] + aliases + shorthands.map(\.name) }

  /// A value as it was given: `name` is how the option was written, dashes included.
  struct Occurrence: Sendable {
    let name: String
    /// Nil when the option stands alone.
    let text: String?

    func parse<Value>(_ syntax: ValueSyntax<Value>) throws(UsageError) -> Value {
      let text = text ?? ""
      do {
        return try syntax.parse(text)
      } catch {
        throw UsageError(error, name: name, text: text)
      }
    }
  }
}

/// A parsed value with its type kept, optionals included, inside `any Sendable`.
struct Box<Value: Sendable>: Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
