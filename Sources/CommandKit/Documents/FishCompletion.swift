/// A completion script for fish 3.1 and later, a pure function of the declaration.
public struct FishCompletion: Sendable {
  private let tool: Command

  public init(_ tool: Command) { self.tool = tool }

  public var fileName: String { tool.name + ".fish" }

  /// The script, ending with a newline.
  public var script: String {
    var lines = ["# fish completion for \(tool.name), made from its declaration.", "complete -c \(tool.name) -f"]
    lines += ["complete -c \(tool.name) -s h -l help -d 'prints help'"]
    lines += ["complete -c \(tool.name) -l version -d 'prints the version'"]
    lines += commands([tool])
    return lines.joined(separator: "\n") + "\n"
  }

  private func commands(_ chain: [Command]) -> [String] {
    let command = chain[chain.count - 1]
    let prefix = "complete -c \(tool.name) -n \(Self.quote(condition(chain)))"
    var lines = command.subcommands.map { "\(prefix) -a \($0.name) -d \(Self.quote($0.summary))" }
    for option in command.allOptions { lines += self.option(option).map { prefix + $0 } }
    let operands = command.operands.map(\.completion).first { $0 != .nothing } ?? .nothing
    if operands != .nothing { lines.append(prefix + Self.values(operands)) }
    let gap = lines.isEmpty || chain.count == 1 ? [] : [""]
    return gap + lines + command.subcommands.flatMap { commands(chain + [$0]) }
  }

  /// True where this command is the one being written.
  private func condition(_ chain: [Command]) -> String {
    let names = chain.dropFirst().map { "__fish_seen_subcommand_from \($0.name)" }
    let below = chain[chain.count - 1].subcommands.map(\.name)
    if chain.count == 1 { return "__fish_use_subcommand" }
    let not = below.isEmpty ? [] : ["not __fish_seen_subcommand_from " + below.joined(separator: " ")]
    return (names + not).joined(separator: "; and ")
  }

  private func option(_ option: OptionDeclaration) -> [String] {
    let help = " -d " + Self.quote(option.help)
    // An optional value has no flag of its own in fish: the name alone is offered, and its value after `=`.
    let value =
      option.isFlag
      ? ""
      : option.isValueOptional
        ? Self.values(option.completion)
        : Self.required(option.completion)
    let short = option.short.map { " -s \($0)" } ?? ""
    let own = short + " -l \(option.name)" + value + help
    let aliases = option.aliases.map { " -l \($0)" + value + help }
    let shorthands = option.shorthands.map { " -l \($0.name) -d " + Self.quote("--\(option.name) \($0.value)") }
    return [own] + aliases + shorthands
  }

  private static func required(_ completion: ValueCompletion) -> String {
    switch completion {
    case .nothing: " -x"
    case .words, .directories: " -x" + values(completion)
    case .paths: " -r" + values(completion)
    }
  }

  private static func values(_ completion: ValueCompletion) -> String {
    switch completion {
    case .nothing: return ""
    case .directories: return " -a '(__fish_complete_directories)'"
    case .paths(let suffixes):
      if suffixes.isEmpty { return " -F" }
      let calls = suffixes.map { "__fish_complete_suffix .\($0)" }.joined(separator: "; ")
      return " -k -a " + quote("(" + calls + ")")
    case .words(let words):
      let items = words.map { word in
        word.summary.isEmpty ? word.name : word.name + "\\t\"" + escapeQuoted(word.summary) + "\""
      }
      return " -a " + quote(items.joined(separator: " "))
    }
  }

  /// For a description inside double quotes; `-a` is evaluated once more.
  private static func escapeQuoted(_ text: String) -> String {
    var result = ""
    for character in text {
      if "\"$\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  private static func quote(_ text: String) -> String {
    var result = "'"
    for character in text {
      if character == "'" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result + "'"
  }
}
