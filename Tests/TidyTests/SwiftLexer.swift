/// Tells code, comments and string literals apart: nested comments, raw and multi-line strings, interpolations.
/// Regular expression literals are not known; the project has none.
struct SwiftLexer {
  private let text: [UInt8]
  private var position = 0
  private var line = 1
  private(set) var code: [UInt8] = []
  private(set) var comments: [(line: Int, text: String)] = []

  init(_ text: String) { self.text = Array(text.utf8) }

  mutating func run() { readCode(untilParenthesis: false) }

  private func byte(_ offset: Int = 0) -> UInt8 { position + offset < text.count ? text[position + offset] : 0 }

  private func starts(_ word: String) -> Bool {
    text[position...].starts(with: word.utf8)
  }

  /// Moves on, keeping the bytes as code, or blank with its newlines kept.
  private mutating func take(_ count: Int, asCode: Bool) {
    for _ in 0..<count where position < text.count {
      let next = text[position]
      if next == UInt8(ascii: "\n") { line += 1 }
      code.append(asCode || next == UInt8(ascii: "\n") ? next : UInt8(ascii: " "))
      position += 1
    }
  }

  private mutating func readCode(untilParenthesis: Bool) {
    var depth = 0
    while position < text.count {
      if starts("//") {
        readLineComment()
      } else if starts("/*") {
        readBlockComment()
      } else if let hashes = stringStart() {
        readString(hashes)
      } else {
        if byte() == UInt8(ascii: "(") { depth += 1 }
        if byte() == UInt8(ascii: ")") {
          if untilParenthesis, depth == 0 { return }
          depth -= 1
        }
        take(1, asCode: true)
      }
    }
  }

  private mutating func readLineComment() {
    let (start, first) = (position, line)
    while position < text.count, byte() != UInt8(ascii: "\n") { take(1, asCode: false) }
    comments.append((first, String(decoding: text[start..<position], as: UTF8.self)))
  }

  private mutating func readBlockComment() {
    let (start, first) = (position, line)
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        take(2, asCode: false)
      } else if starts("*/") {
        depth -= 1
        take(2, asCode: false)
      } else {
        take(1, asCode: false)
      }
    } while depth > 0 && position < text.count
    comments.append((first, String(decoding: text[start..<position], as: UTF8.self)))
  }

  /// How many number signs open a string here; nil when none begins.
  private func stringStart() -> Int? {
    var hashes = 0
    while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
    return byte(hashes) == UInt8(ascii: "\"") ? hashes : nil
  }

  private mutating func readString(_ hashes: Int) {
    let signs = String(repeating: "#", count: hashes)
    take(hashes, asCode: false)
    let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
    // A quote stays, so that the code still shows where a literal stood.
    take(quotes.utf8.count, asCode: true)
    while position < text.count {
      if starts(quotes + signs) {
        take(quotes.utf8.count, asCode: true)
        take(hashes, asCode: false)
        return
      }
      if starts("\\" + signs + "(") {
        take(hashes + 1, asCode: false)
        take(1, asCode: true)
        readCode(untilParenthesis: true)
        take(1, asCode: true)
      } else if starts("\\" + signs) {
        take(hashes + 2, asCode: false)
      } else if quotes.utf8.count == 1, byte() == UInt8(ascii: "\n") {
        return
      } else {
        take(1, asCode: false)
      }
    }
  }
}
