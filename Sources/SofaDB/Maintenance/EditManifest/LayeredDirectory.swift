/// A database's directory together with the files that its journal keeps: what earlier states named is found there
/// again. A file in the directory itself hides those of the same name. Reads only.
final class LayeredDirectory: ReadableDirectory {
  private let base: any ReadableDirectory
  /// The journal's folders by the names of what only they have, newest change first.
  private let kept: [String: any ReadableDirectory]
  /// The same names, and the ids of the changes that took them away.
  let changes: [String: String]

  /// What the journal has of the names that are `wanted`.
  init(_ base: any ReadableDirectory, wanted: (DatabaseFile) -> Bool) throws(DatabaseError) {
    self.base = base
    var kept: [String: any ReadableDirectory] = [:]
    var changes: [String: String] = [:]
    for change in try Journal.entries(of: base).reversed() where change.old.contains(where: { wanted($0.file) }) {
      let folder = try base.readableDirectory(Journal.name).readableDirectory(change.id)
        .readableDirectory(OpenJournalEntry.old)
      for file in change.old where wanted(file.file) && kept[file.name] == nil {
        guard try base.attributes(of: file.name) == nil else { continue }
        kept[file.name] = folder
        changes[file.name] = change.id
      }
    }
    self.kept = kept
    self.changes = changes
  }

  var path: String { base.path }

  func entries() throws(DatabaseError) -> [DirectoryEntry] {
    try base.entries() + kept.keys.map { DirectoryEntry(name: $0, kind: .file) }
  }

  func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
    try (kept[name] ?? base).attributes(of: name)
  }

  func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile { try (kept[name] ?? base).open(name) }

  func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    try base.readableDirectory(name)
  }

  func lockState(of name: String) throws(DatabaseError) -> LockState { try base.lockState(of: name) }
}

extension ChangeRecord.File {
  fileprivate var file: DatabaseFile { DatabaseFile(name: name) }
}
