import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Tables that we wrote, judged by RocksDB.
@Suite struct TableOracleTests {
  static let numbers = 0..<90

  /// What RocksDB 7.8 reads.
  static let readable = numbers.filter { TableCase($0).options.formatVersion <= 5 }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func options(_ table: TableCase) -> [String] {
    ["merge=stringappend"] + (table.options.order == .reverseBytewise ? ["comparator=reverse"] : [])
  }

  /// Ingested, found key by key through its filter, verified, rewritten by a compaction.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: readable)
  func anExternalTableIsIngested(_ number: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let table = TableCase(number)
    let directory = try TemporaryDirectory()
    let summary = try table.write("000001.sst", in: PosixFileSystem().directory(at: directory.path))
    let path = directory.path + "/000001.sst"
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64 == summary.fileSize)
    let database = directory.path + "/db"
    let families = try oracle.ingest([path], into: database, options(table))
    let live = table.liveDigest
    let expected = [
      RocksOracle.Family(id: 0, name: "default", entries: live.entries, digest: hex(live.digest))
    ]
    #expect(families == expected, "\(table)")
    let counters = try oracle.getAll(database, options(table))
    #expect(counters["found"] == live.entries, "\(table)")
    if table.options.filterBitsPerKey > 9, live.entries >= 100 {
      #expect(counters["filter-negative", default: 0] > 100, "the filter is not used: \(table)")
    }
    try oracle.run(["check", database] + options(table))
    #expect(try oracle.families("compact", database, options(table)) == expected, "\(table)")
  }

  /// A table with sequence numbers, several versions of a key and tombstones that hide some, in a database of ours.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: readable)
  func aDatabaseOfOneTableIsRead(_ number: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let table = TableCase(number, external: false)
    let directory = try TemporaryDirectory()
    try table.writeDatabase(in: PosixFileSystem().directory(at: directory.path), level: number % 2 == 0 ? 0 : 6)
    let live = table.liveDigest
    let expected = [
      RocksOracle.Family(id: 0, name: "default", entries: live.entries, digest: hex(live.digest))
    ]
    #expect(try oracle.families("digest", directory.path, options(table)) == expected, "\(table)")
    #expect(try oracle.getAll(directory.path, options(table))["found"] == live.entries, "\(table)")
    #expect(try oracle.families("compact", directory.path, options(table)) == expected, "\(table)")
  }

  /// Keys with timestamps: newest first, filters without them, deletions of their own kind.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func timestampsAreRead() throws {
    guard let oracle = RocksOracle.shared else { return }
    var table = TableCase(11, external: false)
    table.options.order = KeyOrder(name: "leveldb.BytewiseComparator.u64ts")
    table.options.hashesDataBlocks = false
    table.options.filterBitsPerKey = 10
    table.options.formatVersion = 5
    var expected: [(key: [UInt8], value: [UInt8])] = []
    var entries: [TableCase.Entry] = []
    for index in 0..<500 {
      let key = Array("key \(10_000 + index)".utf8)
      let isDeleted = index % 5 == 0
      for (order, timestamp) in [(0, 300 as UInt64), (1, 256), (2, 3)] {
        let suffix = withUnsafeBytes(of: timestamp.littleEndian) { [UInt8]($0) }
        let kind: EntryKind = isDeleted && order == 0 ? .deletionWithTimestamp : .value
        entries.append(
          TableCase.Entry(
            userKey: key + suffix, sequence: UInt64(1000 - order), kind: kind,
            value: kind == .value ? Array("at \(timestamp)".utf8) : []))
      }
      if !isDeleted { expected.append((key, Array("at 300".utf8))) }
    }
    table.replaceEntries(entries)
    let directory = try TemporaryDirectory()
    try table.writeDatabase(in: PosixFileSystem().directory(at: directory.path), level: 6)
    let said = try oracle.run(["scan", directory.path, "comparator=u64ts"]).output
    #expect(said == TableCase.stream(expected))
    let counters = try oracle.getAll(directory.path, ["comparator=u64ts"])
    #expect(counters["found"] == expected.count && counters["filter-negative", default: 0] > 100)
  }

  @Test(.enabled(if: NewerRocksDB.rocksdict != nil, "rocksdict is not installed and cannot be"))
  func rocksDB98Agrees() throws { try ask(NewerRocksDB.rocksdict) }

  @Test(.enabled(if: NewerRocksDB.pyrex != nil, "pyrex-rocksdb is not installed and cannot be"))
  func rocksDB107Agrees() throws { try ask(NewerRocksDB.pyrex) }

  /// Databases of one table each, external and not, in all formats that the release knows. Neither package has merge
  /// operators or other orders.
  private func ask(_ engine: NewerRocksDB?) throws {
    guard let engine else { return }
    let root = try TemporaryDirectory()
    var wanted: [String: String] = [:]
    var described: [String: String] = [:]
    for number in TableOracleTests.numbers {
      let table = TableCase(number, external: number % 3 == 0)
      let options = table.options
      guard options.order == .bytewise, options.formatVersion <= engine.package.newestFormat, table.shape != .merges,
        options.compression != .zlib || engine.package.readsZlib
      else { continue }
      let path = root.path + "/\(number)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      try table.writeDatabase(in: PosixFileSystem().directory(at: path), level: number % 2 == 0 ? 0 : 6)
      let live = table.liveDigest
      wanted[path] = "\(live.entries) \(hex(live.digest))"
      described[path] = "\(table)"
    }
    let answers = try engine.judge(wanted.keys.sorted())
    for (path, expected) in wanted {
      #expect(answers[path] == expected, "\(described[path, default: ""])")
    }
    #expect(wanted.count >= 45)
  }

  /// The tools that people have: sst_dump reads every block and every entry.
  @Test(
    .enabled(if: ChildProcess.find("sst_dump") != nil, "sst_dump is not installed"),
    arguments: readable.filter { TableCase($0).options.order == .bytewise })
  func sstDumpAgrees(_ number: Int) throws {
    guard let tool = ChildProcess.find("sst_dump") else { return }
    let table = TableCase(number, external: number % 2 == 0)
    let directory = try TemporaryDirectory()
    try table.write("000001.sst", in: PosixFileSystem().directory(at: directory.path))
    let file = "--file=" + directory.path + "/000001.sst"
    for command in ["verify", "check", "scan"] {
      let outcome = try ChildProcess.run(tool, [file, "--command=" + command, "--output_hex", "--verify_checksum"])
      let text = outcome.text + outcome.errors
      #expect(outcome.status == 0, "\(command): \(text.prefix(500)), \(table)")
      #expect(!text.lowercased().contains("corrupt"), "\(command): \(text.prefix(500)), \(table)")
      if command == "scan" {
        let lines = outcome.lines.filter { $0.contains(" => ") && $0.hasPrefix("'") }
        #expect(lines.count == table.entries.count, "\(table)")
        for (line, entry) in zip(lines, table.entries) {
          let start = "'\(hex(entry.userKey).uppercased())' seq:\(entry.sequence), type:\(entry.kind.rawValue)"
          #expect(line.hasPrefix(start), "\(line.prefix(100)) instead of \(start.prefix(100))")
        }
      }
    }
  }

  /// ldb ingests, scans and checks.
  @Test(
    .enabled(if: ChildProcess.find("ldb") != nil, "ldb is not installed"),
    arguments: readable.filter { TableCase($0).options.order == .bytewise && $0 % 4 == 0 })
  func ldbAgrees(_ number: Int) throws {
    guard let tool = ChildProcess.find("ldb") else { return }
    let table = TableCase(number)
    if table.entries.contains(where: { $0.kind == .merge }) || table.entries.isEmpty { return }
    let directory = try TemporaryDirectory()
    try table.write("000001.sst", in: PosixFileSystem().directory(at: directory.path))
    let base = "--db=" + directory.path + "/db"
    for arguments in [
      ["--create_if_missing", "ingest_extern_sst", directory.path + "/000001.sst"], ["checkconsistency"],
      ["scan", "--hex", "--no_value"],
    ] {
      let outcome = try ChildProcess.run(tool, [base] + arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors.prefix(500)), \(table)")
      if arguments[0] == "scan" {
        let live = table.entries.filter { $0.kind != .deletion }.map { "0x" + hex($0.userKey).uppercased() }
        #expect(outcome.lines == live, "\(table)")
      }
    }
  }

  /// The properties say what RocksDB counts.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: [0, 1, 2, 8, 10, 11, 13])
  func propertiesAreRead(_ number: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    var table = TableCase(number)
    table.options.formatVersion = 5
    let directory = try TemporaryDirectory()
    let summary = try table.write("000001.sst", in: PosixFileSystem().directory(at: directory.path))
    let said = try oracle.properties(directory.path + "/000001.sst")
    #expect(said["# entries"] == "\(table.entries.count + table.tombstones.count)")
    #expect(said["# range deletions"] == "\(table.tombstones.count)")
    #expect(said["# data blocks"] == "\(summary.dataBlockCount)")
    #expect(said["SST file compression algo"] == table.options.compression.propertyName)
    #expect(said["comparator name"] == table.options.order.name)
    #expect(said["# deletions"] == "\(summary.tombstoneCount)")
  }
}
