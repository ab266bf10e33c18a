/// The long text of one finding code: what it means, what usually causes it, what to do.
public struct FindingExplanation: Sendable {
  public let code: FindingCode
  /// What was observed and what it implies for the data.
  public let meaning: String
  /// Likely causes, likeliest first.
  public let causes: [String]
  /// Steps in order; a line that starts with `sofatool` is a command, DIR and FILE are to be replaced.
  public let next: [String]

  init(_ code: FindingCode, _ meaning: String, causes: [String], next: [String]) {
    self.code = code
    self.meaning = meaning
    self.causes = causes
    self.next = next
  }

  /// Plain text for a terminal of 80 columns.
  public var text: String {
    var lines = ["\(code.rawValue) (\(code.severity.rawValue))", ""]
    lines += FindingExplanation.wrap(meaning, indent: "")
    lines += ["", "Likely causes"]
    for cause in causes { lines += FindingExplanation.wrap(cause, indent: "  ", mark: "- ") }
    lines += ["", "What to do"]
    for (number, step) in next.enumerated() {
      if step.hasPrefix("sofatool ") {
        lines.append("       " + step)
      } else {
        lines += FindingExplanation.wrap(step, indent: "  ", mark: "\(number + 1 - commands(before: number)). ")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func commands(before number: Int) -> Int { next[..<number].count { $0.hasPrefix("sofatool ") } }

  /// Breaks `text` at blanks into lines of at most 78 characters.
  private static func wrap(_ text: String, indent: String, mark: String = "") -> [String] {
    var lines: [String] = []
    var line = indent + mark
    let later = indent + String(repeating: " ", count: mark.count)
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > 78 {
        lines.append(line)
        line = later
        isEmpty = true
      }
      line += isEmpty ? String(word) : " " + word
      isEmpty = false
    }
    lines.append(line)
    return lines
  }

  /// Appends the record and a newline.
  public func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "explanation")
    json.field("schema", 1)
    json.field("code", code.rawValue)
    json.field("severity", code.severity.rawValue)
    json.field("meaning", meaning)
    for (name, list) in [("causes", causes), ("next", next)] {
      json.key(name)
      json.beginArray()
      for text in list { json.value(text) }
      json.endArray()
    }
    json.endObject()
    json.newline()
  }
}
