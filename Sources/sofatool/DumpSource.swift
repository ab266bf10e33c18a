import SofaDB

/// What `dump` was pointed at.
enum DumpSource {
  /// A database, a directory of loose tables, or some table files of one directory; and what was too damaged to be
  /// part of it.
  case view(DatabaseView, DamageLog)
  case sofaGo(SofaGoDirectory)

  init(_ paths: [String], _ fileSystem: any ReadableFileSystem) throws(DatabaseError) {
    let damage = DamageLog()
    var names: [String] = []
    var parent: (any ReadableDirectory)?
    for path in paths {
      guard let file = try FileTarget.file(at: path, fileSystem) else {
        guard paths.count == 1 else {
          throw DatabaseError(.invalid, file: path, "only one directory can be dumped at a time")
        }
        self = try DumpSource.open(fileSystem.readableDirectory(at: path), damage)
        return
      }
      guard parent.map({ $0.path == file.directory.path }) ?? true else {
        throw DatabaseError(.invalid, file: path, "tables that are dumped together must be in one directory")
      }
      parent = parent ?? file.directory
      names.append(file.name)
    }
    guard let parent else { throw DatabaseError(.invalid, "nothing to dump") }
    self = .view(try DatabaseView(tables: names, in: parent, damage: damage), damage)
  }

  private static func open(
    _ directory: any ReadableDirectory, _ damage: DamageLog
  ) throws(DatabaseError) -> DumpSource {
    switch try DirectoryKind(directory) {
    case .database: return .view(try DatabaseView(database: directory), damage)
    case .looseTables:
      let names = try FileTarget.files(in: directory) { $0.isTableName }.map(\.name)
      return .view(try DatabaseView(tables: names, in: directory, damage: damage), damage)
    case .damagedDatabase(let missing):
      throw DatabaseError(
        .corruption, file: directory.path,
        "\(missing) missing: a damaged database. Its tables can be dumped by name, and `sofatool verify` checks them"
      )
    case .sofaGo: return .sofaGo(try SofaGoDirectory(directory))
    case .other: throw DatabaseError(.notFound, file: directory.path, "neither a database nor a directory of tables")
    }
  }
}
