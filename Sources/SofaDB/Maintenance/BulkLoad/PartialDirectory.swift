/// A new directory that has its name only when it is complete.
///
/// `NAME` is built as `NAME.partial` beside it. The first file in there is a marker, locked and durable before anything
/// else is written, so that the next run knows what a crash left behind and never removes a directory that is somebody
/// else's. `commit` renames, which the file system does whole or not at all.
///
///     1. create NAME.partial, lock the marker in it, sync both directories
///     2. the owner creates files and syncs each of them
///     3. sync NAME.partial, rename it to NAME, sync the parent
///     4. remove the marker, sync NAME
///
/// A crash leaves no `NAME` before the rename of step 3 is durable, and a complete one, perhaps with the marker, after.
final class PartialDirectory: @unchecked Sendable {
  /// The marker of loads.
  static let marker = "BULK-LOAD"
  static let suffix = ".partial"

  let directory: any Directory
  private let parent: any Directory
  private let name: String
  private let path: String
  private let marker: String
  private var lock: (any FileLock)?
  private var replacesEmpty: Bool

  private var partialName: String { name + PartialDirectory.suffix }

  /// `alreadyExists` when `path` exists and is more than an empty directory; `locked` when another run is building it.
  /// `marker`: the name of the first file, one for each kind of work.
  init(
    _ path: String, in fileSystem: any FileSystem, marker: String = PartialDirectory.marker
  ) throws(DatabaseError) {
    let parts = try PathParts(path)
    self.path = path
    self.marker = marker
    name = parts.name
    parent = try fileSystem.directory(at: parts.directory)
    replacesEmpty = try PartialDirectory.isEmptyDirectory(name, path: path, in: parent)
    try PartialDirectory.removeStale(name + PartialDirectory.suffix, in: parent, marker)
    directory = try parent.createDirectory(name + PartialDirectory.suffix)
    do throws(DatabaseError) {
      lock = try directory.lock(marker)
      try directory.sync()
      try parent.sync()
    } catch {
      discard()
      throw error
    }
  }

  private static func isEmptyDirectory(
    _ name: String, path: String, in parent: any Directory
  ) throws(DatabaseError) -> Bool {
    guard let attributes = try parent.attributes(of: name) else { return false }
    guard attributes.kind == .directory else { throw DatabaseError(.alreadyExists, file: path, "it exists") }
    let names = try parent.readableDirectory(name).entries().map(\.name)
    if names.isEmpty { return true }
    let holdsDatabase = names.contains { DatabaseFile(name: $0) == .current }
    throw DatabaseError(
      .alreadyExists, file: path,
      holdsDatabase
        ? "it holds a database, and a load makes a new one: load into tables, then ingest them"
        : "the directory exists and is not empty")
  }

  /// Removes what an earlier run has left; refuses what does not look like that.
  private static func removeStale(
    _ name: String, in parent: any Directory, _ marker: String
  ) throws(DatabaseError) {
    guard let attributes = try parent.attributes(of: name) else { return }
    let refusal = DatabaseError(
      .alreadyExists, file: name, "it exists, and was not left by an interrupted run; it has to be moved away")
    guard attributes.kind == .directory else { throw refusal }
    let stale = try parent.directory(name)
    let entries = try stale.entries()
    if !entries.isEmpty {
      guard entries.contains(where: { $0.name == marker }), entries.allSatisfy({ $0.kind == .file }) else {
        throw refusal
      }
      let lock = try stale.lock(marker)
      try removeFiles(of: stale, marker)
      lock.release()
    }
    try parent.removeDirectory(name)
    try parent.sync()
  }

  /// The marker goes last, and only when the others are gone for good.
  private static func removeFiles(of directory: any Directory, _ marker: String) throws(DatabaseError) {
    for entry in try directory.entries() where entry.name != marker { try directory.remove(entry.name) }
    try directory.sync()
    if try directory.attributes(of: marker) != nil { try directory.remove(marker) }
  }

  /// Gives the directory its name. All its files are complete and synced.
  ///
  /// Throws `unsettled` when the result has its name, or may have it, and a crash may still take it away; after any
  /// other error there is none.
  func commit() throws(DatabaseError) {
    try directory.sync()
    if replacesEmpty { try parent.removeDirectory(name) }
    do throws(DatabaseError) {
      try parent.rename(partialName, to: name, replacing: false)
      lock?.release()
      lock = nil
      if !Mutant.resultNameNotSynced.isOn { try parent.sync() }
    } catch {
      guard hasMoved else { throw error }
      throw DatabaseError(
        .unsettled, file: path, "the result is complete, but a crash may still take its name away: \(error.detail)")
    }
  }

  /// Not knowing counts as yes: then nothing is promised.
  private var hasMoved: Bool {
    do throws(DatabaseError) {
      return try parent.attributes(of: partialName) == nil
    } catch {
      return true
    }
  }

  /// Removes the marker from the committed directory.
  func removeMarker() throws(DatabaseError) {
    try directory.remove(marker)
    try directory.sync()
  }

  /// Removes everything, as far as that works; what stays is recognised by the next run. Does nothing once the
  /// directory has its name, even when the rename was reported to have failed.
  func discard() {
    do throws(DatabaseError) {
      guard try parent.attributes(of: partialName) != nil else { return }
      try PartialDirectory.removeFiles(of: directory, marker)
      lock?.release()
      lock = nil
      try parent.removeDirectory(partialName)
      try parent.sync()
    } catch {
      // Whoever discards has an error that says more.
      lock?.release()
      lock = nil
    }
  }
}
