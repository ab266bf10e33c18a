/// The MANIFEST of every fixture, compared with what its engine said.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ManifestFixtureTests {
  static func history(_ fixture: FixtureDatabase) throws -> ManifestHistory {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    return try ManifestReader.readCurrent(directory, keepingRecords: true)
  }

  @Test(arguments: FixtureDatabase.databases) func replaysToWhatTheEngineSays(fixture: FixtureDatabase) throws {
    let history = try ManifestFixtureTests.history(fixture)
    #expect(history.isClean)
    let version = try history.readableVersion()
    #expect(history.recordCount == history.records.count)
    #expect(version.dialect == (fixture.engine == "LevelDB" ? .leveldb : .rocksdb))
    guard let live = fixture.live, live.isOK else { return }
    #expect(version.families.map(\.id) == live.families.map(\.id))
    for (family, said) in zip(version.families, live.families) {
      #expect(family.name == said.name)
      #expect(family.order.name == said.comparator)
    }
    guard let said = live.tables, !said.isEmpty else { return }
    #expect(said.count == version.tableCount)
    for expected in said {
      let family = try #require(version.family(named: expected.family))
      let number = try #require(DatabaseFile(name: expected.file).number)
      let table = try #require(family.levels[expected.level].first { $0.number == number })
      #expect(table.level == expected.level)
      #expect(table.size == expected.size)
      #expect(table.smallest.userKey == expected.smallest)
      #expect(table.largest.userKey == expected.largest)
      // rocksdict, which made these, does not tell them.
      if fixture.name.hasPrefix("r984") { continue }
      #expect(table.smallestSequence == expected.smallestSequence)
      #expect(table.largestSequence == expected.largestSequence)
      #expect(table.hasSequences == (expected.smallestSequence <= expected.largestSequence))
    }
  }
}
