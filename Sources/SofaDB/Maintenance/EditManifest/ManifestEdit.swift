/// One wish of an operator about the state of a database, as it is spelled on the command line and in scripts:
///
///     drop-file 12          move-file 9:6          add-file 44          add-file 44:5
///     set last-sequence=17                         drop-family NAME
///
/// Edits of one run make one change. Their order means nothing: families go first, then tables go, move and come, and
/// numbers are set last. A file is named once, or dropped and added, which reads its record anew from the file.
public enum ManifestEdit: Sendable, Hashable {
  /// Takes a table out of the state; the journal keeps the file.
  case dropFile(UInt64)
  case moveFile(UInt64, level: Int)
  /// Takes a table of the directory into the state; without a level, on the deepest one that keeps every answer.
  case addFile(UInt64, level: Int?)
  case dropFamily(String)
  case set(Field, UInt64)

  public enum Field: String, Sendable, CaseIterable {
    case lastSequence = "last-sequence"
    case nextFile = "next-file"
    /// Logs with smaller numbers are not replayed any more; of the chosen family, or of all.
    case logNumber = "log-number"
    case minLogNumber = "min-log-number"
  }

  public enum Verb: String, Sendable, CaseIterable {
    case dropFile = "drop-file"
    case moveFile = "move-file"
    case addFile = "add-file"
    case set
    case dropFamily = "drop-family"
  }

  /// Reads what stands behind the verb. Errors count bytes from the start of `text`.
  public init(_ verb: Verb, _ text: String) throws(FormatError) {
    switch verb {
    case .dropFile: self = .dropFile(try ManifestEdit.fileNumber(text[...]))
    case .moveFile:
      let parts = ManifestEdit.parts(text, at: ":")
      guard let level = parts.second else { throw FormatError("not FILE:LEVEL", at: text.utf8.count) }
      self = .moveFile(try ManifestEdit.fileNumber(parts.first), level: try ManifestEdit.level(level))
    case .addFile:
      let parts = ManifestEdit.parts(text, at: ":")
      self = .addFile(
        try ManifestEdit.fileNumber(parts.first), level: try parts.second.map(ManifestEdit.level))
    case .dropFamily:
      guard !text.isEmpty else { throw FormatError("no name", at: 0) }
      self = .dropFamily(text)
    case .set:
      let parts = ManifestEdit.parts(text, at: "=")
      guard let value = parts.second else { throw FormatError("not NAME=NUMBER", at: text.utf8.count) }
      guard let field = Field(rawValue: String(parts.first.replacing("_", with: "-"))) else {
        throw FormatError("the number is none of last-sequence, next-file, log-number, min-log-number", at: 0)
      }
      self = .set(field, try ManifestEdit.number(value, upTo: field.limit))
    }
  }

  /// As it is read again.
  public var text: String {
    switch self {
    case .dropFile(let number): "\(Verb.dropFile.rawValue) \(number)"
    case .moveFile(let number, let level): "\(Verb.moveFile.rawValue) \(number):\(level)"
    case .addFile(let number, let level): "\(Verb.addFile.rawValue) \(number)\(level.map { ":\($0)" } ?? "")"
    case .dropFamily(let name): "\(Verb.dropFamily.rawValue) \(name)"
    case .set(let field, let value): "\(Verb.set.rawValue) \(field.rawValue)=\(value)"
    }
  }

  // MARK: Parts

  private static func parts(_ text: String, at separator: Character) -> (first: Substring, second: Substring?) {
    guard let place = text.lastIndex(of: separator) else { return (text[...], nil) }
    return (text[..<place], text[text.index(after: place)...])
  }

  /// A number, or the name of a table such as 000012.sst.
  private static func fileNumber(_ text: Substring) throws(FormatError) -> UInt64 {
    if case .table(let number, _) = DatabaseFile(name: String(text)), number <= VersionEdit.largestFileNumber {
      return number
    }
    return try number(text, upTo: VersionEdit.largestFileNumber)
  }

  /// `6` or `L6`.
  private static func level(_ text: Substring) throws(FormatError) -> Int {
    let digits = text.first == "L" || text.first == "l" ? text.dropFirst() : text
    let level = try number(digits, upTo: .max)
    guard level < UInt64(VersionEdit.levelLimit) else {
      throw FormatError("levels are 0 to 63", at: text.startIndex.utf16Offset(in: text.base))
    }
    return Int(level)
  }

  private static func number(_ text: Substring, upTo limit: UInt64) throws(FormatError) -> UInt64 {
    let place = text.utf8.startIndex.utf16Offset(in: text.base)
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
      throw FormatError("not a number", at: place)
    }
    guard let value = UInt64(text), value <= limit else { throw FormatError("the number is too large", at: place) }
    return value
  }
}

extension ManifestEdit.Field {
  fileprivate var limit: UInt64 {
    switch self {
    case .lastSequence: SequenceNumber.maximum
    // As many are left as a change may need.
    case .nextFile: VersionEdit.largestFileNumber - (1 << 33)
    case .logNumber, .minLogNumber: VersionEdit.largestFileNumber
    }
  }
}

extension ManifestEdit {
  /// The edits of a script: one a line, as on the command line with or without the two hyphens; `#` at the start of a
  /// line or behind a blank begins a comment. `name` is for messages.
  public static func script(_ bytes: UnsafeRawBufferPointer, name: String) throws(DatabaseError) -> [ManifestEdit] {
    var edits: [ManifestEdit] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      func wrong(_ detail: String) -> DatabaseError {
        DatabaseError(.invalid, file: name, "line \(index + 1): \(detail)")
      }
      guard let text = String(validating: line, as: UTF8.self) else { throw wrong("not UTF-8") }
      let words = withoutComment(text)
      if words.isEmpty { continue }
      let command = words.hasPrefix("--") ? words.dropFirst(2) : words[...]
      let end = command.firstIndex { $0 == " " || $0 == "\t" || $0 == "=" } ?? command.endIndex
      guard let verb = Verb(rawValue: String(command[..<end].replacing("_", with: "-"))) else {
        throw wrong("an edit is one of " + Verb.allCases.map(\.rawValue).joined(separator: ", "))
      }
      do throws(FormatError) {
        edits.append(try ManifestEdit(verb, trimmed(command[end...].dropFirst())))
      } catch { throw wrong("\(verb.rawValue): \(error.reason)") }
    }
    return edits
  }

  private static func withoutComment(_ line: String) -> String {
    var end = line.startIndex
    var afterBlank = true
    while end != line.endIndex {
      if line[end] == "#", afterBlank { break }
      afterBlank = line[end] == " " || line[end] == "\t"
      end = line.index(after: end)
    }
    return trimmed(line[..<end])
  }

  private static func trimmed(_ text: Substring) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
