import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// `compact` on real databases: the same contents, judged by our reader and by the engines, and undone to the byte.
@Suite struct CompactCommandTests {
  static let healthy = FixtureDatabase.databases.filter { $0.live?.isOK == true && $0.damage == nil }

  /// Why a fixture is refused, in a word of the message.
  private static func refusal(_ fixture: FixtureDatabase) -> String? {
    if fixture.options["comp"] == "bzip2" { return "bzip2" }
    if fixture.name == "l123-customcmp" { return "comparator" }
    return nil
  }

  private func families(_ path: String) throws -> [String: FamilyScan] {
    let view = try DatabaseView(database: try PosixFileSystem().readableDirectory(at: path))
    #expect(view.problems.isEmpty)
    return Dictionary(uniqueKeysWithValues: try view.families.map { ($0.name, try FamilyScan(view.cursor($0))) })
  }

  @Test(arguments: healthy)
  func everyFixtureKeepsItsContents(_ fixture: FixtureDatabase) throws {
    let scratch = try ScratchDatabase(fixture.name)
    let before = try scratch.contents()
    let run = ToolRun("compact", "--bottommost", "force", "--json", scratch.path)
    if let word = Self.refusal(fixture) {
      #expect(run.status == .refused && run.errors.contains(word), "\(run.errors)")
      #expect(try scratch.contents() == before)
      return
    }
    #expect(run.status == .ok, "\(run.errors)")
    let live = try #require(fixture.live)
    let scans = try families(scratch.path)
    for family in live.families {
      let scan = try #require(scans[family.name])
      #expect(scan.entries == family.entries && scan.digest == family.digest, "\(family.name)")
      if let digest = family.entityDigest { #expect(scan.entityDigest == digest, "\(family.name)") }
    }
    let verify = ToolRun("verify", scratch.path)
    #expect(verify.status == .ok, "\(verify.output) \(verify.errors)")
    let version = try ManifestReader.readCurrent(try PosixFileSystem().readableDirectory(at: scratch.path)).version
    for family in version.families { #expect(family.levels.filter { !$0.isEmpty }.count <= 1) }
    guard !run.output.contains(#""tables_before":0"#) else { return }
    #expect(ToolRun("undo", scratch.path, "1").status == .ok)
    #expect(try scratch.contents() == before)
    #expect(!FileManager.default.fileExists(atPath: scratch.file(Journal.name)))
  }

  /// What RocksDB 7.8.3 made, it opens again, reads the same, and goes on writing.
  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: healthy.filter {
      $0.name.hasPrefix("r783") && refusal($0) == nil
        && !["r783-trackwal", "r783-txn", "r783-ingest"].contains($0.name)
        && $0.live?.families.allSatisfy { $0.mergeOperator == nil } == true
    })
  func rocksDBGoesOn(_ fixture: FixtureDatabase) throws {
    let oracle = try #require(RocksOracle.shared)
    let scratch = try ScratchDatabase(fixture.name)
    let options = Self.oracleOptions(fixture)
    let before = try oracle.families("digest", scratch.path, options)
    let run = ToolRun("compact", "--bottommost", "force", scratch.path)
    #expect(run.status == .ok, "\(run.errors)")
    #expect(try oracle.families("digest", scratch.path, options) == before)
    #expect(try oracle.families("compact", scratch.path, options) == before)
    if run.output == "nothing to compact\n" { return }
    let undo = ToolRun("undo", scratch.path, "1")
    #expect(undo.status == .refused && undo.errors.contains("used"), "\(undo.errors)")
  }

  private static func oracleOptions(_ fixture: FixtureDatabase) -> [String] {
    let comparator = fixture.live?.families.first?.comparator ?? ""
    return comparator.contains("Reverse") ? ["comparator=reverse"] : []
  }

  @Test(
    .enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"),
    arguments: healthy.filter { $0.name.hasPrefix("l123") && refusal($0) == nil })
  func levelDBGoesOn(_ fixture: FixtureDatabase) throws {
    let scratch = try ScratchDatabase(fixture.name)
    let untouched = try ScratchDatabase(fixture.name)
    let before = try LevelDBOracle.scan(untouched.path)
    let run = ToolRun("compact", "--bottommost", "force", scratch.path)
    #expect(run.status == .ok, "\(run.errors)")
    let after = try LevelDBOracle.scan(scratch.path)
    #expect(before.count == after.count)
    #expect(zip(before, after).allSatisfy { $0.key == $1.key && $0.value == $1.value })
    try LevelDBOracle.write(scratch.path, [(key: [0], value: [1]), (key: [0xFF], value: nil)], compacting: true)
    #expect(try LevelDBOracle.scan(scratch.path).count == before.count + 1)
  }

  // MARK: Choices

  @Test func thePlanChangesNothingAndSaysWhatWouldBeDone() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let before = try scratch.picture()
    let plan = ToolRun("compact", "--plan", scratch.path)
    #expect(plan.status == .ok, "\(plan.errors)")
    #expect(plan.output.contains("default") && plan.output.contains("more space"))
    let json = ToolRun("compact", "--plan", "--json", scratch.path)
    #expect(json.output.contains(#""record":"step""#) && json.lines.last?.contains(#""temporary_bytes""#) == true)
    #expect(try scratch.picture() == before)
  }

  @Test func aPartIsCompactedAndTheRestStays() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let before = try families(scratch.path)
    let run = ToolRun("compact", "--levels", "0", "--output-level", "1", "--compression", "zstd:3", scratch.path)
    #expect(run.status == .ok, "\(run.errors)")
    #expect(try families(scratch.path).mapValues(\.digest) == before.mapValues(\.digest))
    #expect(ToolRun("verify", scratch.path).status == .ok)
    // The second run finds nothing to do in a compacted database.
    #expect(ToolRun("compact", scratch.path).status == .ok)
    let again = ToolRun("compact", scratch.path)
    #expect(again.status == .ok && again.output == "nothing to compact\n", "\(again.output)")
  }

