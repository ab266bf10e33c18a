/// One option of a command: its declaration and, at the same time, the typed key that reads it from an `Invocation`.
///
///     static let jobs = Option<Int>("jobs", .int(in: 1...1024), short: "j", default: 4, help: "threads")
///     static let output = Option<String?>("output", .path, short: "o", help: "where the result goes")
///     static let families = Option<[String]>("column-family", .string, aliases: ["cf"], placeholder: "NAME",
///       help: "only this family; repeatable")
///     static let key = Option<String>("key", .string, help: "required, since it has no default")
///     static let quiet = Option<Bool>("quiet", short: "q", help: "a flag")
///     ...
///     let threads = invocation[jobs]
///
/// The type decides how often it may be given: `[W]` any number of times, everything else once.
public struct Option<Value: Sendable>: OptionDeclaring {
  public let declaration: OptionDeclaration
}

/// What lists of options hold: an `Option` of any type.
public protocol OptionDeclaring: Sendable {
  var declaration: OptionDeclaration { get }
}

extension Option where Value == Bool {
  /// A flag: true when given. Giving it again changes nothing.
  public init(_ name: String, short: Character? = nil, aliases: [String] = [], help: String) {
    declaration = OptionDeclaration(
      name: name, short: short, aliases: aliases, help: help,
      read: { (occurrences) throws(UsageError) in Box(!occurrences.isEmpty) })
  }
}

extension Option {
  /// Given at most once; without it the value is `default`. `defaultText` replaces the default's own text in help
  /// (for what differs between machines); an empty one says nothing.
  public init(
    _ name: String, _ syntax: ValueSyntax<Value>, short: Character? = nil, aliases: [String] = [],
    shorthands: [OptionDeclaration.Shorthand] = [], placeholder: String? = nil,
    default: @escaping @autoclosure @Sendable () -> Value, defaultText: String? = nil, help: String
  ) {
    declaration = OptionDeclaration(
      name: name, short: short, aliases: aliases, shorthands: shorthands,
      placeholder: placeholder ?? syntax.placeholder, completion: syntax.completion, help: help,
      defaultText: { defaultText ?? syntax.print(`default`()) },
      read: { (occurrences) throws(UsageError) in
        guard let last = occurrences.last else { return Box(`default`()) }
        return Box(try last.parse(syntax))
      })
  }

  /// Must be given, once.
  public init(
    _ name: String, _ syntax: ValueSyntax<Value>, short: Character? = nil, aliases: [String] = [],
    shorthands: [OptionDeclaration.Shorthand] = [], placeholder: String? = nil, help: String
  ) {
    declaration = OptionDeclaration(
      name: name, short: short, aliases: aliases, shorthands: shorthands,
      placeholder: placeholder ?? syntax.placeholder, isRequired: true, completion: syntax.completion, help: help,
      read: { (occurrences) throws(UsageError) in
        guard let last = occurrences.last else { throw UsageError("option '--\(name)' is required") }
        return Box(try last.parse(syntax))
      })
  }

  /// Given at most once; nil without it. With `bare`, the option may also stand alone and then has that value, and
  /// any other must follow with `=`: `--manifest` and `--manifest=FILE`.
  public init<Wrapped>(
    _ name: String, _ syntax: ValueSyntax<Wrapped>, short: Character? = nil, aliases: [String] = [],
    shorthands: [OptionDeclaration.Shorthand] = [], placeholder: String? = nil, bare: Wrapped? = nil, help: String
  ) where Value == Wrapped? {
    declaration = OptionDeclaration(
      name: name, short: short, aliases: aliases, shorthands: shorthands,
      placeholder: placeholder ?? syntax.placeholder, isValueOptional: bare != nil, completion: syntax.completion,
      help: help,
      read: { (occurrences) throws(UsageError) in
        guard let last = occurrences.last else { return Box<Wrapped?>(nil) }
        if last.text == nil { return Box<Wrapped?>(bare) }
        return Box<Wrapped?>(try last.parse(syntax))
      })
  }

  /// Given any number of times, in order.
  public init<Element>(
    _ name: String, _ syntax: ValueSyntax<Element>, short: Character? = nil, aliases: [String] = [],
    placeholder: String? = nil, help: String
  ) where Value == [Element] {
    declaration = OptionDeclaration(
      name: name, short: short, aliases: aliases, placeholder: placeholder ?? syntax.placeholder, repeats: true,
      completion: syntax.completion, help: help,
      read: { (occurrences) throws(UsageError) in
        var values: [Element] = []
        for occurrence in occurrences { values.append(try occurrence.parse(syntax)) }
        return Box(values)
      })
  }
}
