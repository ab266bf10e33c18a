/// The changes that offline commands made to a database and that can be undone.
///
///     sofatool.undo/
///       1-compact/            one change; NUMBER-COMMAND is its id
///         change.json         ChangeRecord; without it nothing outside this directory has changed
///         loss.ndjson         what a repair could not bring back, if anything was repaired
///         old/                CURRENT, the MANIFEST and every file that the change takes away, as hard links
///         new/                what the change brings, until it is settled
///
/// It is a directory because the engines remove files of their own kinds that no MANIFEST names, and pass over
/// directories. Every step leaves a state that `settle` can tell from the names and from CURRENT:
///
///     no change.json                        never begun: the directory is removed
///     CURRENT as in old/                    rolled back: what was linked is unlinked, the directory is removed
///     CURRENT names the new MANIFEST        committed: the old names are unlinked, new/ is removed
///     neither                               an engine has used the database since: nothing is touched
///
/// A name in the database's directory is only ever unlinked when old/ or new/ holds the same file (the same inode), so
/// that nothing of anybody else's is lost.
public struct Journal: Sendable {
  public static let name = "sofatool.undo"

  private let database: any Directory

  /// The caller holds the lock of the database in `directory` if it does more than list.
  init(_ directory: any Directory) { database = directory }

  /// Every change there is, oldest first. Reads only.
  public static func entries(of database: any ReadableDirectory) throws(DatabaseError) -> [JournalEntry] {
    guard let attributes = try database.attributes(of: name), attributes.kind == .directory else { return [] }
    var entries: [JournalEntry] = []
    let directory = try database.readableDirectory(name)
    for entry in try directory.entries() where entry.kind == .directory {
      guard let number = number(of: entry.name) else { continue }
      entries.append(try JournalEntry(entry.name, number: number, in: directory, database: database))
    }
    return entries.sorted { $0.number < $1.number }
  }

  /// Brings every change that a crash or a fault cut off to its end, one way or the other.
  func settle() throws(DatabaseError) {
    guard try database.attributes(of: Journal.name)?.kind == .directory else { return }
    for entry in try Journal.entries(of: database).reversed() where entry.state != .settled {
      try OpenJournalEntry(entry.id, in: database).settle(entry)
    }
    try removeIfEmpty()
  }

  /// A new, empty entry, durable.
  func begin(_ command: String) throws(DatabaseError) -> OpenJournalEntry {
    let last = try Journal.entries(of: database).last?.number ?? 0
    let journal: any Directory
    if try database.attributes(of: Journal.name) == nil {
      journal = try database.createDirectory(Journal.name)
      try database.sync()
    } else {
      journal = try database.directory(Journal.name)
    }
    let id = "\(last + 1)-\(command)"
    let entry = try journal.createDirectory(id)
    _ = try entry.createDirectory(OpenJournalEntry.new)
    _ = try entry.createDirectory(OpenJournalEntry.old)
    try entry.sync()
    try journal.sync()
    return try OpenJournalEntry(id, in: database)
  }

  /// Numbers that files in the journal have: no new file may get one of them.
  func largestNumber() throws(DatabaseError) -> UInt64 {
    var largest: UInt64 = 0
    for entry in try Journal.entries(of: database) {
      let names = entry.old + entry.new + (entry.record.map { $0.added + $0.removed } ?? [])
      for file in names { largest = max(largest, DatabaseFile(name: file.name).number ?? 0) }
      largest = max(largest, entry.record?.manifest ?? 0)
    }
    return largest
  }

  func removeIfEmpty() throws(DatabaseError) {
    guard try database.attributes(of: Journal.name)?.kind == .directory,
      try database.readableDirectory(Journal.name).entries().isEmpty
    else { return }
    try database.removeDirectory(Journal.name)
    try database.sync()
  }

  /// The number of an id, `NUMBER-COMMAND`.
  static func number(of id: String) -> Int? {
    guard let dash = id.utf8.firstIndex(of: UInt8(ascii: "-")), dash != id.startIndex else { return nil }
    let digits = id[..<dash]
    guard digits.utf8.count <= 9, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return Int(digits)
  }
}
