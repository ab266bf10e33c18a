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
    specs += operands(command)
    let list = specs.map { "    \($0)" }.joined(separator: " \\\n")
    return ["\(function(chain))() {", "  _arguments -s -S \\", list, "}"]
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
      let joint = option.isFlag ? "" : option.isValueOptional ? "-" : "+"
      specs.append(Self.quote(prefix + short + joint + help + value))
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

  /// By position up to the operand that takes many; behind it, positions are not known.
  private func operands(_ command: Command) -> [String] {
    var specs: [String] = []
    for (index, operand) in command.operands.enumerated() {
      let isLast = operand.maximum > 1
      let position = isLast ? "*:" : "\(index + 1)" + (operand.minimum == 0 ? "::" : ":")
      specs.append(Self.quote(position + Self.escape(operand.placeholder) + ":" + Self.action(operand.completion)))
      if isLast { break }
    }
    return specs
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
