/// Plain text as declarations hold it, cut into paragraphs, and broken into lines.
enum TextFlow {
  enum Block: Equatable {
    case paragraph(String)
    /// Lines to keep as they are, without their common indent of two.
    case verbatim([String])
  }

  /// Empty lines separate; lines that begin with two spaces are verbatim.
  static func blocks(_ text: String) -> [Block] {
    var blocks: [Block] = []
    var words: [Substring] = []
    var kept: [String] = []
    func close() {
      if !words.isEmpty { blocks.append(.paragraph(words.joined(separator: " "))) }
      while kept.last == "" { kept.removeLast() }
      if !kept.isEmpty { blocks.append(.verbatim(kept)) }
      (words, kept) = ([], [])
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("  ") {
        if !words.isEmpty { close() }
        kept.append(String(line.dropFirst(2)))
      } else if line.allSatisfy({ $0 == " " }) {
        // A gap inside verbatim lines stays, unless a paragraph follows.
        if kept.isEmpty { close() } else { kept.append("") }
      } else {
        if !kept.isEmpty { close() }
        words += line.split(separator: " ")
      }
    }
    close()
    return blocks
  }

  /// Breaks at spaces into lines of at most `width` columns; a longer word keeps its own line.
  static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
      let columns = DisplayWidth.of(word)
      if used > 0, used + 1 + columns > width {
        lines.append(line)
        (line, used) = ("", 0)
      }
      if used > 0 {
        line += " "
        used += 1
      }
      line += word
      used += columns
    }
    if used > 0 { lines.append(line) }
    return lines
  }

  /// A term in the left column and its text beside it, or below it when the term is too long.
  static func item(_ term: String, _ text: [String], indent: Int, column: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    guard !text.isEmpty else { return [margin + term] }
    let body = String(repeating: " ", count: column)
    let fits = indent + DisplayWidth.of(term) + 2 <= column
    let first = fits ? margin + DisplayWidth.pad(term, to: column - indent) + text[0] : margin + term
    return [first] + text.dropFirst(fits ? 1 : 0).map { body + $0 }
  }
}
