/// The text of `--help`, a pure function of the declaration and the width.
public struct HelpPage: Sendable {
  private let chain: [Command]
  private let command: Command
  private let width: Int

  /// `chain` leads from the tool to the command; `width` is in columns.
  public init(_ chain: [Command], width: Int = 100) {
    precondition(!chain.isEmpty)
    self.chain = chain
    self.command = chain[chain.count - 1]
    self.width = max(40, width)
  }

  /// Ends with a newline.
  public var text: String {
    var lines = TextFlow.wrap(
      chain.map(\.name).joined(separator: " ") + " - " + command.summary, width: width)
    lines += ["", "Usage: " + UsageLine(chain: chain).text]
    lines += discussion
    if !command.subcommands.isEmpty {
      lines += section("Commands", command.subcommands.map { ($0.name, $0.summary) })
    }
    lines += section("Operands", command.operands.map { ($0.usage, $0.help) })
    for group in command.groups { lines += options(group) }
    lines += general
    lines += examples
    lines += section("Environment", command.environment.map { ($0.name, $0.text) })
    lines += section("Files", command.files.map { ($0.name, $0.text) })
    if command.subcommands.isEmpty {
      lines += section("Exit status", command.exitMeanings.map { (String($0.status.code), $0.meaning) }, column: 7)
    } else {
      lines += ["", "'\(chain.map(\.name).joined(separator: " ")) COMMAND --help' says more about a command."]
    }
    return lines.map { $0.last == " " ? String($0.reversed().drop { $0 == " " }.reversed()) : $0 }
      .joined(separator: "\n") + "\n"
  }

  private var discussion: [String] {
    var lines: [String] = []
    for block in TextFlow.blocks(command.discussion) {
      lines.append("")
      switch block {
      case .paragraph(let text): lines += TextFlow.wrap(text, width: width)
      case .verbatim(let kept): lines += kept.map { "  " + $0 }
      }
    }
    return lines
  }

  /// Wide enough for most terms; longer ones stand on a line of their own.
  private static let column = 26

  private func section(
    _ title: String, _ items: [(term: String, text: String)], column: Int = Self.column
  ) -> [String] {
    guard !items.isEmpty else { return [] }
    let widest = items.map { DisplayWidth.of($0.term) + 4 }.max() ?? column
    let column = min(column, widest)
    return ["", title + ":"]
      + items.flatMap {
        TextFlow.item($0.term, TextFlow.wrap($0.text, width: width - column), indent: 2, column: column)
      }
  }

  private var general: [String] {
    let column = command.allOptions.isEmpty ? 14 : Self.column
    return ["", "General:"]
      + OptionText.builtIn.flatMap { TextFlow.item($0.term, [$0.sentence], indent: 2, column: column) }
  }

  private func options(_ group: OptionGroup) -> [String] {
    guard !group.options.isEmpty else { return [] }
    var lines = ["", group.title + ":"]
    for option in group.options {
      let text = OptionText(option)
      var body = TextFlow.wrap(text.sentence, width: width - Self.column)
      let choices = text.listedChoices
      let column = (choices.map { DisplayWidth.of($0.name) }.max() ?? 0) + 4
      for choice in choices {
        body += TextFlow.item(
          choice.name, TextFlow.wrap(choice.summary, width: width - Self.column - column), indent: 2, column: column)
      }
      lines += TextFlow.item(text.term, body, indent: 2, column: Self.column)
    }
    return lines
  }

  private var examples: [String] {
    guard !command.examples.isEmpty else { return [] }
    var lines = ["", "Examples:"]
    for example in command.examples {
      lines.append("  " + example.command)
      lines += TextFlow.wrap(example.explanation, width: width - 6).map { "      " + $0 }
    }
    return lines
  }
}
