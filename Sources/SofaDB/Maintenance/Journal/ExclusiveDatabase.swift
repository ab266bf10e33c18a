/// A database that nobody else has open: what every offline command that changes one works on.
///
/// The lock is the engines' own file, LOCK, taken so that RocksDB, LevelDB and SofaDB cannot open the database while
/// this lives, and refused while one of them has it. LOCK is created when it is missing, and never removed. Changes
/// that a crash cut off are settled first. Use from one thread.
public final class ExclusiveDatabase {
  public let directory: any Directory
  private let lock: any FileLock
  let journal: Journal
  let time: any TimeSource

  /// Throws `locked` with the holder, `notFound` or `unsupported` when `path` is no database; nothing is created then.
  /// `isFromTables`: a directory with nothing but tables is taken for a database that lost everything else.
  public init(
    _ path: String, in fileSystem: any FileSystem, time: any TimeSource = SystemTime(), isFromTables: Bool = false
  ) throws(DatabaseError) {
    directory = try fileSystem.directory(at: path)
    self.time = time
    switch try DirectoryKind(directory) {
    case .database, .damagedDatabase: break
    case .looseTables:
      // With a journal it was, or was about to become, a database.
      if isFromTables { break }
      if try directory.attributes(of: Journal.name) != nil { break }
      throw DatabaseError(
        .unsupported, file: path, "these are loose tables, not a database: there is no MANIFEST to change")
    case .sofaGo:
      throw DatabaseError(
        .unsupported, file: path,
        "this is a directory of the older SofaDB, which is only read: bulk-load --input-format sofadb-go converts it")
    case .other: throw DatabaseError(.notFound, file: path, "there is no database in this directory")
    }
    lock = try directory.lock(DatabaseFile.lock.name)
    journal = Journal(directory)
    do throws(DatabaseError) {
      try journal.settle()
    } catch {
      lock.release()
      throw error
    }
  }

  /// Lets others open the database again; also done when this goes away.
  public func close() { lock.release() }

  deinit { lock.release() }

  /// What CURRENT names, replayed. Throws what is damaged; a torn tail is accepted as the engines do.
  public func version() throws(DatabaseError) -> Version {
    try ManifestReader.readCurrent(directory).readableVersion()
  }

  // MARK: Undo

  /// Every change there is, oldest first.
  public func changes() throws(DatabaseError) -> [JournalEntry] { try Journal.entries(of: directory) }

  /// Brings back the state before the change `id`: names and contents as they were. Throws `unsupported` when the
  /// database was used since, `invalid` when there is no such change, `unsettled` when it is undone, or may be.
  public func undo(_ id: String) throws(DatabaseError) {
    let entry = try change(id)
    if let obstacle = entry.obstacle {
      throw DatabaseError(.unsupported, file: directory.path, "\(id) cannot be undone: \(obstacle)")
    }
    guard let record = entry.record else { return }
    try OpenJournalEntry(entry.id, in: directory).undo(record)
    do throws(DatabaseError) {
      try journal.removeIfEmpty()
    } catch {
      throw DatabaseError(.unsettled, file: error.file, "\(error.detail); the change is undone")
    }
  }

  /// Frees what the change `id` keeps; it cannot be undone then.
  public func discard(_ id: String) throws(DatabaseError) {
    try OpenJournalEntry(change(id).id, in: directory).remove()
    try journal.removeIfEmpty()
  }

  private func change(_ id: String) throws(DatabaseError) -> JournalEntry {
    let all = try changes()
    if let entry = all.first(where: { $0.id == id || String($0.number) == id }) { return entry }
    let known = all.isEmpty ? "there is nothing to undo" : "there are \(all.map(\.id).joined(separator: ", "))"
    throw DatabaseError(.invalid, file: directory.path, "there is no change \(id): \(known)")
  }
}
