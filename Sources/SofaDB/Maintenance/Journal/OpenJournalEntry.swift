/// The directory of one change, with the steps that commit it, roll it back, settle and undo it. `Journal` says what
/// each state looks like. Used by one thread, under the database's lock.
final class OpenJournalEntry: Sendable {
  static let record = "change.json"
  /// What a repair could not bring back.
  static let report = "loss.ndjson"
  static let old = "old"
  static let new = "new"
  private static let partialRecord = "change.json.partial"

  let id: String
  private let database: any Directory
  private let journal: any Directory
  private let directory: any Directory

  init(_ id: String, in database: any Directory) throws(DatabaseError) {
    self.id = id
    self.database = database
    journal = try database.directory(Journal.name)
    directory = try journal.directory(id)
  }

  /// Where the files of the change are made.
  func staging() throws(DatabaseError) -> any Directory { try directory.directory(OpenJournalEntry.new) }

  // MARK: Commit

  /// Keeps `names` of the database, and CURRENT, from being freed.
  func keep(_ names: [String]) throws(DatabaseError) {
    let old = try directory.directory(OpenJournalEntry.old)
    for name in names { try database.link(name, into: old, as: name) }
    if try database.attributes(of: CurrentFile.name) != nil {
      try database.link(CurrentFile.name, into: old, as: CurrentFile.name)
    }
    try old.sync()
  }

  /// Keeps a report for people beside the record.
  func write(report: [UInt8]) throws(DatabaseError) {
    let file = try directory.create(OpenJournalEntry.report)
    do throws(DatabaseError) {
      let content = ByteBuffer(report)
      try withExtendedLifetime(content) { () throws(DatabaseError) in try file.append(content.bytes) }
      try file.sync()
    } catch {
      do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
      throw error
    }
    try file.close()
  }

  /// Makes the intention durable: from here on a crash is rolled back or finished.
  func write(_ record: ChangeRecord) throws(DatabaseError) {
    try staging().sync()
    var content = ByteWriter()
    record.encode().withUnsafeBytes { content.append($0) }
    try directory.create(OpenJournalEntry.partialRecord, holding: content.bytes)
    try directory.rename(OpenJournalEntry.partialRecord, to: OpenJournalEntry.record, replacing: false)
    try directory.sync()
  }

  /// Gives everything in new/ its name in the database, and syncs.
  func publish() throws(DatabaseError) {
    let new = try staging()
    for entry in try new.entries() where entry.kind == .file {
      try new.link(entry.name, into: database, as: entry.name)
    }
    try database.sync()
  }

  // MARK: After a crash, a fault or the commit

  func settle(_ entry: JournalEntry) throws(DatabaseError) {
    switch entry.state {
    case .unfinished: try rollBack()
    case .committed: try finish()
    case .settled: break
    }
  }

  /// CURRENT names the new MANIFEST, durably: what it took away loses its name.
  func finish() throws(DatabaseError) {
    // What an interrupted undo or a first try of this left is the same file, or it is somebody else's.
    let old = try directory.directory(OpenJournalEntry.old)
    for entry in try old.entries() where entry.name != CurrentFile.name {
      try unlink(entry.name, keptIn: old)
    }
    try removeTemporary()
    try database.sync()
    try empty(OpenJournalEntry.new)
    try directory.sync()
  }

  /// CURRENT is as before: the database gets the names back that it had, and loses those that it did not have.
  func rollBack() throws(DatabaseError) {
    if try directory.attributes(of: OpenJournalEntry.record) != nil {
      // Also when nothing was taken away yet: old/ must not be the only place that has a file.
      try restoreNames()
      if try directory.attributes(of: OpenJournalEntry.new) != nil {
        let new = try staging()
        for entry in try new.entries() where entry.kind == .file { try unlink(entry.name, keptIn: new) }
      }
      try removeTemporary()
      try database.sync()
    }
    try remove()
  }

