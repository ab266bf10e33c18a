/// Something that a repair cannot bring back, stated as exactly as the files allow: one record of `loss.ndjson`.
///
/// Keys are data of the user: the record holds them, reports on a terminal leave them out unless asked.
public struct RepairLoss: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// Entries of a table whose keys lie between `after` and `before`.
    case entries
    /// Range deletions: what they had deleted becomes visible again.
    case rangeDeletions = "range-deletions"
    /// A whole table.
    case table
    /// Values outside the tables.
    case blobs
    /// Write batches in a log.
    case logRecords = "log-records"
    /// Edits of the MANIFEST: the state that they led to is found from the files.
    case manifestEdits = "manifest-edits"
    /// Proof that tables are in use: one that was compacted away and came back cannot be told from them.
    case liveness
  }

  public var kind: Kind
  /// The damaged file's name in its directory.
  public var file: String
  public var family: String?
  public var level: Int?
  /// Damaged bytes of the file.
  public var offset: UInt64?
  public var length: UInt64?
  /// User keys around what is lost, which are there themselves unless they are the table's own bounds; nil where the
  /// files do not tell.
  public var after: [UInt8]?
  public var before: [UInt8]?
  /// How many entries, records or tables; nil when nothing tells.
  public var count: UInt64?
  /// Whether `count` is exact; otherwise it is the most that it can be.
  public var isExact = false
  /// The smallest and the largest sequence number that can be lost; nil where nothing tells. Of a log: other numbers
  /// are not lost with it.
  public var firstSequence: SequenceNumber?
  public var lastSequence: SequenceNumber?
  /// Whether older versions of the lost keys, or keys that were deleted, can become visible.
  public var mayResurface = false
  /// One sentence without keys.
  public var detail: String

  public init(_ kind: Kind, file: String, detail: String) {
    self.kind = kind
    self.file = file
    self.detail = detail
  }

  /// Appends the record and a newline.
  public func encode(into json: inout JSONWriter, showKeys: Bool = true) {
    json.beginObject()
    json.field("record", "loss")
    json.field("schema", 1)
    json.field("kind", kind.rawValue)
    json.field("file", EscapedText.printable(file))
    if let family { json.field("cf", EscapedText.printable(family)) }
    if let level { json.field("level", level) }
    if let offset { json.field("offset", offset) }
    if let length { json.field("length", length) }
    if showKeys, let after { json.field("after", after, as: .escaped) }
    if showKeys, let before { json.field("before", before, as: .escaped) }
    if let count {
      json.field("count", count)
      json.field("exact", isExact)
    }
    if let firstSequence { json.field("seq_from", firstSequence) }
    if let lastSequence { json.field("seq_to", lastSequence) }
    json.field("may_resurface", mayResurface)
    json.field("detail", EscapedText.printable(detail))
    json.endObject()
    json.newline()
  }

  /// One line for people, without keys.
  public var line: String {
    var text = EscapedText.printable(file)
    if let offset { text += " at \(offset)" }
    if let length { text += "+\(length)" }
    text += ": \(EscapedText.printable(detail))"
    if let count { text += (isExact ? ", " : ", at most ") + counted(count) }
    switch (firstSequence, lastSequence) {
    // At the bottom of the tree there are no others.
    case (_, 0): break
    case (let first?, let last?):
      text += first == last ? ", sequence number \(first)" : ", sequence numbers \(first) to \(last)"
    case (let first?, nil): text += ", sequence numbers from \(first) on"
    case (nil, let last?): text += ", sequence numbers up to \(last)"
    case (nil, nil): break
    }
    if mayResurface { text += "; older or deleted content may become visible" }
    return text
  }

  private func counted(_ count: UInt64) -> String {
    var isOfLog = kind == .logRecords
    if case .log = DatabaseFile(name: file) { isOfLog = true }
    let nouns =
      switch kind {
      case _ where isOfLog: ("write", "writes")
      case .rangeDeletions: ("range deletion", "range deletions")
      case .blobs: ("value", "values")
      case .manifestEdits: ("edit", "edits")
      case .liveness: ("table", "tables")
      case .entries, .table, .logRecords: ("entry", "entries")
      }
    return "\(count) \(count == 1 ? nouns.0 : nouns.1)"
  }
}
