/// A file that a command was pointed at: a name inside an open directory.
public struct FileTarget: Sendable {
  public let directory: any ReadableDirectory
  public let name: String
  /// As the user knows it.
  public let path: String

  public init(_ directory: any ReadableDirectory, _ name: String) {
    self.directory = directory
    self.name = name
    path = directory.path == "." ? name : directory.path + "/" + name
  }

  public func open() throws(DatabaseError) -> any RandomAccessFile { try directory.open(name) }

  public var file: DatabaseFile { DatabaseFile(name: name) }

  /// The file at `path`; nil when `path` is a directory.
  public static func file(at path: String, _ fileSystem: any ReadableFileSystem) throws(DatabaseError) -> FileTarget? {
    guard let attributes = try fileSystem.attributes(at: path) else {
      throw DatabaseError(.notFound, file: path, "no such file or directory")
    }
    if attributes.kind == .directory { return nil }
    let parts = try PathParts(path)
    return FileTarget(try fileSystem.readableDirectory(at: parts.directory), parts.name)
  }

  /// The files of `directory` that `isWanted`, by number, then by name.
  public static func files(
    in directory: any ReadableDirectory, where isWanted: (DatabaseFile) -> Bool
  ) throws(DatabaseError) -> [FileTarget] {
    var found: [(number: UInt64, target: FileTarget)] = []
    for entry in try directory.entries() where entry.kind != .directory {
      let file = DatabaseFile(name: entry.name)
      if isWanted(file) { found.append((file.number ?? .max, FileTarget(directory, entry.name))) }
    }
    found.sort { ($0.number, $0.target.name) < ($1.number, $1.target.name) }
    return found.map(\.target)
  }
}

extension DatabaseFile {
  /// Whether the name ends like a table's. Loose tables need no number.
  public var isTableName: Bool {
    switch self {
    case .table: true
    case .other(let name): DirectoryKind.isTableName(name)
    default: false
    }
  }
}
