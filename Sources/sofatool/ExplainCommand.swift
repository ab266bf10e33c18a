public import CommandKit
public import SofaDB

/// `sofatool explain [CODE]`.
enum ExplainCommand {
  private static let code = Operand<FindingCode?>("CODE", .choice, help: "a finding code, such as block.checksum")
  private static let json = Option<Bool>("json", help: "one JSON object a code")

  static let command = Command(
    name: "explain",
    summary: "says what a finding means and what to do about it",
    discussion: """
      Prints the long text of a finding code: what was observed, what usually causes it, and the commands to run \
      next. Without CODE it lists all codes with their severity.
      """,
    options: [OptionGroup("Output", [json])],
    operands: [code],
    examples: [
      Command.Example("sofatool explain block.checksum", "What a wrong block checksum means."),
      Command.Example("sofatool explain", "All codes."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    let wanted = invocation[code].map { [FindingCatalogue.explanation(of: $0)] }
    if invocation[json] {
      var writer = JSONWriter()
      for explanation in wanted ?? FindingCatalogue.all { explanation.encode(into: &writer) }
      try context.console.output.write(writer.output.bytes)
    } else if let explanation = wanted?.first {
      try context.console.output.write(explanation.text + remark(explanation))
    } else {
      var table = TextTable([.left("code"), .left("severity"), .left("meaning")])
      for explanation in FindingCatalogue.all {
        let sentence = explanation.meaning.split(separator: ":").first.map(String.init) ?? ""
        let short = sentence.split(separator: ". ").first.map(String.init) ?? sentence
        table.add([explanation.code.rawValue, explanation.code.severity.rawValue, short])
      }
      try context.console.output.write(table.text())
    }
    return .ok
  }

  /// The commands among the steps that this release of the tool does not have, so that nobody is sent in vain.
  private static func remark(_ explanation: FindingExplanation) -> String {
    let known = Set(Sofatool.command.subcommands.map(\.name))
    let named = explanation.next.filter { $0.hasPrefix("sofatool ") }.compactMap { step in
      step.split(separator: " ").dropFirst().first.map(String.init)
    }
    let missing = Set(named).subtracting(known).sorted()
    guard !missing.isEmpty else { return "" }
    return "\nNot in this release: \(missing.joined(separator: ", ")). Until then keep a copy of the directory, and\n"
      + "restore the file from a backup or a replica.\n"
  }
}

extension FindingCode: CommandLineChoice {}
