/// One positional argument of a command and the typed key that reads it. `Operand<String>` is required,
/// `Operand<String?>` may be missing, `Operand<[String]>` takes as many as are left (at most one such a command, in
/// any place).
///
/// `option` names an option that gives the operand instead: with `option: "db"`, `--db DIR` and `DIR` mean the same.
public struct Operand<Value: Sendable>: OperandDeclaring {
  public let declaration: OperandDeclaration
}

public protocol OperandDeclaring: Sendable {
  var declaration: OperandDeclaration { get }
}

/// What parser and documents know of an operand.
public struct OperandDeclaration: Sendable {
  /// In capitals; the operand's name in help and messages.
  public let placeholder: String
  public let option: String?
  public let minimum: Int
  public let maximum: Int
  public let completion: ValueCompletion
  public let help: String
  let read: @Sendable ([String]) throws(UsageError) -> any Sendable

  /// `PATH`, `[PATH]`, `PATH...`, `[PATH...]`.
  public var usage: String {
    let name = maximum > 1 ? placeholder + "..." : placeholder
    return minimum == 0 ? "[\(name)]" : name
  }
}

extension Operand {
  public init(_ placeholder: String, _ syntax: ValueSyntax<Value>, option: String? = nil, help: String) {
    declaration = OperandDeclaration(
      placeholder: placeholder, option: option, minimum: 1, maximum: 1, completion: syntax.completion, help: help,
      read: { (texts) throws(UsageError) in Box(try Self.parse(texts[0], syntax, placeholder)) })
  }

  public init<Wrapped>(_ placeholder: String, _ syntax: ValueSyntax<Wrapped>, option: String? = nil, help: String)
  where Value == Wrapped? {
    declaration = OperandDeclaration(
      placeholder: placeholder, option: option, minimum: 0, maximum: 1, completion: syntax.completion, help: help,
      read: { (texts) throws(UsageError) in
        guard let text = texts.first else { return Box<Wrapped?>(nil) }
        return Box<Wrapped?>(try Self.parse(text, syntax, placeholder))
      })
  }

  public init<Element>(
    _ placeholder: String, _ syntax: ValueSyntax<Element>, minimum: Int = 1, option: String? = nil, help: String
  ) where Value == [Element] {
    declaration = OperandDeclaration(
      placeholder: placeholder, option: option, minimum: minimum, maximum: Int.max, completion: syntax.completion,
      help: help,
      read: { (texts) throws(UsageError) in
        var values: [Element] = []
        for text in texts { values.append(try Self.parse(text, syntax, placeholder)) }
        return Box(values)
      })
  }

  private static func parse<W>(_ text: String, _ syntax: ValueSyntax<W>, _ name: String) throws(UsageError) -> W {
    do {
      return try syntax.parse(text)
    } catch {
      throw UsageError(error, name: name, text: text)
    }
  }
}
