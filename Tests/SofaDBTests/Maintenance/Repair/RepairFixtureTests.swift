import SofaTesting
import Testing

@testable import SofaDB

/// Real databases of all engines, healthy and damaged in every way that a campaign of seconds can reach.
@Suite struct RepairFixtureTests {
  static let healthy = FixtureDatabase.databases.filter { $0.damage == nil }
  /// Those whose content can be read here, so that it can be compared.
  static let readable = healthy.filter { $0.options["comp"] != "bzip2" && !$0.name.contains("customcmp") }
  /// One or two of every feature, for what takes longer.
  static let varied = readable.filter { fixture in
    [
      "levels", "cf", "blob", "ingest", "rangedel", "dict-zstd", "part-fv", "u64ts", "udt", "entity", "wal", "fv0-",
      "fv1-", "-fv6", "-fv7", "xxh3", "l123", "hashidx", "sepkv", "merge-put", "atomic", "txn", "timed", "single",
    ].contains { fixture.name.contains($0) }
  }

  /// Museum I1: repair of a healthy database is nothing, families that only a log knows included.
  @Test(arguments: healthy)
  func museumI1HealthyDatabasesHaveNothingToRepair(fixture: FixtureDatabase) throws {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let plan = try Repair().plan(directory)
    #expect(plan.isNothing && !plan.losesData, "\(plan.changes) \(plan.losses.map(\.line)) \(plan.remarks)")
    #expect(plan.changes.isEmpty)
  }

  @Test(arguments: varied)
  func aFlippedBitIsPutRight(fixture: FixtureDatabase) throws {
    guard fixture.options["ck"] != "none" else { return }
    var random = SeededRandom(seed: 11)
    let database = try BrokenDatabase(fixture.path)
    for (name, _, _) in try database.tables().prefix(2) {
      try database.change(name) { $0[random.below($0.count * 3 / 4)] ^= 1 << UInt8(random.below(8)) }
    }
    let report = try database.repair()
    try database.check(report, fixture.name)
    // Nothing but its checksum proves a value that lies between the blocks.
    if fixture.name.contains("embblob") { return }
    #expect(report.plan.losses.isEmpty, "\(report.plan.losses.map(\.line))")
  }

  @Test(arguments: varied)
  func aLostBlockLosesItsIntervalOnly(fixture: FixtureDatabase) throws {
    let database = try BrokenDatabase(fixture.path)
    guard let (name, _, family) = try database.tables().first(where: { $0.table.size > 600 }) else { return }
    let reader = try TableReader(database.directory.open(name), order: family.order)
    var cursor = reader.dataBlocks()
    try cursor.seekToFirst()
    guard cursor.isValid else { return }
    let block = cursor.handle
    try database.change(name) { bytes in
      for place in block.offset..<(block.offset + block.size + 5) { bytes[Int(place)] = 0 }
    }
    let report = try database.repair()
    #expect(report.plan.losesData)
    try database.check(report, fixture.name)
  }

  @Test(arguments: varied)
  func aMissingCurrentIsWrittenAgain(fixture: FixtureDatabase) throws {
    let database = try BrokenDatabase(fixture.path)
    try database.directory.remove(CurrentFile.name)
    let report = try database.repair()
    try database.check(report, fixture.name)
    #expect(!report.plan.losesData && report.change != nil)
    #expect(try ManifestReader.readCurrent(database.directory).version.families == database.version.families)
  }

  @Test(arguments: varied)
  func aMissingTableIsForgottenAndSaid(fixture: FixtureDatabase) throws {
    let database = try BrokenDatabase(fixture.path)
    guard let (name, table, _) = try database.tables().last else { return }
    try database.directory.remove(name)
    let report = try database.repair()
    try database.check(report, fixture.name)
    let loss = report.plan.losses.first { $0.kind == .table }
    #expect(loss?.after == table.smallest.userKey && loss?.before == table.largest.userKey)
  }

  @Test(arguments: varied)
  func museumI5TheStateIsFoundFromTheTablesAlone(fixture: FixtureDatabase) throws {
    let database = try BrokenDatabase(fixture.path)
    try database.removeManifests()
    guard case .damagedDatabase = try DirectoryKind(database.directory) else { return }
    let report = try database.repair()
    try database.check(report, fixture.name)
    // These directories have no LOG, so nothing proves that all their tables were in use.
    #expect(report.plan.losses.allSatisfy { $0.kind == .liveness }, "\(report.plan.losses.map(\.line))")
    let version = try ManifestReader.readCurrent(database.directory).version
    // What a crash left behind and nothing supersedes cannot be told from the rest.
    #expect(version.tableCount >= database.version.tableCount)
  }

  @Test(arguments: varied)
  func aManifestIsCutAnywhere(fixture: FixtureDatabase) throws {
    let original = try BrokenDatabase(fixture.path)
    let name = try ManifestReader.readCurrent(original.directory).name
    let size = try original.bytes(name).count
    for part in [1, 3] {
      let database = try BrokenDatabase(fixture.path)
      try database.replace(name, Array(try database.bytes(name)[..<(size * part / 4)]))
      guard case .database = try DirectoryKind(database.directory) else { return }
      try database.check(try database.repair(), "\(fixture.name) cut to \(part)/4")
    }
  }

  @Test(arguments: varied)
  func aManifestIsDamagedAnywhere(fixture: FixtureDatabase) throws {
    let original = try BrokenDatabase(fixture.path)
    let name = try ManifestReader.readCurrent(original.directory).name
    let size = try original.bytes(name).count
    for part in [0, 1, 2] {
      let database = try BrokenDatabase(fixture.path)
      try database.change(name) { $0[size * part / 3 + 9 % size] ^= 0x40 }
      try database.check(try database.repair(), "\(fixture.name) damaged at \(part)/3")
    }
  }

  @Test(arguments: FixtureDatabase.databases.filter { $0.damage != nil })
  func damagedLogsKeepTheirGoodRecords(fixture: FixtureDatabase) throws {
    let system = try SimulatedFileSystem.importing(fixture.path)
    let directory = try system.directory(at: "db")
    var repair = Repair()
    repair.jobs = 1
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    let report = try repair.apply(to: database)
    #expect(!report.findings.contains { $0.severity == .error }, "\(report.findings.map(\.line))")
    // Mode 3 of RocksDB keeps what can be read as well.
    let wanted = try #require(fixture.recoveryModes[3])
    let view = try DatabaseView(database: directory)
    for family in wanted.families {
      let found = try #require(view.family(named: family.name))
      let scan = try FamilyScan(view.cursor(found))
      #expect(scan.entries == family.entries && scan.digest == family.digest, "\(fixture.name)")
    }
    let isMiddle = fixture.name.contains("flip") || fixture.name == "r783-wals-torn-first"
    #expect(report.plan.losesData == isMiddle, "\(report.plan.losses.map(\.line))")
  }
}
