import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Databases converted in place: the same contents for every reader, one commit, undone byte for byte.
@Suite struct ConvertDatabaseTests {
  /// Databases of the fixtures that can be opened and converted.
  static let convertible = FixtureDatabase.databases.filter { fixture in
    fixture.damage == nil && fixture.live?.isOK == true && !fixture.name.contains("bzip2")
      && !fixture.name.contains("embblob")
  }

  static func digest(_ path: String) throws -> [String] {
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: path))
    return try view.families.filter(\.order.isKnown).map { family in
      var digest = ContentDigest()
      let seed = ContentDigest.Family(name: family.name)
      var cursor = try view.allVersions(family)
      try cursor.seekToFirst()
      while cursor.isValid {
        let kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: cursor.key.internalKeyTrailer)) ?? .value
        digest.add(kind, key: cursor.key, value: cursor.value, in: seed)
        try cursor.next()
      }
      return "\(family.name) \(digest.entries) \(digest.hex) \(try view.rangeTombstones(family, tolerant: false).count)"
    }
  }

  static func convert(
    _ path: String, _ target: TranscodeTarget, _ select: (inout TableSelection) -> Void = { _ in }
  ) throws -> ConvertReport {
    var selection = TableSelection()
    select(&selection)
    var options = ConvertOptions(target)
    options.jobs = 2
    return try ConvertDatabase(path, selection: selection, options: options, in: PosixFileSystem()).run()
  }

  static func findings(_ path: String) throws -> [String] {
    let collected = Monitor<[Finding]>([])
    _ = try Verify(database: PosixFileSystem().readableDirectory(at: path), level: .full, jobs: 1).run { finding in
      collected.change { $0.append(finding) }
    }
    return collected.change { $0 }.filter { $0.severity > .info }.map(\.line)
  }

  static func files(_ path: String) throws -> [String: [UInt8]] {
    var files = try JournalTests.files(PosixFileSystem().readableDirectory(at: path))
    files["LOCK"] = nil
    return files
  }

  @Test(arguments: convertible)
  func fixturesKeepTheirContentsAndComeBack(_ fixture: FixtureDatabase) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    let files = try Self.files(path)
    let before = try Self.digest(path)
    let known = Set(try Self.findings(path))
    let codec = TableTranscoderTests.codecs[fixture.name.utf8.count % 6]
    let target = TranscodeTarget(codec: codec, isForced: true)
    let report = try Self.convert(path, target)
    #expect(report.count(.refused) == 0)
    #expect(try Self.digest(path) == before, "\(fixture) to \(codec)")
    let found = try Self.findings(path).filter { line in !known.contains(line) && !line.contains("comparator") }
    #expect(found == [], "\(fixture) to \(codec)")
    guard let change = report.change else {
      #expect(try Self.files(path) == files)
      return
    }
    let again = try Self.convert(path, target)
    #expect(again.count(.converted) == 0 && again.change == nil, "\(fixture): not idempotent")
    let database = try ExclusiveDatabase(path, in: PosixFileSystem())
    try database.undo(change)
    database.close()
    #expect(try Self.files(path) == files)
  }

  /// Newer tables of level 0 stay newer, also where the file numbers alone say so.
  @Test func theOrderOfLevelZeroStays() throws {
    for name in ["l123-levels", "r783-levels", "l123-snapshots", "r783-dups"] {
      let fixture = try FixtureDatabase(name)
      let version = try ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: fixture.path))
        .readableVersion()
      for table in version.families.flatMap({ $0.levels[0] }) {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/db"
        try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
        let before = try Self.digest(path)
        let report = try Self.convert(path, TranscodeTarget(codec: .none)) { $0.files = [table.number] }
        #expect(try Self.digest(path) == before, "\(name) \(table.number)")
        #expect(report.tables.count == 1)
        let after = try ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: path)).readableVersion()
        for (old, new) in zip(version.families, after.families) {
          #expect(old.levels[0].map(\.smallest) == new.levels[0].map(\.smallest), "\(name) \(table.number)")
          #expect(old.levels[0].map(\.largest) == new.levels[0].map(\.largest), "\(name) \(table.number)")
        }
      }
    }
  }

  @Test func onlyWhatIsSelectedIsConverted() throws {
    let fixture = try FixtureDatabase("r1075-levels")
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    let levels = try ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: path)).readableVersion()
      .families[0].levels
    let deepest = try #require(levels.lastIndex { !$0.isEmpty })
    let report = try Self.convert(path, TranscodeTarget(codec: .zlib)) { $0.levels = deepest...deepest }
    #expect(report.tables.count == levels[deepest].count && report.count(.converted) == report.tables.count)
    for change in [
      { (selection: inout TableSelection) in selection.families = ["nobody"] },
      { (selection: inout TableSelection) in selection.files = [999_999] },
    ] {
      #expect {
        try Self.convert(path, TranscodeTarget(codec: .zlib), change)
      } throws: { ($0 as? DatabaseError)?.kind == .invalid }
    }
  }

  /// Those of RocksDB's own function are made anew; of other functions there are none until the engine makes them.
  @Test(arguments: ["FileChecksumCrc32c", "somebody's"])
  func fileChecksumsFollow(_ function: String) throws {
    let system = try SimulatedFileSystem.importing(FixtureDatabase("r1112-filecrc").path)
    let directory = try system.directory(at: "db")
    func tables() throws -> [TableMetadata] {
      try ManifestReader.readCurrent(directory).readableVersion().families.flatMap(\.tables)
    }
    func isRight(_ table: TableMetadata) throws -> Bool {
      let content = try #require(try system.content(of: "db/" + DatabaseFile.table(table.number).name))
      let value = content.withUnsafeBytes { CRC32C.checksum($0) }
      return table.fileChecksum == withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
    }
    #expect(try tables().allSatisfy { try isRight($0) && $0.fileChecksumFunction == "FileChecksumCrc32c" })
    if function != "FileChecksumCrc32c" { try rename(function, in: system) }
    var options = ConvertOptions(TranscodeTarget(codec: .lz4hc))
    options.jobs = 2
    #expect(try ConvertDatabase("db", options: options, in: system).run().count(.converted) > 0)
    for table in try tables() {
      if function == "FileChecksumCrc32c" {
        #expect(try isRight(table) && table.fileChecksumFunction == function)
      } else {
        #expect(table.fileChecksum == nil && table.fileChecksumFunction == nil)
      }
    }
  }

  /// The same state in a MANIFEST that names another function.
  private func rename(_ function: String, in system: SimulatedFileSystem) throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    let version = try database.version()
    let change = try DatabaseChange("rename", of: database, base: version)
    let families = version.families.map { family in
      ColumnFamily(
        id: family.id, name: family.name, comparator: family.comparator, logNumber: family.logNumber,
        tables: family.tables.map { table in
          var table = table
          table.fileChecksumFunction = function
          return table
        })
    }
    _ = try change.commit(
      Version(
        families: families, lastSequence: version.lastSequence, nextFileNumber: version.nextFileNumber,
        databaseID: version.databaseID), summary: "")
  }

  @Test func aRunningEngineIsNotDisturbed() throws {
    let fixture = try FixtureDatabase("r1075-levels")
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    let held = try ExclusiveDatabase(path, in: PosixFileSystem())
    defer { held.close() }
    #expect {
      try Self.convert(path, TranscodeTarget(codec: .none))
    } throws: { ($0 as? DatabaseError)?.kind == .locked }
  }

  // MARK: Crashes

  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    try ConvertTablesTests.small(1, .none).writeDatabase(in: directory, level: 6)
    system.settle()
    return system.disk
  }

  static func run(_ system: SimulatedFileSystem) throws {
    var options = ConvertOptions(TranscodeTarget(codec: .zstd))
    options.jobs = 1
    _ = try ConvertDatabase("db", options: options, in: system).run()
    system.milestone += 1
  }

  /// The table as the database has it: its codec.
  static func check(_ system: SimulatedFileSystem) throws -> Bool {
    try ExclusiveDatabase("db", in: system).close()
    let directory = try system.readableDirectory(at: "db")
    let tables = try ManifestReader.readCurrent(directory).readableVersion().families[0].tables
    guard tables.count == 1 else { throw ConvertTablesTests.Broken(description: "\(tables.count) tables") }
    let reader = try TableReader(directory.open(DatabaseFile.table(tables[0].number).name), size: tables[0].size)
    guard try TableFixtureTests.scan(reader).count == 40 else {
      throw ConvertTablesTests.Broken(description: "entries are lost")
    }
    return try TableTranscoder(reader, to: TranscodeTarget(codec: .zstd)).isDone()
  }

  @Test func aCrashLeavesBeforeOrAfter() throws {
    let report = enumerateCrashes(from: try Self.start(), scenario: Self.run) { image in
      let isDone = try Self.check(image.fileSystem)
      if image.milestone > 0, !isDone { throw ConvertTablesTests.Broken(description: "the change is gone") }
      if !isDone {
        try Self.run(image.fileSystem)
        guard try Self.check(image.fileSystem) else {
          throw ConvertTablesTests.Broken(description: "the second run did nothing")
        }
      }
    }
    #expect(report.failures.isEmpty && report.distinct > 10, "\(report)")
  }

  @Test func aFaultLeavesBeforeOrAfter() throws {
    let report = enumerateFaults(from: try Self.start(), scenario: Self.run) { outcome in
      let isDone = try Self.check(outcome.fileSystem)
      if outcome.error == nil, !isDone { throw ConvertTablesTests.Broken(description: "success, and nothing done") }
      if outcome.fileSystem.openHandles != 0 { throw ConvertTablesTests.Broken(description: "files are left open") }
    }
    #expect(report.failures.isEmpty && report.runs > 50, "\(report)")
  }
}
