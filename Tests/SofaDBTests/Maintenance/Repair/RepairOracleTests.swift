import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB itself opens what was repaired, and reads what we read.
@Suite struct RepairOracleTests {
  enum Damage: String, CaseIterable, Sendable { case noManifest, noCurrent, lostBlock, cutManifest, lostTable, cutLog }

  private static func damage(_ database: BrokenDatabase, _ damage: Damage) throws {
    switch damage {
    case .noManifest: try database.removeManifests()
    case .noCurrent: try database.directory.remove(CurrentFile.name)
    case .lostBlock:
      guard let (name, _, _) = try database.tables().last else { return }
      try database.change(name) { bytes in for place in 4..<min(300, bytes.count) { bytes[place] = 0 } }
    case .cutManifest:
      let name = try ManifestReader.readCurrent(database.directory).name
      try database.replace(name, try database.bytes(name).dropLast(30))
    case .lostTable:
      guard let (name, _, _) = try database.tables().first else { return }
      try database.directory.remove(name)
    case .cutLog:
      for entry in try database.directory.entries() {
        guard case .log = DatabaseFile(name: entry.name) else { continue }
        try database.change(entry.name) { bytes in
          if bytes.count > 200 { bytes[60] ^= 0x10 }
        }
      }
    }
  }

  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: [
      "r783-levels", "r783-cfs", "r783-cfwals", "r783-rangedel", "r783-ingest", "r783-blob", "r783-wal",
    ])
  func rocksDBReadsWhatWasRepaired(name: String) throws {
    let oracle = try #require(RocksOracle.shared)
    let place = try TemporaryDirectory()
    let fixture = try FixtureDatabase(name)
    // RocksDB does not take the operator from OPTIONS here.
    let merge = fixture.options["merge"].map { ["merge=\($0)"] } ?? []
    for damage in Damage.allCases {
      let database = try BrokenDatabase(fixture.path)
      try Self.damage(database, damage)
      let report = try database.repair()
      try database.check(report, "\(name) \(damage)")
      let view = try DatabaseView(database: database.directory)
      try database.system.export(as: "\(damage)", into: place.path)
      let options =
        database.version.families.filter { $0.order.kind == .reverseBytewise }
        .map { "comparator.\($0.name)=reverse" } + merge
      let before = try oracle.families("digest", place.path + "/\(damage)", options)
      for family in before {
        let scan = try FamilyScan(view.cursor(try #require(view.family(named: family.name))))
        #expect(family.entries == scan.entries && family.digest == scan.digest, "\(name) \(damage) \(family.name)")
      }
      // Read and write, so that logs are replayed and flushed.
      #expect(try oracle.families("reopen", place.path + "/\(damage)", options) == before)
    }
  }
}
