/// A directory of the first SofaDB, which was written in Go: read only, to be imported.
///
///     memtable.wal              the log of what is in no table yet
///     NANOSECONDS_NUMBER.sst    tables, ordered by name as text: the largest is the newest
///
/// There is one key space in bytewise order, and there are no checksums and no tombstones: a key that was deleted
/// before a flush is in its table with an empty value, which is also what the Go engine gives back for it.
public struct SofaGoDirectory: Sendable {
  public static let logName = "memtable.wal"

  public let directory: any ReadableDirectory
  /// Names, newest first.
  public let tables: [String]
  public let hasLog: Bool

  /// Tables that are read at once, a file each. The Go engine merges them when there are more than five.
  private static let tableLimit = 512

  /// Whether a file of that name is the Go engine's. Tables of other engines have no underscore.
  public static func isFileName(_ name: String) -> Bool {
    if name == logName { return true }
    guard name.utf8.suffix(4).elementsEqual(".sst".utf8) else { return false }
    let parts = name.utf8.dropLast(4).split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        !part.isEmpty && part.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      }
  }

  public init(_ directory: any ReadableDirectory) throws(DatabaseError) {
    self.directory = directory
    let names = try directory.entries().filter { $0.kind == .file && SofaGoDirectory.isFileName($0.name) }.map(\.name)
    hasLog = names.contains(SofaGoDirectory.logName)
    tables = names.filter { $0 != SofaGoDirectory.logName }.sorted { $1.utf8.lexicographicallyPrecedes($0.utf8) }
    guard tables.count <= SofaGoDirectory.tableLimit else {
      throw DatabaseError(
        .unsupported, file: directory.path, "\(tables.count) tables, more than the Go engine ever leaves")
    }
  }

  /// The visible entries in ascending key order. With `emptyMeansDeleted` entries of tables whose value is empty are
  /// left out; the default gives them, as the Go engine does.
  public func cursor(emptyMeansDeleted: Bool = false) throws(DatabaseError) -> SofaGoCursor {
    var log: SofaGoLog?
    if hasLog { log = try SofaGoLog(directory.open(SofaGoDirectory.logName), as: SofaGoDirectory.logName) }
    var sources: [SofaGoTable] = []
    for name in tables { sources.append(try SofaGoTable(directory.open(name), as: name)) }
    return SofaGoCursor(log: log, tables: sources, emptyMeansDeleted: emptyMeansDeleted)
  }
}
