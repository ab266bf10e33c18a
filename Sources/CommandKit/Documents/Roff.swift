/// Writes man(7) source: every text is escaped, so that nothing in a declaration can be taken for a request.
struct Roff {
  private(set) var text = ""

  /// A request line; the arguments are escaped and quoted.
  mutating func request(_ name: String, _ arguments: String...) {
    text += "." + name
    for argument in arguments { text += " \"" + Self.argument(argument) + "\"" }
    text += "\n"
  }

  /// The date stays as it is: mandoc does not parse one with escaped hyphens.
  mutating func title(_ name: String, date: String, _ version: String, _ manual: String) {
    let plain = String(date.filter { $0.isNumber || $0 == "-" })
    raw(".TH \"\(Self.argument(name))\" 1 \"\(plain)\" \"\(Self.argument(version))\" \"\(Self.argument(manual))\"")
  }

  /// Text that is filled; one sentence a line is not kept, paragraphs are.
  mutating func line(_ line: String) { text += Self.escape(line) + "\n" }

  /// Already escaped text.
  mutating func raw(_ line: String) { text += line + "\n" }

  mutating func prose(_ source: String) {
    for (index, block) in TextFlow.blocks(source).enumerated() {
      if index > 0 { request("PP") }
      switch block {
      case .paragraph(let paragraph):
        for line in TextFlow.wrap(paragraph, width: 76) { self.line(line) }
      case .verbatim(let lines): verbatim(lines)
      }
    }
  }

  /// Kept line by line, indented.
  mutating func verbatim(_ lines: [String]) {
    raw(".RS 4\n.nf")
    for line in lines { self.line(line) }
    raw(".fi\n.RE")
  }

  static func bold(_ text: String) -> String { "\\fB" + inline(text) + "\\fR" }
  static func italic(_ text: String) -> String { "\\fI" + inline(text) + "\\fR" }

  /// A whole line of input: a control character at its start loses its meaning.
  static func escape(_ line: String) -> String {
    let escaped = inline(line)
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  /// Groff reads `-` as a hyphen that may be typeset differently, so that copied commands would not run; quotes and
  /// tildes alike.
  static func inline(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\n": result += " "
      default:
        for scalar in character.unicodeScalars {
          if scalar.isASCII {
            result.unicodeScalars.append(scalar)
          } else {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
          }
        }
      }
    }
    return result
  }

  private static func argument(_ text: String) -> String {
    inline(text).split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq")
  }
}
