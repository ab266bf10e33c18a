/// MANIFESTs that we wrote, judged by RocksDB.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ManifestOracleTests {
  /// Made by the release that the oracle is. It opens neither tracked WALs nor two-phase commit without options of
  /// their own.
  static let readable = FixtureDatabase.databases.filter {
    $0.name.hasPrefix("r783") && $0.damage == nil && ($0.live?.isOK ?? false)
      && $0.features.isDisjoint(with: ["wal-in-manifest", "two-phase-commit"])
  }

  static func options(_ fixture: FixtureDatabase) -> [String] {
    let comparators = ["rocksdb.ReverseBytewiseComparator": "reverse", "leveldb.BytewiseComparator.u64ts": "u64ts"]
    let operators = ["StringAppendOperator": "stringappend", "UInt64AddOperator": "uint64add", "PutOperator": "put"]
    var options: [String] = []
    for family in fixture.live?.families ?? [] {
      let suffix = family.name == "default" ? "" : ".\(family.name)"
      if let comparator = comparators[family.comparator] { options.append("comparator\(suffix)=\(comparator)") }
      if let name = family.mergeOperator, let merge = operators[name] { options.append("merge\(suffix)=\(merge)") }
    }
    return options
  }

  /// The same contents behind a MANIFEST of ours: read only, read-write, and after a full compaction. Museum K6, K7:
  /// MANIFESTs with kinds of entries, or without numbers, that the engine refuses.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: readable)
  func rocksDBReadsTheSameDatabase(fixture: FixtureDatabase) throws {
    guard let oracle = RocksOracle.shared, let live = fixture.live else { return }
    let temporary = try TemporaryDirectory()
    let path = temporary.path + "/db"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    let directory = try PosixFileSystem().directory(at: path)
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    try ManifestWriter.write(version, as: DatabaseFile.manifest(900).name, in: directory)
    try CurrentFile.replace(directory, manifest: 900)
    let expected = live.families.map {
      RocksOracle.Family(id: $0.id, name: $0.name, entries: $0.entries, digest: $0.digest)
    }
    let options = ManifestOracleTests.options(fixture)
    for command in ["digest", "reopen", "compact"] {
      #expect(try oracle.families(command, path, options) == expected, "\(fixture.name), \(command)")
      // Whatever RocksDB has written since is read back as well.
      let history = try ManifestReader.readCurrent(directory)
      #expect(history.isClean && VersionInvariants.check(history.version, levelCount: 7, oldEngines: true) == [])
    }
  }
}
