import SofaDB

/// What the PATH operands of a command name, sorted out: a database directory, or tables of one directory.
struct PathScope {
  enum Content {
    case database
    case tables([String])
    case sofaGo
  }

  /// As the user gave it; for tables that were named one by one, their directory.
  var path: String
  var directory: any ReadableDirectory
  var content: Content

  /// Table files of one directory are taken together, in the order given. Nothing is created for a mistyped path.
  static func all(_ paths: [String], _ fileSystem: any ReadableFileSystem) throws(DatabaseError) -> [PathScope] {
    var scopes: [PathScope] = []
    var tables: [(directory: String, names: [String])] = []
    for path in paths {
      guard let attributes = try fileSystem.attributes(at: path) else {
        throw DatabaseError(.notFound, file: path, "no such file or directory")
      }
      if attributes.kind == .directory {
        scopes.append(try scope(ofDirectory: path, fileSystem))
        continue
      }
      let parts = PathScope.split(path)
      if let index = tables.firstIndex(where: { $0.directory == parts.directory }) {
        tables[index].names.append(parts.name)
      } else {
        tables.append((parts.directory, [parts.name]))
      }
    }
    for (directory, names) in tables {
      scopes.append(
        PathScope(
          path: directory, directory: try fileSystem.readableDirectory(at: directory), content: .tables(names)))
    }
    return scopes
  }

  private static func scope(
    ofDirectory path: String, _ fileSystem: any ReadableFileSystem
  ) throws(DatabaseError) -> PathScope {
    let directory = try fileSystem.readableDirectory(at: path)
    switch try DirectoryKind(directory) {
    case .database, .damagedDatabase: return PathScope(path: path, directory: directory, content: .database)
    case .sofaGo: return PathScope(path: path, directory: directory, content: .sofaGo)
    case .looseTables:
      let names = try directory.entries().filter { $0.kind != .directory && DirectoryKind.isTableName($0.name) }
      return PathScope(path: path, directory: directory, content: .tables(names.map(\.name).sorted()))
    case .other:
      throw DatabaseError(.notFound, file: path, "neither a database nor a directory of tables")
    }
  }

  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
  }
}
