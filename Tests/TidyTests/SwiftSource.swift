/// A Swift file cut into what the compiler runs and what people read: `code` is the text with comments and the letters
/// of string literals blanked (interpolations stay), line by line as in the file; `comments` are the comments alone.
/// A lexer of the few rules that matter, so that the checks need no compiler.
struct SwiftSource {
  let file: SourceTree.File
  let code: [String]
  let comments: [(line: Int, text: String)]

  init(_ file: SourceTree.File) {
    self.file = file
    var lexer = SwiftLexer(file.text)
    lexer.run()
    code = String(decoding: lexer.code, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    comments = lexer.comments
  }

  /// A declaration of a type or an extension, and how many braces it stands in.
  struct Declaration: Equatable {
    let keyword: String
    let name: String
    let depth: Int
    let isPrivate: Bool
  }

  private static let keywords: Set<String> = [
    "struct", "class", "enum", "protocol", "actor", "typealias", "extension", "associatedtype",
  ]

  var declarations: [Declaration] {
    var found: [Declaration] = []
    var depth = 0
    for line in code {
      let tokens = Self.tokens(line)
      for (index, token) in tokens.enumerated() {
        if token == "{" { depth += 1 }
        if token == "}" { depth -= 1 }
        // `class func` and `.protocol` are no declarations.
        guard Self.keywords.contains(token), index + 1 < tokens.count, tokens[index + 1].first?.isLetter == true,
          index == 0 || tokens[index - 1] != "."
        else { continue }
        guard !["func", "var", "let", "init"].contains(tokens[index + 1]) else { continue }
        let isPrivate = tokens[..<index].contains { $0 == "private" || $0 == "fileprivate" }
        found.append(.init(keyword: token, name: tokens[index + 1], depth: depth, isPrivate: isPrivate))
      }
    }
    return found
  }

  /// Words and single punctuation marks.
  static func tokens(_ line: some StringProtocol) -> [String] {
    var tokens: [String] = []
    var word = ""
    for character in line {
      if character.isLetter || character.isNumber || character == "_" {
        word.append(character)
      } else {
        if !word.isEmpty { tokens.append(word) }
        word = ""
        if character != " " { tokens.append(String(character)) }
      }
    }
    return word.isEmpty ? tokens : tokens + [word]
  }

  /// Every capitalized word that is not a member of something, with its first line.
  var typeWords: [String: Int] {
    var words: [String: Int] = [:]
    for (index, line) in code.enumerated() {
      let tokens = Self.tokens(line)
      for (place, token) in tokens.enumerated() where token.first?.isUppercase == true {
        if place > 0, tokens[place - 1] == "." { continue }
        if words[token] == nil { words[token] = index + 1 }
      }
    }
    return words
  }

  /// Functions, initializers and subscripts with a body: the line of the keyword and of the last brace, from 1.
  var functions: [(name: String, first: Int, last: Int)] {
    let words = code.enumerated().flatMap { index, line in Self.tokens(line).map { (line: index + 1, text: $0) } }
    var found: [(name: String, first: Int, last: Int)] = []
    for (place, word) in words.enumerated() where ["func", "init", "subscript", "deinit"].contains(word.text) {
      if place > 0, words[place - 1].text == "." { continue }
      if word.text == "init", place + 1 < words.count, !["(", "<", "?"].contains(words[place + 1].text) { continue }
      guard let open = Self.body(words.map(\.text), after: place) else { continue }
      var depth = 0
      for close in words[open...] {
        if close.text == "{" { depth += 1 }
        if close.text == "}" { depth -= 1 }
        if depth == 0 {
          let name = word.text == "func" && place + 1 < words.count ? words[place + 1].text : word.text
          found.append((name, word.line, close.line))
          break
        }
      }
    }
    return found
  }

  /// The opening brace of the body, or nil for a requirement of a protocol.
  private static func body(_ words: [String], after place: Int) -> Int? {
    var depth = 0
    for index in words.indices.dropFirst(place + 1) {
      switch words[index] {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case "{" where depth == 0: return index
      case "}" where depth == 0: return nil
      case "func", "var", "let", "init", "static", "associatedtype", "subscript":
        if depth == 0, index > place + 1 { return nil }
      default: break
      }
      if depth < 0 { return nil }
    }
    return nil
  }
}
