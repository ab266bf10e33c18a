import SofaTesting
import Testing

@testable import SofaDB

/// What is said of every fixture, held against what its engine said.
@Suite struct InspectFixtureTests {
  static func report(_ fixture: FixtureDatabase) throws -> InspectReport {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    var inspect = Inspect(directory)
    inspect.findsBounds = true
    return try inspect.run()
  }

  private struct Place: Hashable {
    var family: String
    var level: Int
  }

  @Test(arguments: FixtureDatabase.databases) func levelsAreTheEngines(fixture: FixtureDatabase) throws {
    let report = try InspectFixtureTests.report(fixture)
    #expect(report.kind == .database)
    #expect(report.engine == (fixture.engine == "LevelDB" ? .levelDB : .rocksDB))
    #expect(report.manifest?.tail == "clean" && report.manifest?.isCurrent == true)
    #expect(report.isComplete)
    guard let live = fixture.live, live.isOK, let tables = live.tables, !tables.isEmpty else { return }
    let expected = Dictionary(grouping: tables) { Place(family: $0.family, level: $0.level) }
    #expect(report.families.map(\.levels.count).reduce(0, +) == expected.count)
    for (place, tables) in expected {
      let family = try #require(report.families.first { $0.name == place.family })
      let level = try #require(family.levels.first { $0.number == place.level })
      #expect(level.files == tables.count)
      #expect(level.bytes == tables.reduce(0) { $0 + $1.size })
      guard fixture.engine != "LevelDB", level.silent == 0 else { continue }
      #expect(level.entries == tables.reduce(0) { $0 + $1.entries })
      #expect(level.deletions == tables.reduce(0) { $0 + $1.deletions })
    }
    #expect(report.tableBytes == tables.reduce(0) { $0 + $1.size })
  }

  @Test(arguments: FixtureDatabase.databases) func releasesAreGuessedRight(fixture: FixtureDatabase) throws {
    var report = try InspectFixtureTests.report(fixture)
    guard report.engine == .rocksDB else {
      #expect(report.engineVersion == nil && report.opensBefore == EngineRelease(11, 0))
      return
    }
    let text =
      report.engineVersion
      ?? ["r783": "7.8", "r984": "9.8", "r1075": "10.7", "r1112": "11.1", "main": "11.9"][
        String(fixture.name.prefix { $0 != "-" })] ?? ""
    let parts = text.split(separator: ".").compactMap { Int($0) }
    try #require(parts.count >= 2)
    let release = EngineRelease(parts[0], parts[1])
    if let from = report.opensFrom { #expect(from <= release) }
    if let before = report.opensBefore { #expect(release < before) }
    // Other than the newest table, all are from the same release unless LevelDB made them.
    report.tables.removeAll { $0.writtenBy == nil }
    for table in report.tables {
      if let from = table.writtenBy?.from { #expect(from <= release, "\(table.name)") }
      if let before = table.writtenBy?.before { #expect(release < before, "\(table.name)") }
    }
  }

  @Test(arguments: FixtureDatabase.all.filter(\.isLoose)) func looseTables(fixture: FixtureDatabase) throws {
    let report = try InspectFixtureTests.report(fixture)
    #expect(report.kind == .looseTables)
    #expect(report.tables.map(\.name) == fixture.externals.map(\.file).sorted())
    for external in fixture.externals {
      let table = try #require(report.tables.first { $0.name == external.file })
      #expect(table.isExternal && table.state == .ok)
      #expect(table.entries == external.properties["num_entries"] ?? table.entries)
      #expect(table.smallest != nil && table.largest != nil)
    }
    #expect(report.families.flatMap(\.levels).allSatisfy { $0.number == nil })
  }

  @Test(arguments: FixtureDatabase.all.filter { $0.name.hasPrefix("sofadb-go") })
  func directoriesOfTheGoEngine(fixture: FixtureDatabase) throws {
    let report = try InspectFixtureTests.report(fixture)
    #expect(report.kind == .sofaGo && report.engine == .sofaGo)
    let expected = fixture.live?.families.first?.entries
    #expect(expected == nil || report.visibleEntries == expected.map { UInt64($0) })
    #expect(report.summary.hasFindings == fixture.name.contains("torn"))
    #expect(report.created != nil)
  }

  @Test func codecsAreTheOnesAskedFor() throws {
    for fixture in FixtureDatabase.databases {
      guard let asked = fixture.options["comp"], fixture.engine == "RocksDB" else { continue }
      let report = try InspectFixtureTests.report(fixture)
      guard !report.tables.isEmpty, !fixture.name.contains("over-leveldb") else { continue }
      let names = Set(report.shares(\.codec).flatMap { $0.name.split(separator: "+").map(String.init) })
      // A table whose blocks do not shrink is stored as it is.
      #expect(names.subtracting(["none"]).isSubset(of: [Compression(asked)?.name ?? asked]), "\(fixture) \(names)")
    }
  }

  @Test func filtersAreTheOnesAskedFor() throws {
    func filters(_ name: String) throws -> [String] {
      try InspectFixtureTests.report(FixtureDatabase(name)).shares(\.filter).map(\.name)
    }
    #expect(try filters("r783-ribbon") == ["ribbon"])
    #expect(try filters("r1075-ribbon-part") == ["partitioned-ribbon"])
    #expect(try filters("r984-part") == ["partitioned-bloom"])
    #expect(try filters("r783-bloom-legacy-bpk20") == ["legacy-bloom"])
    #expect(try filters("l123-levels") == ["block-based-bloom"])
    #expect(try filters("r1075-u64ts") == ["none"])
  }

  @Test func logsAreCounted() throws {
    let levels = try InspectFixtureTests.report(FixtureDatabase("main-levels"))
    #expect(levels.pendingEntries == 10 && levels.logs.map(\.entries) == [10])
    let families = try InspectFixtureTests.report(FixtureDatabase("r783-cfwals"))
    #expect(families.families.map(\.pendingEntries) == [10, 90])
    let compressed = try InspectFixtureTests.report(FixtureDatabase("r1075-wal-zstd"))
    #expect(compressed.features.contains(.logCompression))
  }

  @Test func theNumberOfThreadsDoesNotShow() throws {
    let directory = try PosixFileSystem().readableDirectory(at: FixtureDatabase("r783-levels").path)
    var texts: [[UInt8]] = []
    for jobs in [1, 8] {
      var inspect = Inspect(directory)
      inspect.jobs = jobs
      var json = JSONWriter()
      try inspect.run().encode(into: &json, showKeys: true)
      texts.append([UInt8](json.output.bytes))
    }
    #expect(texts[0] == texts[1])
  }

  @Test func cancellingEndsTheRun() throws {
    var inspect = Inspect(try PosixFileSystem().readableDirectory(at: FixtureDatabase("main-levels").path))
    inspect.isCancelled = { true }
    #expect(throws: DatabaseError.self) { try inspect.run() }
  }
}
