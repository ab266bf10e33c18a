/// What a directory holds, told from its names alone.
public enum DirectoryKind: Sendable, Equatable {
  /// CURRENT and a MANIFEST: LevelDB or RocksDB.
  case database
  /// Files of a database, and CURRENT or every MANIFEST is missing.
  case damagedDatabase(missing: String)
  /// Tables, and nothing that would make them a database.
  case looseTables
  /// The older SofaDB, written in Go.
  case sofaGo
  /// None of these.
  case other

  public init(_ directory: any ReadableDirectory) throws(DatabaseError) {
    var hasCurrent = false
    var hasManifest = false
    var hasTables = false
    var hasLogs = false
    var isGo = false
    for entry in try directory.entries() where entry.kind == .file {
      switch DatabaseFile(name: entry.name) {
      case .current: hasCurrent = true
      case .manifest: hasManifest = true
      case .table: hasTables = true
      case .log, .blob, .options: hasLogs = true
      default:
        if SofaGoDirectory.isFileName(entry.name) {
          isGo = true
        } else if DirectoryKind.isTableName(entry.name) {
          hasTables = true
        }
      }
    }
    switch (hasCurrent, hasManifest) {
    case (true, true): self = .database
    case (true, false): self = .damagedDatabase(missing: "MANIFEST")
    case (false, true): self = .damagedDatabase(missing: "CURRENT")
    case (false, false):
      self = isGo ? .sofaGo : hasTables && !hasLogs ? .looseTables
        : hasTables || hasLogs ? .damagedDatabase(missing: "CURRENT and MANIFEST") : .other
    }
  }

  /// Loose tables may have any name with the right ending.
  public static func isTableName(_ name: String) -> Bool { name.hasSuffix(".sst") || name.hasSuffix(".ldb") }
}
