import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// One `ingest` of tables that say different column families, one of them new, one with entries in a log among their
/// keys: RocksDB's ingestions, family by family, give the same contents, and all families change in one step.
@Suite(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
struct IngestFamiliesTests {
  private static let families = ["default", "users", "late", "fresh"]
  private static let tables = families.map { "in/\($0).sst" }

  private static func hex(_ text: String) -> String {
    text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// As SstFileWriter makes tables when it is given a column family.
  private static func options(_ id: UInt32, _ family: String) -> TableOptions {
    var options = TableOptions()
    (options.columnFamilyID, options.columnFamilyName) = (id, family)
    options.keptProperties = [
      .init(name: Array("rocksdb.external_sst_file.global_seqno".utf8), value: [UInt8](repeating: 0, count: 8)),
      .init(name: Array("rocksdb.external_sst_file.version".utf8), value: [2, 0, 0, 0]),
    ]
    return options
  }

  /// A database of RocksDB's with three families, and a table for each beside it, and for a fourth.
  private static func start() throws -> SimulatedFileSystem {
    let oracle = try #require(RocksOracle.shared)
    let place = try TemporaryDirectory()
    var operations: [String] = []
    for family in families.dropLast() {
      operations.append("cf \(family)")
      operations += (0..<40).map { "put \(hex("key\(100 + $0)")) \(hex("\(family)-\($0)"))" }
    }
    operations += ["flush", "compact", "cf users"]
    operations += (5..<15).map { "put \(hex("key\(100 + $0)")) \(hex("logged-\($0)"))" }
    try oracle.make(place.path + "/db", operations)
    let system = try SimulatedFileSystem.importing(place.path + "/db")
    let directory = try system.directory(at: "").createDirectory("in")
    for (id, family) in families.enumerated() {
      let file = try directory.create("\(family).sst")
      let writer = try TableWriter(file: file, options: options(UInt32(id), family))
      for number in (id * 3)..<(id * 3 + 10) {
        let key = InternalKey(userKey: Array("key\(100 + number)".utf8), sequence: 0, kind: .value)
        try key.bytes.withUnsafeBytes { key in
          try Array("ingested-\(number)".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
        }
      }
      _ = try writer.finish()
    }
    system.settle()
    return SimulatedFileSystem(disk: system.disk)
  }

  private static func ingest(_ system: SimulatedFileSystem) throws {
    let run = ToolRun(["ingest", "--create-family", "--into", "db"] + tables, fileSystem: system)
    guard run.status == .ok else { throw RocksOracle.Failure(run.errors) }
    system.milestone = 1
  }

  private static func digests(_ system: SimulatedFileSystem) throws -> [String: String] {
    let view = try DatabaseView(database: try system.readableDirectory(at: "db"))
    var digests: [String: String] = [:]
    for family in view.families { digests[family.name] = try FamilyScan(view.cursor(family)).digest }
    return digests
  }

  @Test func rocksDBIngestsTheSame() throws {
    let oracle = try #require(RocksOracle.shared)
    let place = try TemporaryDirectory()
    let system = try Self.start()
    try system.export(as: "theirs", into: place.path)
    let tables = try PosixFileSystem().directory(at: place.path).createDirectory("in")
    try copyTree(from: system.readableDirectory(at: "in"), to: tables)
    var wanted = try oracle.make(place.path + "/theirs", ["cf fresh", "flush"])
    for family in Self.families {
      wanted = try oracle.ingest(
        ["\(place.path)/in/\(family).sst"], into: place.path + "/theirs", ["cf=\(family)"])
    }
    let before = try ManifestReader.readCurrent(system.directory(at: "db")).version
    try Self.ingest(system)
    let digests = try Self.digests(system)
    #expect(digests == Dictionary(uniqueKeysWithValues: wanted.map { ($0.name, $0.digest) }))
    #expect(ToolRun("verify", "db", fileSystem: system).status == .ok)
    try system.export(as: "ours", into: place.path)
    #expect(try oracle.families("reopen", place.path + "/ours").map(\.digest) == wanted.map(\.digest))
    let journal = try #require(try Journal.entries(of: system.readableDirectory(at: "db")).last)
    #expect(ToolRun("undo", "db", journal.id, fileSystem: system).status == .ok)
    let after = try ManifestReader.readCurrent(system.directory(at: "db")).version
    #expect(after.families == before.families, "one undo takes all families back")
  }

  @Test func everyCrashLeavesAllFamiliesBeforeOrAfter() throws {
    let start = try Self.start()
    let before = try Self.digests(start)
    let done = SimulatedFileSystem(disk: start.disk)
    try Self.ingest(done)
    let after = try Self.digests(done)
    #expect(before.count == 3 && after.count == 4 && before.allSatisfy { after[$0.key] != $0.value })
    let report = enumerateCrashes(from: start.disk, scenario: Self.ingest) { image in
      try ExclusiveDatabase("db", in: image.fileSystem).close()
      let found = try Self.digests(image.fileSystem)
      guard found == after || found == before && image.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
      try Self.ingest(image.fileSystem)
      guard try Self.digests(image.fileSystem) == after else {
        throw RocksOracle.Failure("a rerun gives other contents")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func everyFaultLeavesAllFamiliesBeforeOrAfter() throws {
    let start = try Self.start()
    let before = try Self.digests(start)
    let done = SimulatedFileSystem(disk: start.disk)
    try Self.ingest(done)
    let after = try Self.digests(done)
    let report = enumerateFaults(from: start.disk, scenario: Self.ingest) { outcome in
      try ExclusiveDatabase("db", in: outcome.fileSystem).close()
      let found = try Self.digests(outcome.fileSystem)
      guard found == after || found == before && outcome.milestone == 0 else {
        throw RocksOracle.Failure("other contents")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }
}
