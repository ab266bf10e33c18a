/// Turns arguments into an `Invocation`. The rules:
///
/// 1. Words up to the first subcommand name choose the command; only `--help` and `--version` may come before it.
/// 2. `--name value` and `--name=value` are the same; underscores in names count as hyphens. Short options may be
///    joined (`-qj4`); `-j4`, `-j 4` and `-j=4` are the same.
/// 3. A value may begin with a dash, unless it is spelled exactly like an option of the command: then the value was
///    probably forgotten, and `--name=value` says otherwise.
/// 4. `--` ends options. `-` and negative numbers are operands.
/// 5. Everything is checked before the command runs; the first error wins.
struct ArgumentParser {
  enum Request {
    case run(Command, Invocation)
    case help([Command])
    case version
  }

  /// A usage error and the command that it belongs to, for "try ... --help".
  struct Failure: Error {
    let error: UsageError
    let path: [String]
  }

  static func parse(_ arguments: [String], tool: Command) throws(Failure) -> Request {
    var chain = [tool]
    var position = 0
    do throws(UsageError) {
      while !chain[chain.count - 1].subcommands.isEmpty {
        let current = chain[chain.count - 1]
        guard position < arguments.count else {
          throw UsageError("a command is missing: " + current.subcommands.map(\.name).joined(separator: ", "))
        }
        let word = arguments[position]
        position += 1
        if isHelp(word) { return .help(chain) }
        if word == "--version" { return .version }
        if word == "help", chain.count == 1, tool.subcommand("help") == nil {
          return .help(try helpChain(tool, arguments[position...]))
        }
        chain.append(try choose(word, in: current, rest: arguments[position...]))
      }
      var parser = ArgumentParser(chain)
      return try parser.parse(arguments, from: position)
    } catch {
      throw Failure(error: error, path: chain.map(\.name))
    }
  }

  private static func hyphenated(_ name: some StringProtocol) -> String {
    String(name.map { $0 == "_" ? "-" : $0 })
  }

  /// Compared as bytes: to `hasPrefix`, a dash or an equals sign with a combining mark behind it is another character.
  private static func begins(_ word: some StringProtocol, with prefix: String) -> Bool {
    word.utf8.starts(with: prefix.utf8)
  }

  /// Without the first byte, which is ASCII.
  private static func letters(_ word: some StringProtocol) -> Substring {
    Substring(Substring(word).utf8.dropFirst())
  }

  static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

  /// `tool help verify` is `tool verify --help`.
  private static func helpChain(_ tool: Command, _ words: ArraySlice<String>) throws(UsageError) -> [Command] {
    var chain = [tool]
    for word in words where !isHelp(word) { chain.append(try choose(word, in: chain[chain.count - 1], rest: [])) }
    return chain
  }

  private static func choose(
    _ word: String, in command: Command, rest: ArraySlice<String>
  ) throws(UsageError) -> Command {
    if let found = command.subcommand(word) { return found }
    if begins(word, with: "-"), word.utf8.count > 1 {
      guard let next = rest.first(where: { command.subcommand($0) != nil }) else {
        throw UsageError("option \(PrintableText.quote(word)) needs a command before it")
      }
      throw UsageError("option \(PrintableText.quote(word)) must come after the command '\(next)'")
    }
    var message = "unknown command \(PrintableText.quote(word))"
    if let nearest = NearestName.find(word, among: command.subcommands.map(\.name)) {
      message += "; did you mean '\(nearest)'?"
    }
    throw UsageError(message)
  }

  // MARK: One command's arguments

  private let chain: [Command]
  private let command: Command
  private let options: [OptionDeclaration]
  private var byName: [String: OptionDeclaration] = [:]
  private var byShort: [Character: OptionDeclaration] = [:]
  private var occurrences: [String: [OptionDeclaration.Occurrence]] = [:]
  private var operands: [String] = []

  private init(_ chain: [Command]) {
    self.chain = chain
    command = chain[chain.count - 1]
    options = command.allOptions
    for option in options {
      for name in option.longNames { byName[name] = option }
      if let short = option.short { byShort[short] = option }
    }
  }

  private mutating func parse(_ arguments: [String], from start: Int) throws(UsageError) -> Request {
    var position = start
    while position < arguments.count {
      let word = arguments[position]
      position += 1
      if word == "--" {
        operands += arguments[position...]
        break
      }
      if Self.isHelp(word) { return .help(chain) }
      if word == "--version" { return .version }
      if Self.begins(word, with: "--") {
        try parseLong(word, arguments, &position)
      } else if isShortOptions(word) {
        if try parseShort(word, arguments, &position) { return .help(chain) }
      } else {
        operands.append(word)
      }
    }
    return .run(command, try finish(arguments))
  }

  private func isShortOptions(_ word: String) -> Bool {
    guard Self.begins(word, with: "-"), let first = Self.letters(word).first else { return false }
    let isNumber = ("0"..."9").contains(first) || first == "."
    return !isNumber || byShort[first] != nil
  }

