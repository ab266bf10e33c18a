import SofaDB

/// What `dump` was pointed at.
enum DumpSource {
  /// A database, a directory of loose tables, or some table files of one directory; and what was too damaged to be
  /// part of it.
  case view(DatabaseView, DamageLog)
  case sofaGo(SofaGoDirectory)

  init(_ paths: [String], _ fileSystem: any ReadableFileSystem) throws(DatabaseError) {
    let scopes = try PathScope.all(paths, fileSystem)
    guard let scope = scopes.first, scopes.count == 1 else {
      throw DatabaseError(
        .invalid, file: scopes.last?.path ?? "", "one directory, or tables of one directory, can be dumped at a time")
    }
    switch scope.content {
    case .database: self = .view(try DatabaseView(database: scope.directory), DamageLog())
    case .tables(let names):
      let damage = DamageLog()
      self = .view(try DatabaseView(tables: names, in: scope.directory, damage: damage), damage)
    case .damagedDatabase(let missing):
      throw DatabaseError(
        .corruption, file: scope.path,
        "\(missing) missing: a damaged database. Its tables can be dumped by name, and `sofatool verify` checks them")
    case .sofaGo: self = .sofaGo(try SofaGoDirectory(scope.directory))
    }
  }

  /// What the header of a dump says: names without their directories, so that equal databases give equal dumps.
  static func name(_ paths: [String]) -> String {
    paths.map { path in
      do throws(DatabaseError) { return try PathParts(path).name } catch { return path }
    }.joined(separator: " ")
  }
}
