import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB knows a block in its cache by what the table says of its origin. Databases of many tables with partitioned
/// indexes and filters, from each of our writers, are read and checked through one cache.
@Suite(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)")) struct TableOriginOracleTests {
  enum Maker: CaseIterable, Sendable { case load, externalTables, flush, compaction, compact, convert, repair }

  private static let rows = 1500

  private static func form() -> TableOptions {
    var options = TableOptions()
    options.indexType = .twoLevel
    options.partitionSize = 256
    options.blockSize = 256
    return options
  }

  private static func load(_ output: LoadOutput, in directory: TemporaryDirectory) throws {
    let input = directory.path + "/rows.csv"
    let text = "k,v\n" + (0..<rows).map { "key-\(100_000 + $0),value \($0 * 7919 % 10_007)\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: input))
    var options = LoadOptions()
    options.key = try RowExpression("k")
    options.value = try RowExpression("v")
    options.jobs = 2
    options.table = form()
    options.targetFileSize = 4 << 10
    _ = try BulkLoad(
      [.path(input)], format: .delimited(.csv), output: output, options: options, in: PosixFileSystem()
    ).run()
  }

  /// Five tables of level 0, or what becomes of them.
  private static func live(_ path: String, compacts: Bool) throws {
    var options = DatabaseOptions()
    options.backgroundThreads = 0
    options.familyDefaults.tables = form()
    options.familyDefaults.compaction.level0Trigger = 10
    options.familyDefaults.compaction.targetFileSize = 4 << 10
    let database = try Database.open(path, options: options, in: PosixFileSystem())
    for table in 0..<5 {
      for row in stride(from: table, to: rows, by: 5) {
        try database.put(Array("key-\(100_000 + row)".utf8), Array("value \(row * 7919 % 10_007)".utf8))
      }
      try database.flush()
    }
    if compacts { try database.compactRange() }
    try database.close()
  }

  private static func compact(_ path: String) throws {
    let database = try ExclusiveDatabase(path, in: PosixFileSystem())
    defer { database.close() }
    var compact = Compact()
    compact.overrides.targetFileSize = 4 << 10
    compact.selection.bottom = .force
    #expect(try compact.run(database).tablesAfter > 2)
  }

  /// A bit of the first data block of every table is lost.
  private static func damageAndRepair(_ path: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasSuffix(".sst") {
      var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
      for place in 10..<14 { bytes[place] ^= 0x55 }
      try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
    let database = try ExclusiveDatabase(path, in: PosixFileSystem())
    defer { database.close() }
    let repair = Repair()
    #expect(try repair.plan(database.directory).rewrites.count > 2)
    _ = try repair.apply(to: database)
  }

  /// Makes a database under `path`.
  private static func make(_ maker: Maker, _ path: String, in directory: TemporaryDirectory) throws {
    switch maker {
    case .load: try load(.database(path), in: directory)
    case .externalTables:
      let tables = directory.path + "/tables"
      try load(.tables(tables), in: directory)
      let names = try FileManager.default.contentsOfDirectory(atPath: tables).filter { $0.hasSuffix(".sst") }
      _ = try #require(RocksOracle.shared).ingest(names.map { "\(tables)/\($0)" }, into: path)
    case .flush: try live(path, compacts: false)
    case .compaction: try live(path, compacts: true)
    case .compact:
      try live(path, compacts: false)
      try compact(path)
    case .convert:
      try live(path, compacts: true)
      #expect(try ConvertDatabaseTests.convert(path, TranscodeTarget(codec: .none)).count(.converted) > 2)
    case .repair:
      try live(path, compacts: true)
      try damageAndRepair(path)
    }
  }

  @Test(arguments: Maker.allCases)
  func noTwoTablesShareABlock(_ maker: Maker) throws {
    let oracle = try #require(RocksOracle.shared)
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    try Self.make(maker, path, in: directory)
    let databases = Set(try Self.origins(path).map(\.database))
    let identity = try String(contentsOfFile: path + "/IDENTITY", encoding: .utf8)
    #expect(databases == [maker == .externalTables ? TableOrigin.externalDatabase : identity])
    if maker == .externalTables {
      // RocksDB understood the properties, recorded the id that it made of them, and will hold the tables against it.
      #expect(try Self.tables(of: path).allSatisfy { $0.uniqueID != nil })
    }
    for cachesMeta in 0...1 {
      let answer = try oracle.run(["share", path, "part=1", "cachemeta=\(cachesMeta)"])
      let words = try #require(answer.lines.last).split(separator: " ")
      #expect(words.first == "tables" && Int(words.last ?? "") ?? 0 > 2, "\(answer.lines)")
    }
  }

  /// A converted copy and what it was made of have different blocks at the same places.
  @Test(arguments: [false, true])
  func aConvertedCopyIsAnotherDatabase(_ isRocksDBs: Bool) throws {
    let oracle = try #require(RocksOracle.shared)
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    if isRocksDBs {
      func hex(_ text: String) -> String { text.utf8.map { String($0, radix: 16) }.joined() }
      let rows = (0..<Self.rows).map { "put \(hex("key-\(100_000 + $0)")) \(hex("value \($0 * 7919 % 10_007)"))" }
      try oracle.make(path, rows + ["flush"], ["part=1", "bs=64", "mbs=64", "compression=none"])
    } else {
      try Self.live(path, compacts: true)
    }
    let copy = directory.path + "/copy"
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    let target = TranscodeTarget(codec: isRocksDBs ? .lz4 : .none)
    #expect(try ConvertDatabaseTests.convert(copy, target).count(.converted) > 0)
    #expect(try Self.origins(path).isDisjoint(with: Self.origins(copy)))
    for order in [[path, copy], [copy, path]] {
      for cachesMeta in 0...1 { try oracle.run(["share"] + order + ["part=1", "cachemeta=\(cachesMeta)"]) }
    }
  }

  /// Newer releases hold tables against the ids that a MANIFEST has, unless told otherwise: those that RocksDB recorded
  /// of our tables, and those of its own tables, of which we have converted some.
  @Test(arguments: [NewerRocksDB.Package.rocksdict, .pyrex])
  func newerReleasesFindNoTableInThePlaceOfAnother(_ package: NewerRocksDB.Package) throws {
    guard let judge = package == .rocksdict ? NewerRocksDB.rocksdict : .pyrex else { return }
    let oracle = try #require(RocksOracle.shared)
    let directory = try TemporaryDirectory()
    var wanted: [String: String] = [:]
    for maker in Maker.allCases {
      let path = "\(directory.path)/\(maker)"
      try Self.make(maker, path, in: directory)
      wanted[path] = try oracle.families("digest", path).map { "\($0.entries) \($0.digest)" }.joined()
    }
    let converted = directory.path + "/converted"
    let name = package == .rocksdict ? "r984-levels" : "r1075-levels"
    try FileManager.default.copyItem(atPath: FixtureDatabase(name).path, toPath: converted)
    let level = try #require(Self.tables(of: converted).filter { $0.uniqueID != nil }.map(\.level).max())
    let report = try ConvertDatabaseTests.convert(converted, TranscodeTarget(codec: .none)) {
      $0.levels = level...level
    }
    #expect(report.count(.converted) > 0)
    let ids = try Self.tables(of: converted).map { $0.uniqueID != nil }
    #expect(ids.contains(true) && ids.contains(false), "some tables are as they were")
    let live = try #require(FixtureDatabase(name).live?.families.first { $0.id == 0 })
    wanted[converted] = "\(live.entries) \(live.digest)"
    let answers = try judge.judge(wanted.keys.sorted())
    for (path, expected) in wanted { #expect(answers[path] == expected, "\(path)") }
  }

  private static func tables(of path: String) throws -> [TableMetadata] {
    try ManifestReader.readCurrent(PosixFileSystem().directory(at: path)).readableVersion().families.flatMap(\.tables)
  }

  private struct Origin: Hashable {
    var database: String?
    var session: String?
    var number: UInt64?
  }

  private static func origins(_ path: String) throws -> Set<Origin> {
    let directory = try PosixFileSystem().directory(at: path)
    var origins: Set<Origin> = []
    for entry in try directory.entries() where entry.name.hasSuffix(".sst") {
      let properties = try TableReader(directory.open(entry.name)).properties
      let origin = Origin(
        database: properties.text(.databaseIdentity), session: properties.text(.sessionIdentity),
        number: properties.number(.originalFileNumber))
      #expect(origin.session?.utf8.count == 20 && origin.number ?? 0 > 0)
      #expect(origins.insert(origin).inserted, "\(entry.name)")
    }
    return origins
  }
}
