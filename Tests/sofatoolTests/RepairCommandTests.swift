import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// The command around repairs: what it prints, its status, and that a plan changes nothing.
@Suite struct RepairCommandTests {
  private static func system(_ fixture: String) throws -> SimulatedFileSystem {
    try SimulatedFileSystem.importing(try FixtureDatabase(fixture).path)
  }

  private static func files(_ system: SimulatedFileSystem) throws -> [String: [UInt8]] {
    try MemoryDirectory(copying: system.readableDirectory(at: "db")).files.mapValues(\.content)
  }

  /// A database of one table with 400 keys in blocks of 4 KiB.
  private static func fourHundredKeys() throws -> SimulatedFileSystem {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    var table = TableCase(0)
    table.options = TableOptions()
    table.options.compression = .none
    table.replaceEntries(
      (0..<400).map { index in
        TableCase.Entry(
          userKey: Array("key\(1000 + index)".utf8), sequence: SequenceNumber(index + 1), kind: .value,
          value: [UInt8](repeating: UInt8(index & 0xFF), count: 130))
      })
    try table.writeDatabase(in: directory, level: 6)
    return system
  }

  @Test(arguments: ["r783-levels", "l123-levels", "r1075-blob-snappy"])
  func aHealthyDatabaseIsLeftAlone(fixture: String) throws {
    let system = try Self.system(fixture)
    let before = try Self.files(system)
    for arguments in [["repair", "db"], ["repair", "--apply", "db"], ["repair", "--json", "db"]] {
      let run = ToolRun(arguments, fileSystem: system)
      #expect(run.status == .ok, "\(run.output) \(run.errors)")
      #expect(arguments.contains("--json") || run.output.contains("nothing to repair"), "\(run.output)")
    }
    var after = try Self.files(system)
    after["LOCK"] = before["LOCK"]
    #expect(after == before)
  }

  @Test func oneBadBlockCostsOneBlock() throws {
    let system = try Self.fourHundredKeys()
    let directory = try system.directory(at: "db")
    let name = DatabaseFile.table(9).name
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    var bytes = withExtendedLifetime(content) { [UInt8](content.bytes) }
    for place in 9000..<9600 { bytes[place] = 0xEE }
    try directory.remove(name)
    let copy = try directory.create(name)
    try bytes.withUnsafeBytes { try copy.append($0) }
    try copy.sync()
    try copy.close()
    let plan = ToolRun("repair", "--show-keys", "db", fileSystem: system)
    #expect(plan.status == .findings)
    #expect(plan.output.contains("salvage 000009.sst") && plan.output.contains("nothing was changed"))
    #expect(plan.output.contains("between key10"), "\(plan.output)")
    #expect(plan.output.contains(" entries, sequence numbers "), "\(plan.output)")
    let run = ToolRun("repair", "--apply", "db", fileSystem: system)
    #expect(run.status == .findings, "\(run.output) \(run.errors)")
    #expect(run.output.contains("undo: sofatool undo db 1-repair"))
    let view = try DatabaseView(database: directory)
    let scan = try FamilyScan(view.cursor(try #require(view.families.first)))
    #expect(scan.entries > 330 && scan.entries < 400)
    #expect(ToolRun("verify", "db", fileSystem: system).status == .ok)
    #expect(ToolRun("undo", "db", "1-repair", fileSystem: system).status == .ok)
    let old = try directory.open(name)
    #expect(old.size == file.size)
  }

  @Test func recordsAreClosedByASummary() throws {
    let system = try Self.system("r783-levels")
    try system.directory(at: "db").remove("CURRENT")
    let plan = ToolRun("repair", "--json", "db", fileSystem: system)
    #expect(plan.status == .findings)
    #expect(plan.lines.last?.contains("\"record\":\"summary\"") == true)
    #expect(plan.lines.contains { $0.contains("\"action\":\"rewrite\"") && $0.contains("CURRENT") })
    let run = ToolRun("repair", "--apply", "--json", "db", fileSystem: system)
    #expect(run.status == .ok, "\(run.output)")
    #expect(run.lines.last?.contains("\"applied\":true") == true)
  }

  @Test func whatIsNoDatabaseIsRefused() throws {
    let place = try TemporaryDirectory()
    #expect(ToolRun("repair", place.path).status == .refused)
    #expect(ToolRun("repair", place.path + "/missing").status == .refused)
    let loose = try FixtureDatabase("r783-sst")
    #expect(ToolRun("repair", loose.path).status == .refused)
  }

  /// Everything but the tables is lost: they could as well be loose ones, so somebody has to say so.
  @Test func tablesAloneBecomeADatabaseWhenAsked() throws {
    let system = try Self.fourHundredKeys()
    let directory = try system.directory(at: "db")
    for entry in try directory.entries() where !entry.name.hasSuffix(".sst") { try directory.remove(entry.name) }
    let before = try Self.files(system)
    let refused = ToolRun("repair", "--apply", "db", fileSystem: system)
    #expect(refused.status == .refused && refused.errors.contains("--from-tables"), "\(refused.errors)")
    let plan = ToolRun("repair", "--from-tables", "db", fileSystem: system)
    #expect(plan.status == .findings && plan.output.contains("adopt 000009.sst"), "\(plan.output)")
    #expect(try Self.files(system) == before)
    let run = ToolRun("repair", "--from-tables", "--apply", "db", fileSystem: system)
    // A table that somebody brought back would look the same.
    #expect(run.status == .findings && run.output.contains("nothing proves"), "\(run.output) \(run.errors)")
    let view = try DatabaseView(database: directory)
    #expect(try FamilyScan(view.cursor(try #require(view.families.first))).entries == 400)
    #expect(ToolRun("verify", "db", fileSystem: system).status == .ok)
    #expect(ToolRun("undo", "db", "1-repair", fileSystem: system).status == .ok)
    var after = try Self.files(system)
    after["LOCK"] = nil
    #expect(after == before)
  }

  @Test func aHeldDatabaseIsLeftAlone() throws {
    let system = try Self.system("r783-levels")
    try system.directory(at: "db").remove("CURRENT")
    let lock = try system.directory(at: "db").lock("LOCK")
    let run = ToolRun("repair", "--apply", "db", fileSystem: system)
    #expect(run.status == .refused, "\(run.errors)")
    lock.release()
  }
}
