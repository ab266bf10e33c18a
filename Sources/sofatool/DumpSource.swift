import SofaDB

/// Opens what `dump` was pointed at as one view: a database, a directory of loose tables, or some table files of one
/// directory.
enum DumpSource {
  /// The view, and what was too damaged to be part of it.
  static func open(
    _ paths: [String], _ fileSystem: any ReadableFileSystem
  ) throws(DatabaseError) -> (view: DatabaseView, damage: DamageLog) {
    let damage = DamageLog()
    var names: [String] = []
    var parent: (any ReadableDirectory)?
    for path in paths {
      guard let file = try FileTarget.file(at: path, fileSystem) else {
        guard paths.count == 1 else {
          throw DatabaseError(.invalid, file: path, "only one directory can be dumped at a time")
        }
        return (try open(fileSystem.readableDirectory(at: path), damage), damage)
      }
      guard parent.map({ $0.path == file.directory.path }) ?? true else {
        throw DatabaseError(.invalid, file: path, "tables that are dumped together must be in one directory")
      }
      parent = parent ?? file.directory
      names.append(file.name)
    }
    guard let parent else { throw DatabaseError(.invalid, "nothing to dump") }
    return (try DatabaseView(tables: names, in: parent, damage: damage), damage)
  }

  private static func open(
    _ directory: any ReadableDirectory, _ damage: DamageLog
  ) throws(DatabaseError) -> DatabaseView {
    switch try DirectoryKind(directory) {
    case .database: return try DatabaseView(database: directory)
    case .looseTables:
      let names = try FileTarget.files(in: directory) { $0.isTableName }.map(\.name)
      return try DatabaseView(tables: names, in: directory, damage: damage)
    case .damagedDatabase(let missing):
      throw DatabaseError(
        .corruption, file: directory.path,
        "\(missing) missing: a damaged database. `sofatool repair` says what can be rescued; table files can be dumped "
          + "by name")
    case .sofaGo: throw DatabaseError(.unsupported, file: directory.path, "a database of the Go SofaDB")
    case .other: throw DatabaseError(.notFound, file: directory.path, "neither a database nor a directory of tables")
    }
  }
}
