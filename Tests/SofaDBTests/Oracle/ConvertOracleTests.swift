import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Tables that we converted, judged by RocksDB.
@Suite struct ConvertOracleTests {
  static let readable = Array(TableOracleTests.readable.prefix(45))

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func target(_ number: Int) -> TranscodeTarget {
    TableTranscoderTests.target(TableTranscoderTests.codecs[(number / 5 + number + 1) % 6], number)
  }

  /// Ingested, found key by key through index and filter, verified, rewritten by a compaction.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: readable)
  func aConvertedTableIsIngested(_ number: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let table = TableCase(number)
    let directory = try TemporaryDirectory()
    let source = MemoryFile(name: "000001.sst")
    try table.write(to: source)
    let target = Self.target(number)
    let made = try Transcoding(source, to: target)
    let path = directory.path + "/000001.sst"
    try Data(made.result.content).write(to: URL(fileURLWithPath: path))
    let options =
      ["merge=stringappend"] + (table.options.order == .reverseBytewise ? ["comparator=reverse"] : [])
    let database = directory.path + "/db"
    let live = table.liveDigest
    let expected = [RocksOracle.Family(id: 0, name: "default", entries: live.entries, digest: hex(live.digest))]
    #expect(try oracle.ingest([path], into: database, options) == expected, "\(table) to \(target.text)")
    #expect(try oracle.getAll(database, options)["found"] == live.entries, "\(table) to \(target.text)")
    try oracle.run(["check", database] + options)
    #expect(try oracle.families("compact", database, options) == expected, "\(table) to \(target.text)")
  }

  @Test(.enabled(if: NewerRocksDB.rocksdict != nil, "rocksdict is not installed and cannot be"))
  func rocksDB98Agrees() throws { try ask(NewerRocksDB.rocksdict) }

  @Test(.enabled(if: NewerRocksDB.pyrex != nil, "pyrex-rocksdb is not installed and cannot be"))
  func rocksDB107Agrees() throws { try ask(NewerRocksDB.pyrex) }

  /// Databases of one table each, converted in place.
  private func ask(_ engine: NewerRocksDB?) throws {
    guard let engine else { return }
    let root = try TemporaryDirectory()
    var wanted: [String: String] = [:]
    var described: [String: String] = [:]
    for number in 0..<60 {
      let table = TableCase(number, external: number % 3 == 0)
      let target = Self.target(number)
      guard table.options.order == .bytewise, table.options.formatVersion <= engine.package.newestFormat,
        table.shape != .merges, target.codec != .zlib || engine.package.readsZlib
      else { continue }
      let path = root.path + "/\(number)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      try table.writeDatabase(in: PosixFileSystem().directory(at: path), level: number % 2 == 0 ? 0 : 6)
      let report = try ConvertDatabaseTests.convert(path, target)
      #expect(report.count(.refused) == 0)
      let live = table.liveDigest
      wanted[path] = "\(live.entries) \(hex(live.digest))"
      described[path] = "\(table) to \(target.text)"
    }
    let answers = try engine.judge(wanted.keys.sorted())
    for (path, expected) in wanted { #expect(answers[path] == expected, "\(described[path, default: ""])") }
    #expect(wanted.count >= 20)
  }

  /// Databases that RocksDB 7.8.3 made, converted in place, read by RocksDB 7.8.3.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func fixturesAreRead() throws {
    guard let oracle = RocksOracle.shared else { return }
    for name in [
      "r783-levels", "r783-fv5-zstd", "r783-part-fv3", "r783-firstkey", "r783-hashidx", "r783-dict-zstd-trained",
      "r783-iri4-short2", "r783-ribbon", "r783-rangedel", "r783-ingest-wgs", "r783-nodelta-align", "r783-blob",
    ] {
      let fixture = try FixtureDatabase(name)
      for codec in [Compression.none, .snappy, .lz4, .zstd] {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/db"
        try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
        let before = try oracle.families("digest", path)
        _ = try ConvertDatabaseTests.convert(path, TranscodeTarget(codec: codec))
        #expect(try oracle.families("digest", path) == before, "\(name) to \(codec)")
        try oracle.run(["check", path])
      }
    }
  }
}
