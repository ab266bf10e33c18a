import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// `ingest` where un-flushed logs hold keys of the tables, beside RocksDB, which flushes its memtables first.
@Suite struct IngestLogTests {
  private static func hex(_ text: String) -> String {
    text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  private static func key(_ number: Int) -> String { hex("k\(1000 + number)") }

  /// Levels, and in the logs: newer values, deletions, a range deletion, operands, another family.
  private static let operations: [String] =
    (0..<60).map { "put \(key($0)) 6f6c64" } + ["flush", "compact"]
    + (10..<20).map { "put \(key($0)) \(hex("logged\($0)"))" } + ["del \(key(30))", "range \(key(40)) \(key(45))"]
    + ["merge \(key(50)) 2b", "merge \(key(50)) 2d", "put \(hex("a")) 61", "cf other", "put \(key(12)) 6f74686572"]

  /// External tables of the keys, in one call.
  private static func tables(_ scratch: ScratchDatabase, _ keys: [[Int]]) throws -> [String] {
    let folder = try PosixFileSystem().directory(at: scratch.folder)
    return try keys.enumerated().map { index, keys in
      let writer = try TableWriter(file: folder.create("in\(index).sst"), options: Self.external())
      for number in keys {
        let key = InternalKey(userKey: Array("k\(1000 + number)".utf8), sequence: 0, kind: .value)
        try key.bytes.withUnsafeBytes { key in
          try [UInt8]("ingested\(index)".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
        }
      }
      _ = try writer.finish()
      return scratch.beside("in\(index).sst")
    }
  }

  private static func external() -> TableOptions {
    var options = TableOptions()
    options.external = true
    return options
  }

  /// Contents equal RocksDB's own ingestion, and RocksDB goes on with them; undo gives the logs back.
  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: [
      [[10]], [[15, 16, 30]], [[41, 44]], [[50]], [[5, 12, 55], [12, 13], [70]], [[44], [12]], [[80]],
    ])
  func contentsAreThoseOfRocksDB(_ keys: [[Int]]) throws {
    let oracle = try #require(RocksOracle.shared)
    let options = ["merge=stringappend"]
    let scratch = try ScratchDatabase()
    // The driver ends without closing, so that its logs stay.
    try oracle.run(
      ["mk", scratch.path, "crash=1"] + options, input: Array((Self.operations.joined(separator: "\n") + "\n").utf8))
    let files = try Self.tables(scratch, keys)
    let copy = scratch.beside("copy")
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy)
    let wanted = try oracle.ingest(files, into: copy, options)
    let before = try contents(scratch.path)
    let run = ToolRun(["ingest", "--into", scratch.path] + files)
    #expect(run.status == .ok, "\(run.errors)")
    #expect(run.errors.contains("un-flushed entries") == (keys != [[80]]), "\(run.errors)")
    let verify = ToolRun("verify", scratch.path)
    #expect(verify.status == .ok, "\(verify.output)")
    let undone = scratch.beside("undone")
    try FileManager.default.copyItem(atPath: scratch.path, toPath: undone)
    #expect(ToolRun("undo", undone, "1").status == .ok)
    #expect(try contents(undone) == before)
    for command in ["digest", "reopen", "compact"] {
      #expect(try oracle.families(command, scratch.path, options) == wanted, "\(command)")
    }
  }

  private func contents(_ path: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path)
    where !name.hasPrefix("LOG") && name != "LOCK" {
      contents[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }
    return contents
  }