  @Test func wrongInputChangesNothing() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let before = try scratch.contents()
    let wrong = [
      ["--files", "777"], ["--files", "x"], ["--levels", "3-1"], ["--cf", "nobody"], ["--output-level", "9"],
      ["--output-level", "64"], ["--bottommost", "maybe"], ["--compression", "brotli"], ["--format-version", "1"],
    ]
    for arguments in wrong {
      let run = ToolRun(["compact"] + arguments + [scratch.path])
      #expect(run.status == .usage, "\(arguments): \(run.errors)")
      #expect(!run.errors.isEmpty)
    }
    #expect(ToolRun("compact", scratch.beside("mistyped")).status == .refused)
    #expect(!FileManager.default.fileExists(atPath: scratch.beside("mistyped")))
    #expect(ToolRun("compact", scratch.folder).status == .refused)
    #expect(try scratch.contents() == before)
  }

  @Test func aDamagedTableEndsTheWorkAndNothingIsChanged() throws {
    let scratch = try ScratchDatabase("r783-levels")
    try scratch.flip("000014.sst", at: 100)
    let before = try scratch.contents()
    let run = ToolRun("compact", "--bottommost", "force", scratch.path)
    #expect(run.status == .incomplete && run.errors.contains("000014.sst"), "\(run.errors)")
    #expect(try scratch.contents() == before)
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func aDatabaseInUseIsRefused() throws {
    let scratch = try ScratchDatabase()
    let held = try HeldDatabase(scratch.path, try #require(RocksOracle.shared))
    try held.write(["put 61 62"])
    let before = try scratch.contents()
    let run = ToolRun("compact", "--bottommost", "force", scratch.path)
    #expect(run.status == .refused && run.errors.contains("\(held.processID)"), "\(run.errors)")
    #expect(try scratch.contents() == before)
    #expect(try held.close() == 0)
  }

  // MARK: Crashes and faults

  @Test func everyCrashLeavesBeforeOrAfter() throws {
    let start = try SimulatedFileSystem.importing(Fixtures.path("databases/r783-dups/db"))
    let wanted = try digests(start)
    let report = enumerateCrashes(from: start.disk, options: Self.crashOptions) { system in
      let run = ToolRun("compact", "-j", "1", "--bottommost", "force", "db", fileSystem: system)
      guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
      system.milestone = 1
    } check: { image in
      try ExclusiveDatabase("db", in: image.fileSystem).close()
      guard try digests(image.fileSystem) == wanted else { throw RocksOracle.Failure("other contents") }
      let entries = try Journal.entries(of: try image.fileSystem.directory(at: "db"))
      guard entries.allSatisfy({ $0.state == .settled }) else { throw RocksOracle.Failure("not settled") }
      if image.milestone == 1, entries.count != 1 { throw RocksOracle.Failure("the change is lost") }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 50, "\(report)")
  }

  @Test func everyFaultLeavesBeforeOrAfter() throws {
    let start = try SimulatedFileSystem.importing(Fixtures.path("databases/r783-dups/db"))
    let wanted = try digests(start)
    let report = enumerateFaults(from: start.disk) { system in
      let run = ToolRun("compact", "-j", "1", "--bottommost", "force", "db", fileSystem: system)
      guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
      system.milestone = 1
    } check: { outcome in
      try ExclusiveDatabase("db", in: outcome.fileSystem).close()
      guard try digests(outcome.fileSystem) == wanted else { throw RocksOracle.Failure("other contents") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  private static var crashOptions: CrashOptions {
    var options = CrashOptions()
    options.profiles = [.strict, .everything, .ordered, .reordered]
    return options
  }

  private func digests(_ system: SimulatedFileSystem) throws -> [String] {
    let view = try DatabaseView(database: try system.readableDirectory(at: "db"))
    return try view.families.map { try FamilyScan(view.cursor($0)).digest }
  }
}

extension ScratchDatabase {
  /// Contents of all files of the database itself, without LOCK and the log for people.
  fileprivate func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "LOCK" && !name.hasPrefix("LOG")
    {
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: file(name), isDirectory: &isDirectory), !isDirectory.boolValue else {
        continue
      }
      contents[name] = try bytes(name)
    }
    return contents
  }
}