  private mutating func parseLong(_ word: String, _ arguments: [String], _ position: inout Int) throws(UsageError) {
    let body = word.utf8.dropFirst(2)
    let equals = body.firstIndex(of: UInt8(ascii: "="))
    let typed = String(Substring(body[..<(equals ?? body.endIndex)]))
    let attached = equals.map { String(Substring(body[body.index(after: $0)...])) }
    let name = Self.hyphenated(typed)
    guard let option = byName[name] else { throw unknownOption("--" + typed) }
    let written = "--" + name
    if let shorthand = option.shorthands.first(where: { $0.name == name }) {
      guard attached == nil else { throw UsageError("option '\(written)' takes no value") }
      return try record(option, written, shorthand.value)
    }
    try take(option, written, attached, arguments, &position)
  }

  /// True when the help was asked for.
  private mutating func parseShort(
    _ word: String, _ arguments: [String], _ position: inout Int
  ) throws(UsageError) -> Bool {
    var letters = Self.letters(word)
    while let letter = letters.popFirst() {
      if letter == "h" { return true }
      let written = "-" + String(letter)
      guard let option = byShort[letter] else {
        if byName[Self.hyphenated(Self.letters(word))] != nil {
          throw UsageError("unknown option \(PrintableText.quote(word)); did you mean '-\(word)'?")
        }
        throw unknownOption(written)
      }
      if option.isFlag || (option.isValueOptional && !Self.begins(letters, with: "=")) {
        try take(option, written, nil, arguments, &position)
      } else {
        let value = Self.begins(letters, with: "=") ? Self.letters(letters) : letters
        let attached = letters.isEmpty ? nil : String(value)
        try take(option, written, attached, arguments, &position)
        break
      }
    }
    return false
  }

  private mutating func take(
    _ option: OptionDeclaration, _ written: String, _ attached: String?, _ arguments: [String],
    _ position: inout Int
  ) throws(UsageError) {
    if option.isFlag {
      guard attached == nil else { throw UsageError("option '\(written)' takes no value") }
      return try record(option, written, nil)
    }
    if attached != nil || option.isValueOptional { return try record(option, written, attached) }
    let example = "\(written)\(written.hasPrefix("--") ? "=" : "")\(option.placeholder ?? "")"
    guard position < arguments.count else { throw UsageError("option '\(written)' needs a value: \(example)") }
    let next = arguments[position]
    if isSpelledLikeOption(next) {
      throw UsageError(
        "option '\(written)' needs a value, and '\(next)' is an option; if it is the value, write "
          + "'\(written)\(written.hasPrefix("--") ? "=" : "")\(next)'")
    }
    position += 1
    try record(option, written, next)
  }

  private func isSpelledLikeOption(_ word: String) -> Bool {
    if word == "--" || Self.isHelp(word) || word == "--version" { return true }
    if Self.begins(word, with: "--") {
      return byName[Self.hyphenated(Self.letters(Self.letters(word)).prefix { $0 != "=" })] != nil
    }
    let letters = Self.letters(word)
    return Self.begins(word, with: "-") && letters.count == 1 && byShort[letters[letters.startIndex]] != nil
  }

  private mutating func record(_ option: OptionDeclaration, _ written: String, _ text: String?) throws(UsageError) {
    if let first = occurrences[option.name]?.first, !option.repeats, !option.isFlag {
      throw first.name == written
        ? UsageError("option '\(written)' is given twice")
        : UsageError("options '\(first.name)' and '\(written)' set the same thing twice")
    }
    occurrences[option.name, default: []].append(.init(name: written, text: text))
  }

  private func unknownOption(_ written: String) -> UsageError {
    let names = byName.keys.sorted() + ["help", "version"]
    var message = "unknown option \(PrintableText.quote(written))"
    if written.hasPrefix("--"), let nearest = NearestName.find(String(written.dropFirst(2)), among: names) {
      message += "; did you mean '--\(nearest)'?"
    }
    return UsageError(message)
  }

  // MARK: Values

  private func finish(_ arguments: [String]) throws(UsageError) -> Invocation {
    var values: [String: any Sendable] = [:]
    for option in options { values["--" + option.name] = try option.read(occurrences[option.name] ?? []) }
    let shares = try distribute()
    for (operand, texts) in zip(command.operands, shares) { values[operand.placeholder] = try operand.read(texts) }
    return Invocation(
      path: chain.map(\.name), arguments: arguments, values: values, given: Set(occurrences.keys))
  }

  /// Gives each operand its texts: the required ones first, then as many as there are to who can take more.
  private func distribute() throws(UsageError) -> [[String]] {
    let standIns = command.operands.map { operand in
      operand.option.flatMap { occurrences[$0] }?.compactMap(\.text) ?? []
    }
    var rest = operands[...]
    var needed = zip(command.operands, standIns).map { max(0, $0.minimum - $1.count) }
    var shares: [[String]] = []
    for (index, operand) in command.operands.enumerated() {
      let later = needed[(index + 1)...].reduce(0, +)
      let room = operand.maximum - standIns[index].count
      let count = min(room, max(needed[index], rest.count - later))
      guard rest.count >= count else { throw missing(operand) }
      shares.append(standIns[index] + rest.prefix(count))
      rest = rest.dropFirst(count)
      needed[index] = 0
    }
    if let extra = rest.first {
      throw UsageError(
        command.operands.isEmpty
          ? "unexpected argument \(PrintableText.quote(extra)); the command takes none"
          : "unexpected argument \(PrintableText.quote(extra)) after "
            + command.operands.map(\.usage).joined(separator: " "))
    }
    return shares
  }

  private func missing(_ operand: OperandDeclaration) -> UsageError {
    UsageError("\(operand.placeholder) is missing: \(operand.help)")
  }
}
