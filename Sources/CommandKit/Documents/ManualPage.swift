/// A manual page in man(7) source, a pure function of the declaration: one for the tool, one for each command, named as
/// git names them, `sofatool-verify.1`.
public struct ManualPage: Sendable {
  private let chain: [Command]
  private let command: Command

  public init(_ chain: [Command]) {
    precondition(!chain.isEmpty)
    self.chain = chain
    self.command = chain[chain.count - 1]
  }

  /// The pages of the tool and of everything below it, the tool's first.
  public static func all(_ tool: Command) -> [ManualPage] { below([tool]) }

  private static func below(_ chain: [Command]) -> [ManualPage] {
    [ManualPage(chain)] + chain[chain.count - 1].subcommands.flatMap { below(chain + [$0]) }
  }

  /// `sofatool-verify`.
  public var name: String { chain.map(\.name).joined(separator: "-") }
  public var fileName: String { name + ".1" }

  /// The source, ending with a newline.
  public var source: String {
    var roff = Roff()
    let release = chain[0].release
    let version = [chain[0].name, release?.version].compactMap { $0 }.joined(separator: " ")
    roff.title(name.uppercased(), date: release?.date ?? "", version, release?.manual ?? "")
    roff.raw(".nh\n.ad l")
    roff.request("SH", "NAME")
    roff.raw(Roff.inline(name) + " \\- " + Roff.inline(command.summary))
    roff.request("SH", "SYNOPSIS")
    roff.raw(synopsis)
    if !command.discussion.isEmpty {
      roff.request("SH", "DESCRIPTION")
      roff.prose(command.discussion)
    }
    if !command.subcommands.isEmpty {
      roff.request("SH", "COMMANDS")
      for subcommand in command.subcommands {
        item(&roff, Roff.bold(subcommand.name), subcommand.summary + "; see \(name)-\(subcommand.name)(1)")
      }
    }
    operands(&roff)
    options(&roff)
    notes(&roff, "ENVIRONMENT", command.environment)
    notes(&roff, "FILES", command.files)
    exitStatus(&roff)
    examples(&roff)
    seeAlso(&roff)
    return roff.text
  }

  private var synopsis: String {
    let words = UsageLine(chain: chain).text.dropFirst(chain.map(\.name).joined(separator: " ").count)
    return Roff.bold(chain.map(\.name).joined(separator: " ")) + Roff.inline(String(words))
  }

  private func item(_ roff: inout Roff, _ term: String, _ text: String) {
    roff.request("TP")
    roff.raw(term)
    for line in TextFlow.wrap(text, width: 76) { roff.line(line) }
  }

  private func operands(_ roff: inout Roff) {
    guard !command.operands.isEmpty else { return }
    roff.request("SH", "OPERANDS")
    for operand in command.operands { item(&roff, Roff.italic(operand.usage), operand.help) }
  }

  private func options(_ roff: inout Roff) {
    roff.request("SH", "OPTIONS")
    let groups = command.groups.filter { !$0.options.isEmpty }
    for group in groups {
      roff.request("SS", group.title)
      for option in group.options {
        let text = OptionText(option)
        item(&roff, term(text), text.sentence)
        guard !text.listedChoices.isEmpty else { continue }
        roff.raw(".RS")
        for choice in text.listedChoices { item(&roff, Roff.bold(choice.name), choice.summary) }
        roff.raw(".RE")
      }
    }
    if !groups.isEmpty { roff.request("SS", "General") }
    for option in OptionText.builtIn { item(&roff, Roff.bold(option.term), option.sentence) }
  }

  /// The names bold, the values italic.
  private func term(_ text: OptionText) -> String {
    guard let placeholder = text.placeholder else { return Roff.bold(text.term) }
    let parts = text.term.split(separator: ", ")
    return parts.map { part in
      if part.hasSuffix(" " + placeholder) {
        return Roff.bold(String(part.dropLast(placeholder.count + 1))) + " " + Roff.italic(placeholder)
      }
      if part.hasSuffix("[=\(placeholder)]") {
        return Roff.bold(String(part.dropLast(placeholder.count + 3))) + "[=" + Roff.italic(placeholder) + "]"
      }
      return Roff.bold(String(part))
    }.joined(separator: ", ")
  }

  private func notes(_ roff: inout Roff, _ title: String, _ notes: [Command.Note]) {
    guard !notes.isEmpty else { return }
    roff.request("SH", title)
    for note in notes { item(&roff, Roff.bold(note.name), note.text) }
  }

  private func exitStatus(_ roff: inout Roff) {
    roff.request("SH", "EXIT STATUS")
    for meaning in command.exitMeanings {
      item(&roff, Roff.bold(String(meaning.status.code)), meaning.meaning)
    }
  }

  private func examples(_ roff: inout Roff) {
    guard !command.examples.isEmpty else { return }
    roff.request("SH", "EXAMPLES")
    for (index, example) in command.examples.enumerated() {
      if index > 0 { roff.request("PP") }
      for line in TextFlow.wrap(example.explanation, width: 76) { roff.line(line) }
      roff.verbatim([example.command])
    }
  }

  /// The pages around this one: its parent, its siblings or its children.
  private func seeAlso(_ roff: inout Roff) {
    let parent = chain.dropLast().map(\.name).joined(separator: "-")
    let pages =
      chain.count == 1
      ? command.subcommands.map { "\(name)-\($0.name)" }
      : [parent] + chain[chain.count - 2].subcommands.filter { $0.name != command.name }.map { "\(parent)-\($0.name)" }
    guard !pages.isEmpty else { return }
    roff.request("SH", "SEE ALSO")
    roff.raw(pages.map { Roff.bold($0) + "(1)" }.joined(separator: ",\n"))
  }
}
