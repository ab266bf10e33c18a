import SofaDB

/// The file that `--output` names. Bytes go to a temporary name beside it, which takes the name only when everything
/// is there and durable: nobody ever sees half a result.
final class OutputFile: Sendable {
  private let directory: any Directory
  private let name: String
  private let temporary: String
  private let file: any AppendFile
  private let replacing: Bool

  /// Refuses a path that exists unless `replacing`.
  init(at path: String, replacing: Bool, _ fileSystem: any FileSystem) throws(DatabaseError) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    guard !name.isEmpty, name != ".", name != ".." else {
      throw DatabaseError(.invalid, file: path, "not the name of a file")
    }
    if let present = try fileSystem.attributes(at: path) {
      guard present.kind == .file else { throw DatabaseError(.alreadyExists, file: path, "exists and is no file") }
      guard replacing else { throw DatabaseError(.alreadyExists, file: path, "exists; --overwrite replaces it") }
    }
    self.replacing = replacing
    directory = try fileSystem.directory(at: slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
    temporary = ".\(name).partial"
    if try directory.attributes(of: temporary) != nil { try directory.remove(temporary) }
    file = try directory.create(temporary)
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
