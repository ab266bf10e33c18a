import Foundation
import CommandKit
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// `ingest`, beside RocksDB's own ingestion of the same tables into a copy of the same database.
@Suite struct IngestCommandTests {
  static let oracle = RocksOracle.shared

  /// A database of RocksDB's with several levels, closed, its logs flushed, and a way to make tables for it.
  private final class Case {
    let scratch: ScratchDatabase
    let oracle: RocksOracle

    init(_ operations: [String] = Case.levels) throws {
      scratch = try ScratchDatabase()
      oracle = try #require(IngestCommandTests.oracle)
      try oracle.make(scratch.path, operations)
    }

    static let levels: [String] = {
      let rows = { (range: StrideTo<Int>, value: String) in range.map { "put \(Case.key($0)) \(value)" } }
      return rows(stride(from: 0, to: 400, by: 2), "6f6c64") + ["flush", "compact"]
        + rows(stride(from: 100, to: 200, by: 5), "6e6577") + ["range \(Case.key(300)) \(Case.key(310))", "flush"]
    }()

    static func key(_ number: Int) -> String {
      "k\(10_000 + number)".utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// External tables of rows as bulk-load makes them; returns the directory.
    func tables(_ name: String, _ rows: [(Int, String)], size: String = "64MiB") throws -> String {
      let csv = "k,v\n" + rows.map { "k\(10_000 + $0.0),\($0.1)\n" }.joined()
      try Data(csv.utf8).write(to: URL(fileURLWithPath: scratch.beside(name + ".csv")))
      let load = ToolRun(
        "bulk-load", "--key", "k", "--value", "v", scratch.beside(name + ".csv"), "-o", scratch.beside(name),
        "--target-file-size", size, "--compression", "none")
      #expect(load.status == .ok, "\(load.errors)")
      return scratch.beside(name)
    }

    func files(_ directory: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sst") }.sorted().map {
        directory + "/" + $0
      }
    }

    /// What RocksDB makes of ingesting `files`, in one call, into a copy.
    func wanted(_ files: [String]) throws -> [RocksOracle.Family] {
      let copy = scratch.beside("copy")
      if FileManager.default.fileExists(atPath: copy) { try FileManager.default.removeItem(atPath: copy) }
      try FileManager.default.copyItem(atPath: scratch.path, toPath: copy)
      return try oracle.ingest(files, into: copy)
    }
  }

  private func contents(_ path: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "LOCK" && !name.hasPrefix("LOG")
    {
      var isDirectory: ObjCBool = false
      let file = path + "/" + name
      if FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory), !isDirectory.boolValue {
        contents[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
      }
    }
    return contents
  }

