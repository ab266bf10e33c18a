/// What tells two states of a database, or of two databases, apart. Families are matched by name, tables and blob files
/// by number within their family.
public struct StateDifference: Sendable, Equatable {
  public struct Number: Sendable, Equatable {
    public var name: String
    /// nil for what belongs to the database.
    public var family: String?
    public var before: UInt64
    public var after: UInt64
  }

  /// One that is only in one of the states, on another level, or described in another way.
  public struct Table: Sendable, Equatable {
    public enum Change: String, Sendable { case added, dropped, moved, changed }

    public var family: String
    public var before: TableMetadata?
    public var after: TableMetadata?

    public var number: UInt64 { after?.number ?? before?.number ?? 0 }
    public var change: Change {
      guard let before else { return .added }
      guard let after else { return .dropped }
      return before.level != after.level ? .moved : .changed
    }
  }

  public struct Blob: Sendable, Equatable {
    public var family: String
    public var before: BlobFileMetadata?
    public var after: BlobFileMetadata?
    public var number: UInt64 { after?.number ?? before?.number ?? 0 }
  }

  public private(set) var numbers: [Number] = []
  public private(set) var addedFamilies: [String] = []
  public private(set) var droppedFamilies: [String] = []
  /// By family, then by number.
  public private(set) var tables: [Table] = []
  public private(set) var blobs: [Blob] = []

  public var isEmpty: Bool {
    numbers.isEmpty && addedFamilies.isEmpty && droppedFamilies.isEmpty && tables.isEmpty && blobs.isEmpty
  }

  public init(from before: Version, to after: Version) {
    compare("last-sequence", before.lastSequence, after.lastSequence)
    compare("next-file", before.nextFileNumber, after.nextFileNumber)
    compare("previous-log-number", before.previousLogNumber, after.previousLogNumber)
    compare("min-log-number", before.minLogNumberToKeep, after.minLogNumberToKeep)
    let names = before.families.map(\.name) + after.families.map(\.name).filter { before.family(named: $0) == nil }
    for name in names { compare(name, before.family(named: name), after.family(named: name)) }
  }

  private mutating func compare(_ name: String, _ before: UInt64, _ after: UInt64, family: String? = nil) {
    if before != after { numbers.append(Number(name: name, family: family, before: before, after: after)) }
  }

  private mutating func compare(_ name: String, _ before: ColumnFamily?, _ after: ColumnFamily?) {
    if before == nil { addedFamilies.append(name) }
    if after == nil { droppedFamilies.append(name) }
    if let before, let after { compare("log-number", before.logNumber, after.logNumber, family: name) }
    let old = Dictionary(before?.tables.map { ($0.number, $0) } ?? [], uniquingKeysWith: { $1 })
    let new = Dictionary(after?.tables.map { ($0.number, $0) } ?? [], uniquingKeysWith: { $1 })
    for number in Set(old.keys).union(new.keys).sorted() where old[number] != new[number] {
      tables.append(Table(family: name, before: old[number], after: new[number]))
    }
    let oldBlobs = Dictionary(before?.blobFiles.map { ($0.number, $0) } ?? [], uniquingKeysWith: { $1 })
    let newBlobs = Dictionary(after?.blobFiles.map { ($0.number, $0) } ?? [], uniquingKeysWith: { $1 })
    for number in Set(oldBlobs.keys).union(newBlobs.keys).sorted() where oldBlobs[number] != newBlobs[number] {
      blobs.append(Blob(family: name, before: oldBlobs[number], after: newBlobs[number]))
    }
  }
}

// MARK: For people

extension StateDifference {
  /// One line each: `+` for what only the second state has, `-` for the first, `~` for what is in both.
  public func lines(showKeys: Bool) -> [String] {
    let style = ManifestLines(DumpStyle(showsKeys: showKeys))
    var lines = numbers.map { number in
      let place = number.family.map { "family \(EscapedText.printable($0)): " } ?? ""
      return "~ \(place)\(number.name) \(number.before) -> \(number.after)"
    }
    lines += droppedFamilies.map { "- family \(EscapedText.printable($0))" }
    lines += addedFamilies.map { "+ family \(EscapedText.printable($0))" }
    for table in tables {
      let family = EscapedText.printable(table.family)
      switch (table.before, table.after) {
      case (let before?, nil): lines.append("- \(family) \(style.table(before))")
      case (nil, let after?): lines.append("+ \(family) \(style.table(after))")
      case (let before?, let after?):
        let way = before.level != after.level ? "L\(before.level) -> " : ""
        lines.append("~ \(family) \(way)\(style.table(after))\(StateDifference.changes(before, after))")
      case (nil, nil): break
      }
    }
    for blob in blobs {
      let sign = blob.before == nil ? "+" : blob.after == nil ? "-" : "~"
      if let shown = blob.after ?? blob.before {
        lines.append("\(sign) \(EscapedText.printable(blob.family)) blob \(style.blob(shown))")
      }
    }
    return lines
  }

  /// What else differs than the level.
  private static func changes(_ before: TableMetadata, _ after: TableMetadata) -> String {
    var names: [String] = []
    if before.size != after.size { names.append("size was \(before.size)") }
    if before.smallest != after.smallest || before.largest != after.largest { names.append("bounds differ") }
    if (before.smallestSequence, before.largestSequence) != (after.smallestSequence, after.largestSequence) {
      names.append("seq was \(before.smallestSequence)..\(before.largestSequence)")
    }
    if before.epoch != after.epoch { names.append("epoch was \(before.epoch.map { "\($0)" } ?? "none")") }
    return names.isEmpty ? "" : " (\(names.joined(separator: ", ")))"
  }
}

// MARK: For programs

extension StateDifference {
  /// `{"record":"difference",...}`, one a line.
  public func encode(into json: inout JSONWriter, showKeys: Bool) {
    let style = DumpStyle(isJSON: true, showsKeys: showKeys)
    for number in numbers {
      StateDifference.record("number", "changed", number.family, into: &json) { json in
        json.field("name", number.name)
        json.field("before", number.before)
        json.field("after", number.after)
      }
    }
    for (names, change) in [(droppedFamilies, "dropped"), (addedFamilies, "added")] {
      for name in names { StateDifference.record("family", change, name, into: &json) { _ in } }
    }
    for table in tables {
      StateDifference.record("table", table.change.rawValue, table.family, into: &json) { json in
        json.field("number", table.number)
        for (name, state) in [("before", table.before), ("after", table.after)] {
          guard let state else { continue }
          json.key(name)
          json.beginObject()
          ManifestRecords.members(of: state, style, into: &json)
          json.endObject()
        }
      }
    }
    for blob in blobs {
      let change = blob.before == nil ? "added" : blob.after == nil ? "dropped" : "changed"
      StateDifference.record("blob", change, blob.family, into: &json) { json in json.field("number", blob.number) }
    }
  }

  private static func record(
    _ what: String, _ change: String, _ family: String?, into json: inout JSONWriter,
    _ members: (inout JSONWriter) -> Void
  ) {
    json.beginObject()
    json.field("record", "difference")
    json.field("schema", 1)
    json.field("what", what)
    json.field("change", change)
    if let family { json.field("cf", EscapedText.printable(family)) }
    members(&json)
    json.endObject()
    json.newline()
  }
}
