import SofaTesting
import Testing

@testable import SofaDB

/// Failures of other repair tools, by their numbers in the list of real bugs.
@Suite struct RepairMuseumTests {
  private static func fixture(_ name: String) throws -> BrokenDatabase {
    try BrokenDatabase(try FixtureDatabase(name).path)
  }

  /// I2: a repair forgot blob references, and the next open deleted all blob files.
  @Test(arguments: ["r783-blob", "r984-blob", "r1075-blob-snappy"])
  func museumI2BlobFilesStayListed(name: String) throws {
    let database = try Self.fixture(name)
    try database.removeManifests()
    let report = try database.repair()
    try database.check(report, name)
    let version = try ManifestReader.readCurrent(database.directory).version
    let wanted = database.version.families.flatMap(\.tables).compactMap(\.oldestBlobFile)
    #expect(Set(version.families.flatMap(\.tables).compactMap(\.oldestBlobFile)) == Set(wanted))
    #expect(Set(wanted).isSubset(of: version.blobFiles.map(\.number)))
  }

  /// I3: a repair took in the inputs of compactions that were still lying there, and everything deleted came back.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: [true, false])
  func museumI3WhatWasDeletedStaysDeleted(keepsManifest: Bool) throws {
    let oracle = try #require(RocksOracle.shared)
    let place = try TemporaryDirectory()
    let path = place.path + "/db"
    func hex(_ text: String) -> String { text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    var operations = (0..<300).map { "put \(hex("key\(1000 + $0)")) \(hex("value\($0)"))" } + ["flush"]
    try oracle.make(path, operations)
    let stale = try BrokenDatabase(path)
    let staleTables = try stale.tables().map { ($0.name, try stale.bytes($0.name)) }
    operations = (0..<150).map { "del \(hex("key\(1000 + $0 * 2)"))" } + ["flush", "compact"]
    try oracle.make(path, operations)
    let database = try BrokenDatabase(path)
    #expect(database.before["default"]?.count == 150)
    for (name, bytes) in staleTables { try database.replace(name, bytes) }
    if !keepsManifest { try database.removeManifests() }
    let report = try database.repair()
    try database.check(report, "stale tables")
    #expect(try BrokenDatabase.contents(database.directory)["default"]?.count == 150)
    if keepsManifest {
      #expect(report.plan.isNothing)
    } else {
      #expect(report.plan.steps.contains { $0.action == .park && $0.file == staleTables.first?.0 })
      try database.system.export(as: "repaired", into: place.path)
      let families = try oracle.families("digest", place.path + "/repaired")
      #expect(families.first?.entries == 150)
    }
  }

  /// I4: a table with nothing but a range deletion made a repair abort.
  @Test(arguments: ["r783-rangedel-only", "r783-rangedel", "r984-rangedel"])
  func museumI4TablesWithRangeDeletionsOnly(name: String) throws {
    for removes in [true, false] {
      let database = try Self.fixture(name)
      if removes {
        try database.removeManifests()
      } else if let (table, _, _) = try database.tables().first {
        try database.change(table) { $0[3] ^= 1 }
      }
      guard case .database = try DirectoryKind(database.directory) else {
        guard case .damagedDatabase = try DirectoryKind(database.directory) else { continue }
        try database.check(try database.repair(), name)
        continue
      }
      try database.check(try database.repair(), name)
    }
  }

  /// I6: all tables in level 0 make days of compaction.
  @Test(arguments: ["r783-levels", "r1075-levels", "main-levels"])
  func museumI6LevelsAreFoundAgain(name: String) throws {
    let database = try Self.fixture(name)
    try database.removeManifests()
    try database.check(try database.repair(), name)
    let version = try ManifestReader.readCurrent(database.directory).version
    func shape(_ version: Version) -> [[Int]] {
      version.families.map { family in
        [family.levels[0].count] + family.levels.dropFirst().map(\.count).filter { $0 > 0 }
      }
    }
    #expect(shape(version) == shape(database.version))
  }

  /// I7, I8: nothing is repaired unasked, and what was repaired can be taken back whole.
  @Test func museumI8TheOldStateComesBack() throws {
    let database = try Self.fixture("r783-levels")
    let (name, _, _) = try #require(try database.tables().last)
    try database.change(name) { bytes in for place in 10..<400 { bytes[place] = 0 } }
    let damaged = try MemoryDirectory(copying: database.directory).files.mapValues(\.content)
    #expect(try !database.plan().isNothing)
    #expect(try MemoryDirectory(copying: database.directory).files.mapValues(\.content) == damaged)
    let report = try database.repair()
    let change = try #require(report.change)
    let journal = try database.directory.readableDirectory(Journal.name).readableDirectory(change)
    let losses = try journal.open("loss.ndjson")
    #expect(losses.size > 50)
    let exclusive = try ExclusiveDatabase("db", in: database.system)
    try exclusive.undo(change)
    exclusive.close()
    #expect(try MemoryDirectory(copying: database.directory).files.mapValues(\.content) == damaged)
  }

  /// I9: logs that lie elsewhere stay in effect, since the numbers that say so stay.
  @Test func museumI9LogNumbersStay() throws {
    let database = try Self.fixture("r783-cfwals")
    let (name, _, _) = try #require(try database.tables().first)
    try database.remove { file in if case .log = file { true } else { false } }
    try database.change(name) { bytes in bytes[20] ^= 4 }
    _ = try database.repair()
    let version = try ManifestReader.readCurrent(database.directory).version
    #expect(version.families.map(\.logNumber) == database.version.families.map(\.logNumber))
    #expect(version.minLogNumberToKeep == database.version.minLogNumberToKeep)
  }

  /// I10: ingested tables and those without the name of a family went to lost/.
  @Test(arguments: ["r783-ingest", "r783-ingest-wgs", "r984-ingest", "r984-ingest-2", "main-ingest"])
  func museumI10IngestedTablesAreKept(name: String) throws {
    for removes in [true, false] {
      let database = try Self.fixture(name)
      if removes { try database.removeManifests() } else { try database.directory.remove(CurrentFile.name) }
      let report = try database.repair()
      try database.check(report, name)
      let version = try ManifestReader.readCurrent(database.directory).version
      #expect(version.tableCount == database.version.tableCount, "\(report.plan.changes)")
    }
  }

  /// B7: an atomic group that was cut off at the end of a MANIFEST was tolerated, and appended to.
  @Test func museumB7ACutAtomicGroupIsDroppedWhole() throws {
    let database = try Self.fixture("r783-cfs")
    let name = try ManifestReader.readCurrent(database.directory).name
    var edit = VersionEdit(family: 0)
    edit.remainingInGroup = 1
    edit.lastSequence = database.version.lastSequence + 5
    let file = MemoryFile(try database.bytes(name))
    let copy = MemoryFile()
    let writer = LogWriter(file: copy)
    let reader = LogReader(file: file, number: 0, mode: .tolerateCorruptedTail, plainOnly: true)
    while let item = try reader.next() { if case .record(let record) = item { try writer.append(record.bytes) } }
    var buffer = ByteWriter()
    edit.encode(into: &buffer, as: .rocksdb)
    try writer.append(buffer.bytes)
    try database.replace(name, copy.content)
    let report = try database.repair()
    try database.check(report, "cut group")
  }

  /// H12: tools that insist on a healthy database are of no use for a damaged one.
  @Test func museumH12SeveralThingsAreBrokenAtOnce() throws {
    let database = try Self.fixture("r783-levels")
    let tables = try database.tables()
    try database.directory.remove(tables[0].name)
    try database.change(tables[1].name) { bytes in for place in 0..<bytes.count { bytes[place] = 0 } }
    try database.change(tables[2].name) { bytes in bytes[40] ^= 8 }
    try database.replace(CurrentFile.name, Array("MANIFEST-999999\n".utf8))
    let report = try database.repair()
    try database.check(report, "much is broken")
    #expect(report.plan.losses.filter { $0.kind == .table }.count == 2)
  }
}