  // MARK: Placement

  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: [
      ("behind all keys", Array(500..<600)), ("between keys", [301, 303, 305]), ("over old keys", Array(0..<100)),
      ("over both levels", Array(90..<250)), ("one key", [150]), ("over the deleted range", Array(295..<320)),
    ])
  func rocksDBAgreesWithItsOwnIngestion(_ name: String, _ keys: [Int]) throws {
    let test = try Case()
    let files = try test.files(try test.tables("in", keys.map { ($0, "ingested\($0)") }))
    let wanted = try test.wanted(files)
    let before = try contents(test.scratch.path)
    let sources = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    let run = ToolRun(["ingest", "--into", test.scratch.path] + files)
    #expect(run.status == .ok, "\(run.errors)")
    let verify = ToolRun("verify", test.scratch.path)
    #expect(verify.status == .ok, "\(verify.output)")
    #expect(try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) } == sources)
    // Museum G2: the same table again is nothing new.
    let again = ToolRun(["ingest", "--into", test.scratch.path] + files)
    #expect(again.status == .ok && again.errors.contains("already"), "\(again.errors)")
    #expect(try Journal.entries(of: PosixFileSystem().readableDirectory(at: test.scratch.path)).count == 1)

    let undone = test.scratch.beside("undone")
    try FileManager.default.copyItem(atPath: test.scratch.path, toPath: undone)
    #expect(ToolRun("undo", undone, "1").status == .ok)
    #expect(try contents(undone) == before)

    #expect(try test.oracle.families("digest", test.scratch.path) == wanted)
    #expect(try test.oracle.families("compact", test.scratch.path) == wanted)
  }

  /// Tables of one call that overlap: the later one is newer, as in RocksDB. Museum E6, G5.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func laterTablesAreNewer() throws {
    let test = try Case()
    let files =
      try test.files(try test.tables("a", (100..<200).map { ($0, "first") }))
      + test.files(try test.tables("b", (150..<250).map { ($0, "second") }))
      + test.files(try test.tables("c", [(160, "third")]))
    let wanted = try test.wanted(files)
    let run = ToolRun(["ingest", "--into", test.scratch.path] + files)
    #expect(run.status == .ok, "\(run.errors)")
    #expect(ToolRun("verify", test.scratch.path).status == .ok)
    let view = try DatabaseView(database: try PosixFileSystem().readableDirectory(at: test.scratch.path))
    let epochs = view.families[0].tables.compactMap(\.epoch)
    #expect(Set(epochs).count == epochs.count, "museum G9: no epoch twice")
    #expect(try test.oracle.families("digest", test.scratch.path) == wanted)
    #expect(try test.oracle.families("compact", test.scratch.path) == wanted)
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func manyTablesAtOnceAndOneAfterTheOther() throws {
    let test = try Case()
    var keys: [[(Int, String)]] = []
    var random = SeededRandom(seed: 3)
    for round in 0..<6 {
      let some = Set((0..<60).map { _ in Int.random(in: 0..<450, using: &random) }).sorted()
      keys.append(some.map { ($0, "round\(round)") })
    }
    for (round, rows) in keys.enumerated() {
      let files = try test.files(try test.tables("in\(round)", rows, size: "4KiB"))
      let wanted = try test.wanted(files)
      let run = ToolRun(["ingest", "--into", test.scratch.path] + files)
      #expect(run.status == .ok, "\(run.errors)")
      let copy = test.scratch.beside("judge")
      try FileManager.default.copyItem(atPath: test.scratch.path, toPath: copy)
      #expect(try test.oracle.families("compact", copy) == wanted, "round \(round)")
      try FileManager.default.removeItem(atPath: copy)
    }
    #expect(ToolRun("verify", test.scratch.path).status == .ok)
  }

  // MARK: Modes and families

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func linkAndMove() throws {
    let test = try Case()
    let linked = try test.files(try test.tables("link", [(1, "x")]))
    #expect(ToolRun(["ingest", "--mode", "link", "--into", test.scratch.path] + linked).status == .ok)
    #expect(FileManager.default.fileExists(atPath: linked[0]))
    let moved = try test.files(try test.tables("move", [(3, "x")]))
    #expect(ToolRun(["ingest", "--mode", "move", "--into", test.scratch.path] + moved).status == .ok)
    #expect(!FileManager.default.fileExists(atPath: moved[0]))
    let undo = ToolRun("undo", test.scratch.path, "2")
    #expect(undo.status == .refused && undo.errors.contains("only copy"))
    #expect(ToolRun("verify", test.scratch.path).status == .ok)
    let found = ToolRun("dump", test.scratch.path, "--from", "k10001", "--to", "k10004")
    #expect(found.output == "k10001\tx\nk10002\told\nk10003\tx\n", "\(found.output)")
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func familiesAreMadeWhenAsked() throws {
    let test = try Case()
    let files = try test.files(try test.tables("in", [(1, "x"), (2, "y")]))
    let refused = ToolRun(["ingest", "--cf", "users", "--into", test.scratch.path] + files)
    #expect(refused.status == .usage && refused.errors.contains("--create-family"), "\(refused.errors)")
    let made = ToolRun(["ingest", "--cf", "users", "--create-family", "--into", test.scratch.path] + files)
    #expect(made.status == .ok, "\(made.errors)")
    #expect(ToolRun("verify", test.scratch.path).status == .ok)
    let families = try test.oracle.families("reopen", test.scratch.path)
    #expect(families.map(\.name) == ["default", "users"] && families[1].entries == 2)
  }

  // MARK: Refusals

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func whatCannotBeIngestedIsRefusedAndNothingChanges() throws {
    let test = try Case()
    let good = try test.files(try test.tables("in", [(1, "x")]))
    let before = try contents(test.scratch.path)
    func refuse(_ arguments: [String], _ status: CommandKit.ExitStatus, _ word: String) throws {
      let run = ToolRun(["ingest", "--into", test.scratch.path] + arguments)
      #expect(run.status == status && run.errors.contains(word), "\(arguments): \(run.status) \(run.errors)")
      #expect(try contents(test.scratch.path) == before)
    }
    try refuse(good + ["--behind"], .refused, "allow_ingest_behind")
    try refuse(good + ["--mode", "teleport"], .usage, "teleport")
    try refuse([test.scratch.beside("nothing.sst")], .refused, "no such file")
    let reverse = Fixtures.path("databases/r783-sst-rev/files")
    try refuse([reverse], .usage, "ordered by")
    // A table of a database carries sequence numbers of its own.
    let own = try test.files(test.scratch.path)
    let foreign = try ScratchDatabase("r783-levels")
    try refuse([foreign.file("000014.sst")], .refused, "sequence numbers")
    #expect(!own.isEmpty)
    var damaged = try Data(contentsOf: URL(fileURLWithPath: good[0]))
    damaged[10] ^= 4
    try damaged.write(to: URL(fileURLWithPath: test.scratch.beside("damaged.sst")))
    try refuse([test.scratch.beside("damaged.sst")], .incomplete, "damaged.sst")
    #expect(ToolRun(["ingest", "--into", test.scratch.beside("mistyped")] + good).status == .refused)
    let levelDB = try ScratchDatabase("l123-levels")
    let run = ToolRun(["ingest", "--into", levelDB.path] + good)
    #expect(run.status == .refused && run.errors.contains("LevelDB cannot ingest"))
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func aDatabaseInUseIsRefused() throws {
    let test = try Case()
    let files = try test.files(try test.tables("in", [(1, "x")]))
    let held = try HeldDatabase(test.scratch.path, test.oracle)
    try held.write(["put 61 62"])
    let before = try contents(test.scratch.path)
    let run = ToolRun(["ingest", "--into", test.scratch.path] + files)
    #expect(run.status == .refused && run.errors.contains("\(held.processID)"), "\(run.errors)")
    #expect(try contents(test.scratch.path) == before)
    #expect(try held.close() == 0)
  }

  // MARK: Crashes and faults. Museum A3, G1.

  private func start() throws -> SimulatedFileSystem {
    let system = try SimulatedFileSystem.importing(Fixtures.path("databases/r783-dups/db"))
    let file = try system.directory(at: "").createDirectory("in").create("new.sst")
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(file: file, options: options)
    for key in ["a", "key1", "zzz"] {
      let internalKey = InternalKey(userKey: Array(key.utf8), sequence: 0, kind: .value)
      try internalKey.bytes.withUnsafeBytes { key in
        try [UInt8]("new".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
    }
    _ = try writer.finish()
    system.settle()
    return SimulatedFileSystem(disk: system.disk)
  }

  private func digest(_ system: SimulatedFileSystem) throws -> String {
    let view = try DatabaseView(database: try system.readableDirectory(at: "db"))
    return try FamilyScan(view.cursor(view.families[0])).digest
  }

  @Test(arguments: Ingest.Mode.allCases) func A3_G1_everyCrashLeavesBeforeOrAfter(mode: Ingest.Mode) throws {
    let start = try start()
    let before = try digest(start)
    let scenario = { (system: SimulatedFileSystem) throws in
      let run = ToolRun("ingest", "--mode", mode.rawValue, "in/new.sst", "--into", "db", fileSystem: system)
      guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
      system.milestone = 1
    }
    let done = SimulatedFileSystem(disk: start.disk)
    try scenario(done)
    let after = try digest(done)
    #expect(before != after)
    var options = CrashOptions()
    options.profiles = [.strict, .everything, .ordered, .reordered]
    let report = enumerateCrashes(from: start.disk, options: options, scenario: scenario) { image in
      try ExclusiveDatabase("db", in: image.fileSystem).close()
      let found = try digest(image.fileSystem)
      guard found == after || found == before && image.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
      let source = try image.fileSystem.directory(at: "in").attributes(of: "new.sst")
      if source == nil, found != after { throw RocksOracle.Failure("the table is lost") }
      guard source != nil else { return }
      // A rerun completes, or finds nothing to do.
      try scenario(image.fileSystem)
      guard try digest(image.fileSystem) == after else { throw RocksOracle.Failure("a rerun gives other contents") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func everyFaultLeavesBeforeOrAfter() throws {
    let start = try start()
    let before = try digest(start)
    let done = SimulatedFileSystem(disk: start.disk)
    #expect(ToolRun("ingest", "in/new.sst", "--into", "db", fileSystem: done).status == .ok)
    let after = try digest(done)
    let report = enumerateFaults(from: start.disk) { system in
      let run = ToolRun("ingest", "in/new.sst", "--into", "db", fileSystem: system)
      guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
      system.milestone = 1
    } check: { outcome in
      try ExclusiveDatabase("db", in: outcome.fileSystem).close()
      let found = try digest(outcome.fileSystem)
      guard found == after || found == before && outcome.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }
}
