/// A parsed command line: the typed values of every option and operand of one command. Immutable.
public struct Invocation: Sendable {
  /// The names from the tool down to the command: `["sofatool", "verify"]`.
  public let path: [String]
  /// The arguments as they were given, without the tool's name; for journals and reports.
  public let arguments: [String]
  let values: [String: any Sendable]
  let given: Set<String>

  /// The option's value: as given, or its default. The command must declare the option.
  public subscript<Value>(_ option: Option<Value>) -> Value {
    unbox(values["--" + option.declaration.name], option.declaration.name)
  }

  public subscript<Value>(_ operand: Operand<Value>) -> Value {
    unbox(values[operand.declaration.placeholder], operand.declaration.placeholder)
  }

  private func unbox<Value: Sendable>(_ value: (any Sendable)?, _ name: String) -> Value {
    guard let value else { preconditionFailure("\(path.joined(separator: " ")) does not declare \(name)") }
    guard let box = value as? Box<Value> else {
      preconditionFailure("\(path.joined(separator: " ")) declares \(name) with another type")
    }
    return box.value
  }

  /// Whether the option stands on the command line, whatever its value.
  public func isGiven<Value>(_ option: Option<Value>) -> Bool { given.contains(option.declaration.name) }

  /// Whether the command declares the option, for code that several commands share.
  public func declares<Value>(_ option: Option<Value>) -> Bool { values["--" + option.declaration.name] != nil }

  /// At most one of the options may be given.
  public func exclude(_ options: any OptionDeclaring...) throws(UsageError) {
    let names = options.map(\.declaration.name).filter(given.contains)
    guard names.count < 2 else { throw UsageError("options '--\(names[0])' and '--\(names[1])' exclude each other") }
  }

  /// `option` makes sense only together with `needed`.
  public func require(_ needed: any OptionDeclaring, with option: any OptionDeclaring) throws(UsageError) {
    let (option, needed) = (option.declaration.name, needed.declaration.name)
    guard !given.contains(option) || given.contains(needed) else {
      throw UsageError("option '--\(option)' needs '--\(needed)'")
    }
  }
}
