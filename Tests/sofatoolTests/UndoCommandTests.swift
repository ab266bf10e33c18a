import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct UndoCommandTests {
  /// A simulated database with one change in its journal.
  private static func changed() throws -> SimulatedFileSystem {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    try create("000010.sst", "ten", in: directory)
    let version = Version(
      families: [
        ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 4, tables: [table])
      ], lastSequence: 9, nextFileNumber: 13)
    try ManifestWriter.write(version, as: "MANIFEST-000005", in: directory)
    try CurrentFile.replace(directory, manifest: 5)
    let database = try ExclusiveDatabase("db", in: system)
    let change = try DatabaseChange("compact", of: database, base: try database.version())
    let empty = Version(
      families: [ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 4, tables: [])],
      lastSequence: 9, nextFileNumber: 13)
    _ = try change.commit(empty, summary: "nothing was left")
    database.close()
    return system
  }

  private static var table: TableMetadata {
    let key = InternalKey(userKey: [0x61], trailer: 0x101)
    return TableMetadata(
      number: 10, level: 6, size: 3, smallest: key, largest: key, smallestSequence: 1, largestSequence: 1)
  }

  private static func create(_ name: String, _ text: String, in directory: any Directory) throws {
    let file = try directory.create(name)
    try Array(text.utf8).withUnsafeBytes { try file.append($0) }
    try file.sync()
    try file.close()
  }

  @Test func listsUndoesAndDiscards() throws {
    let system = try UndoCommandTests.changed()
    let list = ToolRun("undo", "--list", "db", fileSystem: system)
    #expect(list.status == .ok)
    #expect(list.output.contains("1-compact") && list.output.contains("nothing was left"))
    let json = ToolRun("undo", "--json", "db", fileSystem: system)
    #expect(json.output.contains(#""id":"1-compact","summary":"nothing was left""#))
    #expect(json.output.contains(#""state":"settled","undoable":true"#))
    #expect(json.output.contains(#""removed":[{"name":"000010.sst","size":3},{"name":"MANIFEST-000005""#))
    #expect(json.lines.last?.hasPrefix(#"{"record":"summary","changes":1"#) == true)

    let undo = ToolRun("undo", "db", "1-compact", fileSystem: system)
    #expect(undo.status == .ok, "\(undo.errors)")
    #expect(try system.directory(at: "db").attributes(of: "000010.sst")?.size == 3)
    #expect(ToolRun("undo", "db", fileSystem: system).errors.contains("nothing to undo"))

    let again = try UndoCommandTests.changed()
    #expect(ToolRun("undo", "--discard", "db", "1", fileSystem: again).status == .ok)
    #expect(try again.directory(at: "db").attributes(of: Journal.name) == nil)
    #expect(try again.directory(at: "db").attributes(of: "000010.sst") == nil)
  }

  @Test func wrongInput() throws {
    let system = try UndoCommandTests.changed()
    #expect(ToolRun("undo", fileSystem: system).status == .usage)
    #expect(ToolRun("undo", "--discard", "db", fileSystem: system).status == .usage)
    #expect(ToolRun("undo", "--list", "db", "1", fileSystem: system).status == .usage)
    let unknown = ToolRun("undo", "db", "7", fileSystem: system)
    #expect(unknown.status == .usage && unknown.errors.contains("there are 1-compact"))
    let mistyped = ToolRun("undo", "dc", "1", fileSystem: system)
    #expect(mistyped.status == .refused)
    let held = try system.directory(at: "db").lock("LOCK")
    #expect(ToolRun("undo", "db", "1", fileSystem: system).status == .refused)
    held.release()
    try UndoCommandTests.create("000099.sst", "used", in: try system.directory(at: "db"))
    let used = ToolRun("undo", "db", "1", fileSystem: system)
    #expect(used.status == .refused && used.errors.contains("000099.sst is newer"))
  }
}
