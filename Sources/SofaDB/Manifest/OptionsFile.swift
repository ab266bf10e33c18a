/// A RocksDB `OPTIONS` file, read as data: hints about comparators, merge operators and limits. Nothing in it is
/// trusted; paths are text.
///
///     [Version]                       rocksdb_version=...  options_file_version=1.1
///     [DBOptions]                     key=value lines
///     [CFOptions "name"]              for each column family, followed by
///     [TableOptions/BlockBasedTable "name"]
///
/// `#` starts a comment; a backslash escapes `#`, `:`, itself and the letters of line breaks.
public struct OptionsFile: Sendable, Equatable {
  public struct Family: Sendable, Equatable {
    public var name: String
    public var options: [String: String] = [:]
    public var tableOptions: [String: String] = [:]
  }

  /// Of the RocksDB that wrote it.
  public private(set) var engineVersion: String?
  public private(set) var database: [String: String] = [:]
  public private(set) var families: [Family] = []
  /// Where the last family of a name is in `families`.
  private var places: [String: Int] = [:]
  /// Lines that make no sense, which are passed over.
  public private(set) var unreadLines = 0

  /// Bytes that are read at most: real files have a few kilobytes a family.
  public static let sizeLimit: UInt64 = 16 << 20

  /// The newest one of a directory, with its name; nil when there is none.
  public static func newest(
    in directory: any ReadableDirectory
  ) throws(DatabaseError) -> (name: String, options: OptionsFile)? {
    var newest: (name: String, number: UInt64)?
    for entry in try directory.entries() where entry.kind == .file {
      guard case .options(let number) = DatabaseFile(name: entry.name), number >= newest?.number ?? 0 else { continue }
      newest = (entry.name, number)
    }
    guard let name = newest?.name else { return nil }
    return (name, try read(directory, name: name))
  }

  public static func read(_ directory: any ReadableDirectory, name: String) throws(DatabaseError) -> OptionsFile {
    let file = try directory.open(name)
    guard file.size <= sizeLimit else { throw DatabaseError(.invalid, file: name, "too large for an options file") }
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { OptionsFile(parsing: content.bytes) }
  }

  /// Never fails: what cannot be understood is counted.
  public init(parsing bytes: UnsafeRawBufferPointer) {
    var section = Section.other
    for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      let text = OptionsFile.trimmed(OptionsFile.withoutComment(String(decoding: line, as: UTF8.self)))
      if text.isEmpty { continue }
      if text.hasPrefix("[") {
        section = open(text)
      } else if let equals = text.firstIndex(of: "=") {
        let key = String(OptionsFile.trimmed(text[..<equals]))
        take(key, OptionsFile.unescaped(OptionsFile.trimmed(text[text.index(after: equals)...])), in: section)
      } else {
        unreadLines += 1
      }
    }
  }

  public func family(named name: String) -> Family? { places[name].map { families[$0] } }

  /// Where WALs are when they are not in the database directory; as written.
  public var walDirectory: String? {
    guard let path = database["wal_dir"], !path.isEmpty else { return nil }
    return path
  }

  public var recoveryMode: RecoveryMode? {
    switch database["wal_recovery_mode"] {
    case "kTolerateCorruptedTailRecords": .tolerateCorruptedTail
    case "kAbsoluteConsistency": .absoluteConsistency
    case "kPointInTimeRecovery": .pointInTime
    case "kSkipAnyCorruptedRecords": .skipAnyCorrupted
    default: nil
    }
  }

  public var usesTwoPhaseCommit: Bool { database["allow_2pc"] == "true" }
}

// MARK: Parsing

extension OptionsFile {
  private enum Section {
    case version, database, other
    case family(Int)
    case table(Int)
  }

  private mutating func open(_ header: Substring) -> Section {
    guard header.hasSuffix("]") else {
      unreadLines += 1
      return .other
    }
    let inner = OptionsFile.trimmed(header.dropFirst().dropLast())
    if inner == "Version" { return .version }
    if inner == "DBOptions" { return .database }
    guard let quote = inner.firstIndex(of: "\""), inner.hasSuffix("\""), inner.index(after: quote) < inner.endIndex
    else { return .other }
    let name = OptionsFile.unescaped(inner[inner.index(after: quote)...].dropLast())
    let kind = OptionsFile.trimmed(inner[..<quote])
    if kind == "CFOptions" {
      places[name] = families.count
      families.append(Family(name: name))
      return .family(families.count - 1)
    }
    guard kind.hasPrefix("TableOptions"), let index = places[name] else { return .other }
    return .table(index)
  }

  private mutating func take(_ key: String, _ value: String, in section: Section) {
    switch section {
    case .version: if key == "rocksdb_version" { engineVersion = value }
    case .database: database[key] = value
    case .family(let index): families[index].options[key] = value
    case .table(let index): families[index].tableOptions[key] = value
    case .other: break
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> Substring {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var rest = Substring(text).drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  private static func withoutComment(_ line: String) -> Substring {
    var isEscaped = false
    for index in line.indices {
      if !isEscaped, line[index] == "#" { return line[..<index] }
      isEscaped = !isEscaped && line[index] == "\\"
    }
    return Substring(line)
  }

  private static func unescaped(_ text: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        result.append(character == "n" ? "\n" : character == "r" ? "\r" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}

extension OptionsFile.Family {
  public var comparator: String? { text("comparator") }
  public var levelCount: Int? { text("num_levels").flatMap { Int($0) } }
  public var prefixExtractor: String? { text("prefix_extractor") }

  /// The merge operator's name, and for string appending the delimiter when the file tells it.
  public var mergeOperator: (name: String, delimiter: [UInt8]?)? {
    guard let value = text("merge_operator") else { return nil }
    guard value.hasPrefix("{"), value.hasSuffix("}") else { return (value, nil) }
    var inner = value.dropFirst().dropLast()
    guard inner.hasPrefix("id=") else { return nil }
    inner = inner.dropFirst("id=".count)
    let name = inner.prefix { $0 != ";" }
    let rest = inner.dropFirst(name.count + 1)
    guard rest.hasPrefix("delimiter=") else { return (String(name), nil) }
    // The last property: a semicolon of its own closes it, so one before that belongs to the delimiter.
    var delimiter = rest.dropFirst("delimiter=".count)
    if delimiter.hasSuffix(";") { delimiter = delimiter.dropLast() }
    return (String(name), Array(delimiter.utf8))
  }

  private func text(_ key: String) -> String? {
    guard let value = options[key], !value.isEmpty, value != "nullptr" else { return nil }
    return value
  }
}