  /// Links what old/ keeps under the names that are free.
  private func restoreNames() throws(DatabaseError) {
    guard try directory.attributes(of: OpenJournalEntry.old) != nil else { return }
    let old = try directory.directory(OpenJournalEntry.old)
    for entry in try old.entries() where entry.kind == .file && entry.name != CurrentFile.name {
      if try database.attributes(of: entry.name) == nil {
        try old.link(entry.name, into: database, as: entry.name)
      }
    }
    try database.sync()
  }

  /// A switch of CURRENT that was cut off leaves the file that was to become CURRENT.
  private func removeTemporary() throws(DatabaseError) {
    guard let record = try JournalEntry.record(in: directory) else { return }
    let temporary = DatabaseFile.temporary(record.manifest).name
    if try database.attributes(of: temporary) != nil { try database.remove(temporary) }
  }

  private func unlink(_ name: String, keptIn folder: any Directory) throws(DatabaseError) {
    guard let here = try database.attributes(of: name), let kept = try folder.attributes(of: name),
      here.fileID == kept.fileID, here.kind == .file, kept.kind == .file
    else { return }
    try database.remove(name)
  }

  // MARK: Undo

  /// Goes back to the state before the change. The entry has no obstacle. Throws `unsettled` when it is undone, or may
  /// be; after any other error it is not.
  func undo(_ record: ChangeRecord) throws(DatabaseError) {
    try checkKept(record)
    let new = try directory.createDirectory(OpenJournalEntry.new)
    let names = record.added.map(\.name) + [DatabaseFile.manifest(record.manifest).name]
    for name in names where try database.attributes(of: name) != nil {
      try database.link(name, into: new, as: name)
    }
    try new.sync()
    try directory.sync()
    do throws(DatabaseError) {
      try restoreNames()
      try restoreCurrent(record)
      try rollBack()
    } catch {
      throw DatabaseError(
        .unsettled, file: error.file, offset: error.offset,
        "\(error.detail); the undoing has begun, and the next command settles it")
    }
  }

  /// All that the old state needs is there, and no name that it needs is somebody else's.
  private func checkKept(_ record: ChangeRecord) throws(DatabaseError) {
    let old = try directory.directory(OpenJournalEntry.old)
    for file in record.removed {
      guard let kept = try old.attributes(of: file.name), kept.kind == .file, kept.size == file.size else {
        throw DatabaseError(
          .corruption, file: "\(directory.path)/\(OpenJournalEntry.old)/\(file.name)",
          "it is missing or has another size: this change cannot be undone any more")
      }
      if let taken = try database.attributes(of: file.name), taken.fileID != kept.fileID {
        throw DatabaseError(.alreadyExists, file: file.name, "another file has this name now; move it away first")
      }
    }
  }

  private func restoreCurrent(_ record: ChangeRecord) throws(DatabaseError) {
    let old = try directory.directory(OpenJournalEntry.old)
    if try old.attributes(of: CurrentFile.name) == nil {
      try database.remove(CurrentFile.name)
    } else {
      let temporary = DatabaseFile.temporary(record.manifest).name
      if try database.attributes(of: temporary) != nil { try database.remove(temporary) }
      try old.link(CurrentFile.name, into: database, as: temporary)
      try database.rename(temporary, to: CurrentFile.name, replacing: true)
    }
    try database.sync()
  }

  // MARK: Removal

  /// Forgets the change. The record goes first: what is left without it is only waste.
  func remove() throws(DatabaseError) {
    for name in [OpenJournalEntry.record, OpenJournalEntry.partialRecord, OpenJournalEntry.report]
    where try directory.attributes(of: name) != nil {
      try directory.remove(name)
      try directory.sync()
    }
    try empty(OpenJournalEntry.new)
    try empty(OpenJournalEntry.old)
    try journal.removeDirectory(id)
    try journal.sync()
  }

  private func empty(_ name: String) throws(DatabaseError) {
    guard try directory.attributes(of: name) != nil else { return }
    let folder = try directory.directory(name)
    for entry in try folder.entries() { try folder.remove(entry.name) }
    try directory.removeDirectory(name)
  }
}
