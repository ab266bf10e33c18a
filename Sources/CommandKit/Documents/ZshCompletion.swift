/// A completion script for zsh, a pure function of the declaration: one function a command, each a call of
/// `_arguments`, so that zsh shows the help of every option and does not offer what is already given.
public struct ZshCompletion: Sendable {
  private let tool: Command

  public init(_ tool: Command) { self.tool = tool }

  /// zsh finds the function by this name.
  public var fileName: String { "_" + tool.name }

  /// The script, ending with a newline.
  public var script: String {
    var lines = ["#compdef \(tool.name)", "# zsh completion for \(tool.name), made from its declaration."]
    lines += functions([tool])
    lines += ["", "\(function([tool])) \"$@\""]
    return lines.joined(separator: "\n") + "\n"
  }

  private func function(_ chain: [Command]) -> String {
    "_" + BashCompletion.identifier(chain.map(\.name).joined(separator: "_"))
  }

  private func functions(_ chain: [Command]) -> [String] {
    let command = chain[chain.count - 1]
    let own = command.subcommands.isEmpty ? leaf(chain) : branch(chain)
    return command.subcommands.flatMap { functions(chain + [$0]) } + [""] + own
  }

  private static let general = [
    "'(- : *)'{-h,--help}'[prints help]'", "'(- : *)--version[prints the version]'",
  ]

  private func branch(_ chain: [Command]) -> [String] {
    let command = chain[chain.count - 1]
    var lines = ["\(function(chain))() {", "  local curcontext=$curcontext state line", "  typeset -A opt_args"]
    lines.append("  local -a commands=(")
    for subcommand in command.subcommands {
      lines.append("    " + Self.quote(Self.escape(subcommand.name) + ":" + subcommand.summary))
    }
    lines += ["  )", "  _arguments -C \\"]
    lines += Self.general.map { "    \($0) \\" }
    lines += ["    '1:command:->command' \\", "    '*::argument:->argument'", "  case $state in"]
    lines += ["    command) _describe -t commands command commands ;;", "    argument)", "      case $words[1] in"]
    for subcommand in command.subcommands {
      lines.append("        \(subcommand.name)) \(function(chain + [subcommand])) ;;")
    }
    return lines + ["      esac ;;", "  esac", "}"]
  }

  private func leaf(_ chain: [Command]) -> [String] {
    let command = chain[chain.count - 1]
    var specs = command.allOptions.flatMap(option) + Self.general
    specs += command.operands.enumerated().map { operand($0.offset, $0.element, command) }
    return ["\(function(chain))() {", "  _arguments -s -S \\", specs.map { "    \($0)" }.joined(separator: " \\\n"), "}"]
  }

  /// One spec a name; names of one option exclude each other unless it repeats.
  private func option(_ option: OptionDeclaration) -> [String] {
    let shorts = option.short.map { ["-\($0)"] } ?? []
    let all = shorts + option.longNames.map { "--\($0)" }
    let prefix = option.repeats ? "*" : "(\(all.joined(separator: " ")))"
    let help = "[" + Self.escape(option.help) + "]"
    let colon = option.isValueOptional ? "::" : ":"
    let value = option.placeholder.map { "\(colon)\(Self.escape($0)):\(Self.action(option.completion))" } ?? ""
    var specs: [String] = []
    for short in shorts {
      specs.append(Self.quote(prefix + short + (option.isFlag ? "" : option.isValueOptional ? "-" : "+") + help + value))
    }
    for name in [option.name] + option.aliases {
      let joint = option.isFlag ? "" : option.isValueOptional ? "=-" : "="
      specs.append(Self.quote(prefix + "--" + name + joint + help + value))
    }
    for shorthand in option.shorthands {
      let help = Self.escape("--\(option.name) \(shorthand.value)")
      specs.append(Self.quote(prefix + "--" + shorthand.name + "[" + help + "]"))
    }
    return specs
  }

  private func operand(_ index: Int, _ operand: OperandDeclaration, _ command: Command) -> String {
    let comesLast = index == command.operands.count - 1
    // Behind an operand of many, positions are not known: every word may be any of them.
    let position = operand.maximum > 1 || !comesLast && command.operands[..<index].contains { $0.maximum > 1 }
      ? "*" : String(index + 1)
    let colon = operand.minimum == 0 && position != "*" ? "::" : ":"
    return Self.quote(position + colon + Self.escape(operand.placeholder) + ":" + Self.action(operand.completion))
  }

  private static func action(_ completion: ValueCompletion) -> String {
    switch completion {
    case .nothing: return " "
    case .directories: return "_files -/"
    case .paths(let suffixes):
      return suffixes.isEmpty ? "_files" : "_files -g \"*.(\(suffixes.joined(separator: "|")))\""
    case .words(let words):
      if words.allSatisfy({ $0.summary.isEmpty }) {
        return "(" + words.map { escape($0.name) }.joined(separator: " ") + ")"
      }
      let items = words.map { word in escape(word.name) + "\\:\"" + escapeQuoted(word.summary) + "\"" }
      return "((" + items.joined(separator: " ") + "))"
    }
  }

  /// For names and explanations inside a spec.
  private static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      if "\\[]:".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  /// For a description inside double quotes inside an action, which is evaluated once more.
  private static func escapeQuoted(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\"", "$", "`", "\\": result += "\\" + String(character)
      case ":": result += "\\:"
      default: result.append(character)
      }
    }
    return result
  }

  private static func quote(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
