/// Edited databases, judged by the engines: what they read, before and after a compaction of theirs, is what we read.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestOracleTests {
  struct Edited {
    var path: String
    var what: String
    var families: [RocksOracle.Family]
    var seen: [[UInt8]: EditCase.Seen]
  }

  /// The fixture with each table taken out, moved to where it may be, and put back after the MANIFEST forgot it.
  static func edited(_ name: String, into folder: String) throws -> [Edited] {
    let original = try EditCase(name)
    var results: [Edited] = []
    func take(_ edits: [ManifestEdit], rebuilds: Bool = false, of start: EditCase) throws {
      let edit = EditCase(SimulatedFileSystem(disk: start.system.disk))
      guard try edit.plan(edits, rebuilds: rebuilds).obstacles.isEmpty else { return }
      let database = try ExclusiveDatabase("db", in: edit.system)
      let plan = try EditManifest(database.directory, .init(edits: edits, rebuilds: rebuilds)).run()
      _ = try EditManifest.commit(plan, to: database)
      database.close()
      let directory = "\(results.count)"
      try edit.system.export(as: directory, into: folder)
      let view = try DatabaseView(database: edit.directory)
      let families = try view.families.map { family in
        let scan = try FamilyScan(view.cursor(family))
        return RocksOracle.Family(id: family.id, name: family.name, entries: scan.entries, digest: scan.digest)
      }
      results.append(
        Edited(
          path: "\(folder)/\(directory)", what: rebuilds ? "rebuild" : edits.map(\.text).joined(separator: ", "),
          families: families,
          seen: try edit.seen()["default"] ?? [:]))
    }
    try take([], rebuilds: true, of: original)
    #expect(results.count == 1, "\(name) cannot be rebuilt")
    for table in try original.version().families.flatMap(\.tables) {
      try take([.dropFile(table.number)], of: original)
      for level in 0..<7 where level != table.level { try take([.moveFile(table.number, level: level)], of: original) }
      let forgetful = EditCase(SimulatedFileSystem(disk: original.system.disk))
      try forgetful.orphan(table.number)
      try take([.addFile(table.number, level: table.level), .set(.nextFile, 5000)], of: forgetful)
    }
    for family in try original.version().families where family.id != 0 {
      try take([.dropFamily(family.name)], of: original)
    }
    return results
  }

  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: [
      "r783-levels", "r783-levels-rev", "r783-ingest", "r783-rangedel", "r783-merge-append", "r783-blob", "r783-cfs",
    ])
  func rocksDBReadsWhatWeRead(_ name: String) throws {
    guard let oracle = RocksOracle.shared else { return }
    let temporary = try TemporaryDirectory()
    let edited = try Self.edited(name, into: temporary.path)
    #expect(edited.count > 2)
    let options = ManifestOracleTests.options(try FixtureDatabase(name))
    for edit in edited {
      let live = options.filter { option in
        // Options of families that are gone would be refused.
        guard let dot = option.firstIndex(of: "."), let equals = option.firstIndex(of: "="), dot < equals else {
          return true
        }
        return edit.families.contains { $0.name == option[option.index(after: dot)..<equals] }
      }
      try oracle.run(["check", edit.path] + live)
      for command in ["reopen", "compact"] {
        #expect(try oracle.families(command, edit.path, live) == edit.families, "\(name), \(edit.what), \(command)")
      }
    }
  }

  @Test(arguments: [("r984-levels", NewerRocksDB.Package.rocksdict), ("r1075-levels", .pyrex), ("r783-levels", .pyrex)])
  func newerReleasesReadWhatWeRead(_ name: String, _ package: NewerRocksDB.Package) throws {
    guard let judge = package == .rocksdict ? NewerRocksDB.rocksdict : NewerRocksDB.pyrex else { return }
    let temporary = try TemporaryDirectory()
    let edited = try Self.edited(name, into: temporary.path)
    let answers = try judge.judge(edited.map(\.path))
    for edit in edited {
      #expect(answers[edit.path] == "\(edit.families[0].entries) \(edit.families[0].digest)", "\(name), \(edit.what)")
    }
  }

  @Test(
    .enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"), arguments: ["l123-levels", "l123-snapshots"])
  func levelDBReadsWhatWeRead(_ name: String) throws {
    let temporary = try TemporaryDirectory()
    let edited = try Self.edited(name, into: temporary.path)
    #expect(!edited.isEmpty)
    for edit in edited {
      // Twice: LevelDB has replayed the logs in between.
      for _ in 0..<2 {
        let pairs = try LevelDBOracle.scan(edit.path, bits: 0)
        #expect(pairs.count == edit.seen.count, "\(name), \(edit.what)")
        #expect(pairs.allSatisfy { edit.seen[$0.key]?.value == $0.value }, "\(name), \(edit.what)")
      }
    }
  }
}