  /// The plan tells it, and a table beside the logs' keys leaves them alone.
  @Test func thePlanTellsWhatIsFlushed() throws {
    let scratch = try ScratchDatabase("r783-wal")
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: scratch.path))
    let first = try #require(try FamilyScan(view.cursor(view.families[0])).firstKey)
    func table(_ name: String, _ key: [UInt8]) throws -> String {
      let folder = try PosixFileSystem().directory(at: scratch.folder)
      let writer = try TableWriter(file: folder.create(name), options: Self.external())
      let internalKey = InternalKey(userKey: key, sequence: 0, kind: .value)
      try internalKey.bytes.withUnsafeBytes { key in
        try [UInt8]("v".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
      _ = try writer.finish()
      return scratch.beside(name)
    }
    let before = try contents(scratch.path)
    let beside = ToolRun("ingest", "--plan", "--json", "--into", scratch.path, try table("beside.sst", first + [0]))
    #expect(beside.status == .ok && !beside.output.contains(#""record":"flush""#), "\(beside.output)")
    let over = try table("over.sst", first)
    let plan = ToolRun("ingest", "--plan", "--json", "--into", scratch.path, over)
    #expect(plan.output.contains(#""record":"flush","schema":1,"cf":"default","level":0"#), "\(plan.output)")
    #expect(try contents(scratch.path) == before)

    // A damaged log is the repair's.
    let log = try #require(view.logs.last.map { DatabaseFile.log($0).name })
    try scratch.flip(log, at: try scratch.bytes(log).count / 2)
    let refused = ToolRun("ingest", "--into", scratch.path, over)
    #expect(refused.status == .refused && refused.errors.contains("repair"), "\(refused.errors)")
  }

  // MARK: Crashes and faults

  private func start() throws -> SimulatedFileSystem {
    let system = try SimulatedFileSystem.importing(Fixtures.path("databases/r783-cfwals/db"))
    let view = try DatabaseView(database: system.directory(at: "db"))
    let family = try #require(view.families.first { $0.logEntryCount > 0 })
    let first = try #require(family.entries?.entries.first).key
    let file = try system.directory(at: "").createDirectory("in").create("new.sst")
    let writer = try TableWriter(file: file, options: Self.external())
    let internalKey = InternalKey(userKey: [UInt8](first.dropLast(8)), sequence: 0, kind: .value)
    try internalKey.bytes.withUnsafeBytes { key in
      try [UInt8]("new".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
    }
    _ = try writer.finish()
    system.settle()
    return SimulatedFileSystem(disk: system.disk)
  }

  private func family() throws -> String {
    let view = try DatabaseView(database: try start().directory(at: "db"))
    return try #require(view.families.first { $0.logEntryCount > 0 }).name
  }

  private func digests(_ system: SimulatedFileSystem) throws -> [String] {
    let view = try DatabaseView(database: try system.readableDirectory(at: "db"))
    return try view.families.map { try FamilyScan(view.cursor($0)).digest }
  }

  private func ingest(_ system: SimulatedFileSystem, _ family: String) throws {
    let run = ToolRun("ingest", "in/new.sst", "--cf", family, "--into", "db", fileSystem: system)
    guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
    system.milestone = 1
  }

  @Test func everyCrashLeavesBeforeOrAfter() throws {
    let start = try start()
    let family = try family()
    let before = try digests(start)
    let done = SimulatedFileSystem(disk: start.disk)
    try ingest(done, family)
    let after = try digests(done)
    #expect(before != after)
    let flushed = try DatabaseView(database: done.directory(at: "db"))
    #expect(flushed.logs.isEmpty)
    let report = enumerateCrashes(from: start.disk) { system in
      try ingest(system, family)
    } check: { image in
      try ExclusiveDatabase("db", in: image.fileSystem).close()
      let found = try digests(image.fileSystem)
      guard found == after || found == before && image.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
      try ingest(image.fileSystem, family)
      guard try digests(image.fileSystem) == after else { throw RocksOracle.Failure("a rerun gives other contents") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func everyFaultLeavesBeforeOrAfter() throws {
    let start = try start()
    let family = try family()
    let before = try digests(start)
    let done = SimulatedFileSystem(disk: start.disk)
    try ingest(done, family)
    let after = try digests(done)
    let report = enumerateFaults(from: start.disk) { system in
      try ingest(system, family)
    } check: { outcome in
      try ExclusiveDatabase("db", in: outcome.fileSystem).close()
      let found = try digests(outcome.fileSystem)
      guard found == after || found == before && outcome.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }
}
