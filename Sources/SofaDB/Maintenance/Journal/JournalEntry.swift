/// One change in the journal of a database, as its files tell: a value that was read without writing anything.
public struct JournalEntry: Sendable {
  public enum State: String, Sendable {
    /// Cut off before anything outside the journal changed, or before CURRENT was switched.
    case unfinished
    /// CURRENT was switched, and the tidying up is left.
    case committed
    /// Nothing is left to do; whether it can be undone is asked with `obstacle`.
    case settled
  }

  /// `NUMBER-COMMAND`.
  public let id: String
  public let number: Int
  public let record: ChangeRecord?
  public let state: State
  /// Why it cannot be undone now, in words; nil when it can.
  public let obstacle: String?
  /// Bytes that only the journal keeps from being freed.
  public let bytesHeld: UInt64
  let old: [ChangeRecord.File]
  let new: [ChangeRecord.File]

  init(
    _ id: String, number: Int, in journal: any ReadableDirectory, database: any ReadableDirectory
  ) throws(DatabaseError) {
    self.id = id
    self.number = number
    let directory = try journal.readableDirectory(id)
    var flaw: String?
    do throws(DatabaseError) {
      record = try JournalEntry.record(in: directory)
    } catch {
      guard error.kind == .corruption else { throw error }
      // What it did is not known any more: it is in nobody's way, and only a person may remove it.
      record = nil
      flaw = "its record cannot be read: \(error.detail)"
    }
    var held: UInt64 = 0
    var files: [String: [ChangeRecord.File]] = [:]
    for part in [OpenJournalEntry.old, OpenJournalEntry.new] {
      guard try directory.attributes(of: part)?.kind == .directory else { continue }
      let folder = try directory.readableDirectory(part)
      for entry in try folder.entries() where entry.kind == .file {
        guard let attributes = try folder.attributes(of: entry.name) else { continue }
        files[part, default: []].append(ChangeRecord.File(name: entry.name, size: attributes.size))
        if attributes.linkCount == 1 { held += attributes.size }
      }
    }
    bytesHeld = held
    old = files[OpenJournalEntry.old] ?? []
    new = files[OpenJournalEntry.new] ?? []
    guard let record else {
      state = flaw == nil ? .unfinished : .settled
      obstacle = flaw ?? "it was cut off before it changed anything"
      return
    }
    let now = try CurrentState(database, record, old: directory)
    let isTidy = try directory.attributes(of: OpenJournalEntry.new) == nil
    switch now {
    case .old: state = .unfinished
    case .new: state = isTidy ? .settled : .committed
    case .other: state = .settled
    }
    obstacle =
      record.isFinal
      ? "the tables were moved in, and undoing would delete their only copy"
      : try JournalEntry.obstacle(now, record, database)
  }

  static func record(in directory: any ReadableDirectory) throws(DatabaseError) -> ChangeRecord? {
    guard try directory.attributes(of: OpenJournalEntry.record) != nil else { return nil }
    let file = try directory.open(OpenJournalEntry.record)
    guard file.size <= ChangeRecord.largestSize else {
      throw DatabaseError(.corruption, file: file.name, "too long for a change record")
    }
    let content = try file.readExactly(Int(file.size), at: 0)
    defer { withExtendedLifetime(content) {} }
    do throws(FormatError) {
      return try ChangeRecord.decode(content.bytes)
    } catch {
      throw DatabaseError(error, file: file.name)
    }
  }

  /// What an undo would have to overwrite: whatever an engine wrote since the change.
  private static func obstacle(
    _ now: CurrentState, _ record: ChangeRecord, _ database: any ReadableDirectory
  ) throws(DatabaseError) -> String? {
    switch now {
    case .old: return "it was cut off before it took place; the next command that changes the database clears it away"
    case .other: return "CURRENT has changed since: the database was used, or a later change has to be undone first"
    case .new: break
    }
    let name = DatabaseFile.manifest(record.manifest).name
    guard try database.attributes(of: name)?.size == record.manifestSize,
      try digest(of: name, in: database) == record.manifestDigest
    else { return "\(name) has changed since: the database was used" }
    var logs: [ChangeRecord.File] = []
    for entry in try database.entries() {
      let file = DatabaseFile(name: entry.name)
      if case .log = file {
        logs.append(ChangeRecord.File(name: entry.name, size: try database.attributes(of: entry.name)?.size ?? 0))
      } else if let number = file.number, number > record.manifest {
        return "\(entry.name) is newer than the change: the database was used"
      }
    }
    if Set(logs.map(\.name)) != Set(record.logs.map(\.name)) || !logs.allSatisfy(record.logs.contains) {
      return "its logs have changed since: the database was used"
    }
    return nil
  }

  static func digest(of name: String, in directory: any ReadableDirectory) throws(DatabaseError) -> [UInt8] {
    let file = try directory.open(name)
    var hash = SHA256()
    var offset: UInt64 = 0
    let piece: UInt64 = 1 << 20
    while offset < file.size {
      let bytes = try file.readExactly(Int(min(piece, file.size - offset)), at: offset)
      withExtendedLifetime(bytes) { hash.update(bytes.bytes) }
      offset += UInt64(bytes.bytes.count)
    }
    return hash.digest()
  }
}

/// Which state CURRENT is in, seen from one change.
enum CurrentState: Equatable {
  case old, new, other

  /// `old` is the directory of the change.
  init(
    _ database: any ReadableDirectory, _ record: ChangeRecord, old entry: any ReadableDirectory
  ) throws(DatabaseError) {
    let now = try CurrentState.content(database)
    if now == Array((DatabaseFile.manifest(record.manifest).name + "\n").utf8) {
      self = .new
      return
    }
    let before = try CurrentState.content(entry.readableDirectory(OpenJournalEntry.old))
    self = now == before ? .old : .other
  }

  /// nil when there is none. A CURRENT of more than a block is nobody's.
  private static func content(_ directory: any ReadableDirectory) throws(DatabaseError) -> [UInt8]? {
    guard try directory.attributes(of: CurrentFile.name) != nil else { return nil }
    let file = try directory.open(CurrentFile.name)
    let bytes = try file.readExactly(Int(min(file.size, 4096)), at: 0)
    return withExtendedLifetime(bytes) { Array(bytes.bytes) }
  }
}

extension JournalEntry {
  /// One record of `undo --json`.
  public func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "change")
    json.field("schema", ChangeRecord.schema)
    json.field("id", id)
    if let record {
      json.field("summary", record.summary)
      json.field("time", UTCTime.text(record.time))
    }
    json.field("state", state.rawValue)
    json.field("undoable", obstacle == nil)
    if let obstacle { json.field("obstacle", obstacle) }
    json.field("bytes_held", bytesHeld)
    ChangeRecord.encode("added", record?.added ?? [], into: &json)
    ChangeRecord.encode("removed", record?.removed ?? [], into: &json)
    json.endObject()
    json.newline()
  }
}
