/// The words about an option that help and manual pages share.
struct OptionText {
  let option: OptionDeclaration

  init(_ option: OptionDeclaration) { self.option = option }

  /// `-j N, --jobs N`, `--manifest[=FILE]`, `--format F, --json`.
  var term: String {
    var names: [String] = []
    if let short = option.short { names.append("-\(short)" + value(joint: " ")) }
    for name in [option.name] + option.aliases { names.append("--\(name)" + value(joint: " ")) }
    names += option.shorthands.map { "--\($0.name)" }
    return names.joined(separator: ", ")
  }

  private func value(joint: String) -> String {
    guard let placeholder else { return "" }
    return option.isValueOptional ? "[=\(placeholder)]" : joint + placeholder
  }

  /// Choices that are long are named in the text, and a word stands for them.
  var placeholder: String? {
    guard let placeholder = option.placeholder else { return nil }
    return choices.isEmpty || placeholder.utf8.count <= 24 ? placeholder : "WORD"
  }

  private var choices: [ValueCompletion.Word] {
    if case .words(let words) = option.completion { return words }
    return []
  }

  /// The help with what follows from the declaration: required, repeatable, the default, what a shorthand means.
  var sentence: String {
    var notes: [String] = []
    if !choices.isEmpty, listedChoices.isEmpty, placeholder != choices.map(\.name).joined(separator: "|") {
      notes.append("one of " + choices.map(\.name).joined(separator: ", "))
    }
    if option.isRequired { notes.append("required") }
    if option.repeats, !option.help.contains("repeatable") { notes.append("repeatable") }
    if let text = option.defaultText(), !text.isEmpty { notes.append("default: \(text)") }
    for shorthand in option.shorthands { notes.append("--\(shorthand.name) is --\(option.name) \(shorthand.value)") }
    return option.help + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
  }

  /// The words to choose from, when there is more to say about them than their names.
  var listedChoices: [ValueCompletion.Word] { choices.contains { !$0.summary.isEmpty } ? choices : [] }

  static let builtIn: [(term: String, sentence: String)] = [
    ("-h, --help", "prints this text"), ("--version", "prints the version"),
  ]
}
