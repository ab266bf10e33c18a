/// A completion script for bash 4.4 and later, a pure function of the declaration. It needs nothing but bash itself.
///
/// Two facts of bash shape it: `--name=value` arrives as three words, because `=` separates words there, and a name
/// with spaces must go through `mapfile`, since `$(...)` would split it.
public struct BashCompletion: Sendable {
  private let tool: Command

  public init(_ tool: Command) { self.tool = tool }

  public var fileName: String { tool.name + ".bash" }

  /// The script, ending with a newline.
  public var script: String {
    let function = "_" + Self.identifier(tool.name)
    let paths = nodes([tool]).dropFirst().map(\.path)
    var lines = ["# bash completion for \(tool.name), made from its declaration."]
    lines += Self.pathFunction(function)
    lines += [
      "",
      "\(function)() {",
      "  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= attached= index",
      "  COMPREPLY=()",
      "  for ((index = 1; index < COMP_CWORD; index++)); do",
      "    case $command/${COMP_WORDS[index]} in",
      "      \(paths.joined(separator: "|"))) command=$command/${COMP_WORDS[index]} ;;",
      "    esac",
      "  done",
      "  if [[ $cur == = ]]; then",
      "    attached=1 cur=",
      "  elif [[ $previous == = ]]; then",
      "    attached=1 previous=${COMP_WORDS[COMP_CWORD-2]}",
      "  fi",
      "  [[ $previous == --* ]] && previous=${previous//_/-}",
      "  case $command in",
    ]
    for node in nodes([tool]) { lines += commandCase(node.path, node.command, function) }
    lines += ["  esac", "}", "", "complete -F \(function) \(tool.name)"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Directories, and the files that end in one of the suffixes; all files without suffixes.
  private static func pathFunction(_ name: String) -> [String] {
    [
      "",
      "\(name)_paths() {",
      "  local path suffix",
      "  compopt -o filenames 2>/dev/null",
      "  mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")",
      "  while IFS= read -r path; do",
      "    [[ -d $path ]] && continue",
      "    [[ $# == 0 ]] && COMPREPLY+=(\"$path\")",
      "    for suffix in \"$@\"; do [[ $path == *\".$suffix\" ]] && COMPREPLY+=(\"$path\"); done",
      "  done < <(compgen -f -- \"$cur\")",
      "}",
    ]
  }

  /// Every command with its names joined by slashes, the tool's own path empty.
  private func nodes(_ chain: [Command]) -> [(path: String, command: Command)] {
    let command = chain[chain.count - 1]
    let path = chain.dropFirst().map { "/" + $0.name }.joined()
    return [(path, command)] + command.subcommands.flatMap { nodes(chain + [$0]) }
  }

  private func commandCase(_ path: String, _ command: Command, _ function: String) -> [String] {
    var lines = ["    \(path.isEmpty ? "''" : path))"]
    let options = command.allOptions
    let values = options.filter { !$0.isFlag }
    if !values.isEmpty {
      lines.append("      case $previous in")
      for option in values { lines += valueCase(option, function) }
      lines.append("      esac")
    }
    let shorts = options.compactMap { $0.short.map { "-\($0)" } }
    let names = shorts + options.flatMap { $0.longNames.map { "--\($0)" } } + ["-h", "--help", "--version"]
    let words = command.subcommands.map(\.name) + names
    let list = Self.compgen(words)
    guard command.subcommands.isEmpty, let fallback = action(operandCompletion(command), function) else {
      return lines + ["      \(list) ;;"]
    }
    return lines + [
      "      if [[ $cur == -* ]]; then", "        \(list)", "      else", "        \(fallback)", "      fi ;;",
    ]
  }

  /// The values of the first operand that says something; operands of one command are of one kind in practice.
  private func operandCompletion(_ command: Command) -> ValueCompletion {
    command.operands.map(\.completion).first { $0 != .nothing } ?? .nothing
  }

  private func valueCase(_ option: OptionDeclaration, _ function: String) -> [String] {
    let shorts = option.short.map { ["-\($0)"] } ?? []
    let names = shorts + ([option.name] + option.aliases).map { "--\($0)" }
    let pattern = "        \(names.joined(separator: "|")))"
    let body = action(option.completion, function).map { $0 + "; return" } ?? "return"
    return [pattern + (option.isValueOptional ? " [[ $attached ]] && { \(body); } ;;" : " \(body) ;;")]
  }

  private func action(_ completion: ValueCompletion, _ function: String) -> String? {
    switch completion {
    case .nothing: nil
    case .words(let words): Self.compgen(words.map(\.name))
    case .paths(let suffixes): ([function + "_paths"] + suffixes.map(Self.quote)).joined(separator: " ")
    case .directories: "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")"
    }
  }

  private static func compgen(_ words: [String]) -> String {
    "mapfile -t COMPREPLY < <(compgen -W \(quote(words.joined(separator: " "))) -- \"$cur\")"
  }

  private static func quote(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  static func identifier(_ name: String) -> String {
    String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }
}
