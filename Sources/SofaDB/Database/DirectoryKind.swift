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
    // A link or a pipe with the name of a table is refused by whoever opens it; passed over, it would seem checked.
    for entry in try directory.entries() where entry.kind != .directory {
      switch DatabaseFile(name: entry.name) {
      case .current: hasCurrent = true
      case .manifest: hasManifest = true
      case .table: hasTables = true
      case .log, .blob, .options: hasLogs = true
      default:
        if DirectoryKind.isGoName(entry.name) {
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
      self =
        isGo
        ? .sofaGo
        : hasTables && !hasLogs
          ? .looseTables
          : hasTables || hasLogs ? .damagedDatabase(missing: "CURRENT and MANIFEST") : .other
    }
  }

  /// `memtable.wal`, or digits, an underscore, digits and `.sst`, which no RocksDB table is named.
  static func isGoName(_ name: String) -> Bool {
    if name == "memtable.wal" { return true }
    guard name.hasSuffix(".sst") else { return false }
    let parts = name.utf8.dropLast(4).split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }
  }

  /// Loose tables may have any name with the right ending.
  public static func isTableName(_ name: String) -> Bool { name.hasSuffix(".sst") || name.hasSuffix(".ldb") }
}
