/// What a repair would do to each file of a database and why, and what is lost either way. A value: printing it changes
/// nothing, `Repair.apply` carries it out.
public struct RepairPlan: Sendable {
  public enum Action: String, Sendable {
    /// Stays as it is.
    case keep
    /// A new table takes its good entries, or its bytes with a flipped bit put right.
    case salvage
    /// A table that the MANIFEST does not list becomes part of the database.
    case adopt
    /// Set aside in the journal: proven to be superseded, unreadable, or not proven to belong to the database.
    case park
    /// Written anew: MANIFEST, CURRENT, or what logs hold as tables.
    case rewrite
    /// Not needed, and harmless where it is.
    case ignore
  }

  public struct Step: Sendable {
    public var action: Action
    /// Names in the directory, as on disk.
    public var file: String
    public var family: String?
    /// Where the table belongs afterwards.
    public var level: Int?
    /// Sentences without keys.
    public var evidence: [String]

    init(_ action: Action, _ file: String, family: String? = nil, level: Int? = nil, _ evidence: [String] = []) {
      self.action = action
      self.file = file
      self.family = family
      self.level = level
      self.evidence = evidence
    }
  }

  public internal(set) var steps: [Step] = []
  public internal(set) var losses: [RepairLoss] = []
  /// What cannot be repaired, or is worth knowing; sentences without keys.
  public internal(set) var remarks: [String] = []

  /// What CURRENT leads to, as far as it can be read.
  var base: Version?
  /// The state that results, without the tables that are still to be written.
  var result = DraftState()
  var rewrites: [Rewrite] = []
  /// Entries of logs that become tables of level 0.
  var logTables: [LogFlush] = []
  /// Names that leave the directory.
  var removed: [String] = []
  /// Whether MANIFEST or CURRENT must be written although nothing else changes.
  var needsManifest = false

  /// Sound tables of the result, for what has to be copied or imitated.
  var sources: [UInt64: Source] = [:]

  struct Source: Sendable {
    var name: String
    /// nil when its footer cannot be read.
    var table: TableFile?
  }

  /// A table that is written anew in the place of another, or of none.
  struct Rewrite: Sendable {
    var rescue: TableRescue
    var family: UInt32
    /// What the MANIFEST says, or would; number and size become those of the new file.
    var metadata: TableMetadata
  }

  /// Whether the database is as good as it can be: nothing would be written.
  public var isNothing: Bool { !needsManifest && rewrites.isEmpty && logTables.isEmpty && removed.isEmpty }

  /// About what the new tables take: as much as those that they replace, and what logs hold.
  func bytesToWrite(_ directory: any ReadableDirectory) throws(DatabaseError) -> UInt64 {
    var bytes: UInt64 = 0
    for rewrite in rewrites { bytes &+= try directory.attributes(of: rewrite.rescue.name)?.size ?? 0 }
    for table in logTables {
      for entry in table.entries.entries { bytes &+= UInt64(entry.key.count + entry.value.count) }
    }
    return bytes
  }

  /// Whether something is lost that no repair brings back.
  public var losesData: Bool { !losses.isEmpty }

  /// Steps other than `keep` and `ignore`.
  public var changes: [Step] { steps.filter { $0.action != .keep && $0.action != .ignore } }
}

extension RepairPlan.Step {
  /// Appends the record and a newline.
  public func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "step")
    json.field("schema", 1)
    json.field("action", action.rawValue)
    json.field("file", EscapedText.printable(file))
    if let family { json.field("cf", EscapedText.printable(family)) }
    if let level { json.field("level", level) }
    json.key("evidence")
    json.beginArray()
    for sentence in evidence { json.value(EscapedText.printable(sentence)) }
    json.endArray()
    json.endObject()
    json.newline()
  }
}
