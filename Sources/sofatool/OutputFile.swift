import SofaDB

/// A file that a command was told to write. Bytes go to a temporary name beside it, which takes the name only when
/// everything is there and durable: nobody ever sees half a result.
final class OutputFile: Sendable {
  private let directory: any Directory
  private let name: String
  private let temporary: String
  private let file: any AppendFile
  private let replacing: Bool

  /// Refuses a path that exists unless `replacing`.
  init(
    at path: String, replacing: Bool, access: FileAccess = .asDirectory, _ fileSystem: any FileSystem
  ) throws(DatabaseError) {
    let parts = try PathParts(path)
    name = parts.name
    if let present = try fileSystem.attributes(at: path) {
      guard present.kind == .file else { throw DatabaseError(.alreadyExists, file: path, "exists and is no file") }
      guard replacing else { throw DatabaseError(.alreadyExists, file: path, "exists; --overwrite replaces it") }
    }
    self.replacing = replacing
    directory = try fileSystem.directory(at: parts.directory)
    temporary = ".\(name).partial"
    if try directory.attributes(of: temporary) != nil { try directory.remove(temporary) }
    file = try directory.create(temporary, access: access)
  }

  /// Puts `bytes` at `path`: either all of them, durable, or what was there before.
  static func write(
    _ bytes: [UInt8], to path: String, access: FileAccess, _ fileSystem: any FileSystem
  ) throws(DatabaseError) {
    let file = try OutputFile(at: path, replacing: true, access: access, fileSystem)
    do throws(DatabaseError) {
      var content = ByteWriter(capacity: bytes.count)
      content.append(bytes)
      try file.write(content.bytes)
      try file.commit()
    } catch {
      file.discard()
      throw error
    }
  }

  /// Refuses a path inside the database directory `database`, by whatever name: nothing that reads it writes there.
  static func refuse(
    _ path: String, inside database: String, _ fileSystem: any FileSystem
  ) throws(DatabaseError) {
    guard let forbidden = try fileSystem.attributes(at: database) else { return }
    var parent = try PathParts(path).directory
    var last: FileAttributes?
    // Up to the root, which is its own parent.
    while let found = try fileSystem.attributes(at: parent) {
      if found.fileID == forbidden.fileID, found.device == forbidden.device {
        throw DatabaseError(.invalid, file: path, "lies inside the database, where nothing may be written")
      }
      if let last, last.fileID == found.fileID, last.device == found.device { return }
      last = found
      parent += "/.."
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) { try file.append(bytes) }

  /// Makes the result durable under its name.
  func commit() throws(DatabaseError) {
    try file.sync()
    try file.close()
    try directory.rename(temporary, to: name, replacing: replacing)
    try directory.sync()
  }

  /// Removes what was written so far.
  func discard() {
    do throws(DatabaseError) {
      try file.close()
      try directory.remove(temporary)
    } catch {
      // The error that led here says more.
    }
  }
}
