/// A command line declared as data. Parser, help, manual pages and shell completions are functions of this value, so
/// they cannot disagree. A command either runs or has subcommands.
///
/// Texts are plain. `summary` and the `help` of options are phrases without capital and full stop. In `discussion`,
/// an empty line separates paragraphs, and lines that begin with two spaces are kept as they are.
public struct Command: Sendable {
  public let name: String
  public let summary: String
  public let discussion: String
  public let options: [OptionGroup]
  public let operands: [OperandDeclaration]
  public let examples: [Example]
  /// The statuses that mean something of their own here; the others keep `ExitStatus.meaning`.
  public let exitStatuses: [ExitMeaning]
  public let environment: [Note]
  public let files: [Note]
  public let subcommands: [Command]
  /// Set on the tool itself, not on its subcommands.
  public let release: Release?
  let body: (@Sendable (Invocation, any CommandContext) throws -> ExitStatus)?

  public struct Example: Sendable {
    public let command: String
    /// A sentence.
    public let explanation: String

    public init(_ command: String, _ explanation: String) {
      self.command = command
      self.explanation = explanation
    }
  }

  public struct ExitMeaning: Sendable {
    public let status: ExitStatus
    /// A sentence.
    public let meaning: String

    public init(_ status: ExitStatus, _ meaning: String) {
      self.status = status
      self.meaning = meaning
    }
  }

  /// An environment variable or a file, and what it is for.
  public struct Note: Sendable {
    public let name: String
    public let text: String

    public init(_ name: String, _ text: String) {
      self.name = name
      self.text = text
    }
  }

  public struct Release: Sendable {
    /// Such as "1.0.0".
    public let version: String
    /// The day that manual pages carry, such as "2025-06-01".
    public let date: String
    /// The title of the manual, such as "SofaDB Manual".
    public let manual: String

    public init(version: String, date: String, manual: String) {
      self.version = version
      self.date = date
      self.manual = manual
    }
  }

  /// A command that runs. `Context` is the tool's own context type; running the command with another is a mistake.
  public init<Context: CommandContext>(
    name: String, summary: String, discussion: String = "", options: [OptionGroup] = [],
    operands: [any OperandDeclaring] = [], examples: [Example] = [], exitStatuses: [ExitMeaning] = [],
    environment: [Note] = [], files: [Note] = [], release: Release? = nil,
    run: @escaping @Sendable (Invocation, Context) throws -> ExitStatus
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = options
    self.operands = operands.map(\.declaration)
    self.examples = examples
    self.exitStatuses = exitStatuses
    self.environment = environment
    self.files = files
    self.subcommands = []
    self.release = release
    self.body = { invocation, context in
      guard let context = context as? Context else { preconditionFailure("\(name) needs another kind of context") }
      return try run(invocation, context)
    }
    checkDeclaration()
  }

  /// A command that only holds others.
  public init(
    name: String, summary: String, discussion: String = "", examples: [Example] = [], environment: [Note] = [],
    files: [Note] = [], release: Release? = nil, subcommands: [Command]
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = []
    self.operands = []
    self.examples = examples
    self.exitStatuses = []
    self.environment = environment
    self.files = files
    self.subcommands = subcommands
    self.release = release
    self.body = nil
  }

  /// Names are unique and at most one operand takes many: a wrong declaration stops the first test that touches it.
  private func checkDeclaration() {
    var seen: Set<String> = ["help", "version", "h"]
    for option in allOptions {
      for name in option.longNames + (option.short.map { [String($0)] } ?? []) {
        precondition(seen.insert(name).inserted, "\(self.name): option '\(name)' is declared twice")
        precondition(!name.contains("_"), "\(self.name): option '\(name)' is spelled with hyphens")
      }
    }
    precondition(operands.filter { $0.maximum > 1 }.count <= 1, "\(name): two operands take many values")
  }

  /// Every option in order, those included that stand for an operand.
  public var allOptions: [OptionDeclaration] { groups.flatMap(\.options) }

  /// The groups as help shows them, with the options that stand for an operand in a group of their own.
  var groups: [OptionGroup] {
    let standIns = operands.compactMap { operand in operand.option.map { OperandOption($0, operand) } }
    return options + (standIns.isEmpty ? [] : [OptionGroup("Instead of operands", standIns)])
  }

  func subcommand(_ name: String) -> Command? { subcommands.first { $0.name == name } }

  /// The statuses that the manual lists.
  public var exitMeanings: [ExitMeaning] {
    let own = Dictionary(exitStatuses.map { ($0.status, $0) }) { first, _ in first }
    let listed = ExitStatus.all.map { own[$0] ?? ExitMeaning($0, $0.meaning) }
    return listed + exitStatuses.filter { !ExitStatus.all.contains($0.status) }
  }
}

/// The option that an operand can be given with.
private struct OperandOption: OptionDeclaring {
  let declaration: OptionDeclaration

  init(_ name: String, _ operand: OperandDeclaration) {
    declaration = OptionDeclaration(
      name: name, placeholder: operand.placeholder, repeats: operand.maximum > 1, completion: operand.completion,
      help: "the same as \(operand.placeholder)",
      read: { (occurrences) throws(UsageError) in Box(occurrences.compactMap(\.text)) })
  }
}
