/// What the PATH operands of a command name, sorted out: a database directory, or tables of one directory.
public struct PathScope: Sendable {
  public enum Content: Sendable {
    case database
    /// Files of a database, and CURRENT or every MANIFEST is missing.
    case damagedDatabase(missing: String)
    /// By name: all of a directory, or those that were given.
    case tables([String])
    /// The older SofaDB, written in Go.
    case sofaGo
  }

  /// As the user gave it; for tables that were named one by one, their directory.
  public let path: String
  public let directory: any ReadableDirectory
  public let content: Content

  /// Table files of one directory are taken together, in the order given. Nothing is created for a mistyped path.
  public static func all(
    _ paths: [String], _ fileSystem: any ReadableFileSystem
  ) throws(DatabaseError) -> [PathScope] {
    var scopes: [PathScope] = []
    for path in paths {
      guard let file = try FileTarget.file(at: path, fileSystem) else {
        scopes.append(try PathScope(directory: path, fileSystem))
        continue
      }
      var names = [file.name]
      let together = scopes.firstIndex { scope in
        if case .tables = scope.content, scope.isOfFiles { scope.path == file.directory.path } else { false }
      }
      if let together, case .tables(let before) = scopes[together].content { names = before + names }
      let scope = PathScope(path: file.directory.path, file.directory, .tables(names), isOfFiles: true)
      if let together { scopes[together] = scope } else { scopes.append(scope) }
    }
    return scopes
  }

  /// Whether tables were named one by one.
  private let isOfFiles: Bool

  private init(path: String, _ directory: any ReadableDirectory, _ content: Content, isOfFiles: Bool = false) {
    self.path = path
    self.directory = directory
    self.content = content
    self.isOfFiles = isOfFiles
  }

  private init(directory path: String, _ fileSystem: any ReadableFileSystem) throws(DatabaseError) {
    let directory = try fileSystem.readableDirectory(at: path)
    switch try DirectoryKind(directory) {
    case .database: self.init(path: path, directory, .database)
    case .damagedDatabase(let missing): self.init(path: path, directory, .damagedDatabase(missing: missing))
    case .sofaGo: self.init(path: path, directory, .sofaGo)
    case .looseTables:
      let names = try FileTarget.files(in: directory) { $0.isTableName }.map(\.name)
      self.init(path: path, directory, .tables(names))
    case .other:
      throw DatabaseError(.notFound, file: path, "neither a database nor a directory of tables")
    }
  }

  /// Every table file: those that were named, or all that the directory has.
  public func tables() throws(DatabaseError) -> [FileTarget] {
    if case .tables(let names) = content { return names.map { FileTarget(directory, $0) } }
    return try FileTarget.files(in: directory) { $0.isTableName }
  }
}
