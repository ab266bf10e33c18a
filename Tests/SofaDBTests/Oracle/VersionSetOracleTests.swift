/// Databases of RocksDB and LevelDB that a `VersionSet` took over and changed, judged by RocksDB.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct VersionSetOracleTests {
  static let levelDB = FixtureDatabase.databases.filter {
    $0.engine == "LevelDB" && $0.name != "l123-customcmp" && $0.damage == nil && ($0.live?.isOK ?? false)
  }

  /// Moves every table that may go there to the level below its own, and makes and drops a family, over several
  /// MANIFESTs.
  private func change(_ directory: any Directory) throws {
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    let set = try VersionSet(version, in: directory, rolloverSize: 200)
    var added = VersionEdit(family: set.current.maxColumnFamily + 1)
    added.comparator = KeyOrder.bytewise.name
    added.addedFamily = "passing"
    try set.install([added], lastSequence: 0)
    var moves: [VersionEdit] = []
    for family in set.current.families {
      guard let last = family.levels.lastIndex(where: { !$0.isEmpty }), (1..<6).contains(last) else { continue }
      var edit = VersionEdit(family: family.id)
      for var table in family.levels[last] {
        edit.deletedTables.append(.init(level: last, number: table.number))
        table.level = last + 1
        edit.newTables.append(table)
      }
      moves.append(edit)
    }
    try set.install(moves, lastSequence: 0)
    var dropped = VersionEdit(family: added.family)
    dropped.dropsFamily = true
    try set.install([dropped], lastSequence: 0)
    #expect(try ManifestReader.readCurrent(directory).version == set.current)
    try set.close()
  }

  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: ManifestOracleTests.readable + levelDB)
  func rocksDBGoesOn(fixture: FixtureDatabase) throws {
    guard let oracle = RocksOracle.shared, let live = fixture.live else { return }
    let temporary = try TemporaryDirectory()
    let path = temporary.path + "/db"
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path)
    let directory = try PosixFileSystem().directory(at: path)
    try change(directory)
    #expect(try ManifestReader.readCurrent(directory).version.dialect == .rocksdb)
    let expected = live.families.map {
      RocksOracle.Family(id: $0.id, name: $0.name, entries: $0.entries, digest: $0.digest)
    }
    let options = ManifestOracleTests.options(fixture)
    for command in ["digest", "reopen", "compact"] {
      #expect(try oracle.families(command, path, options) == expected, "\(fixture.name), \(command)")
    }
  }
}
