/// Which logs are replayed.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LogSelectionTests {
  static func version(
    _ logNumbers: [UInt64], minimum: UInt64 = 0, previous: UInt64 = 0, dialect: ManifestDialect = .rocksdb
  ) -> Version {
    let families = logNumbers.enumerated().map { id, number in
      ColumnFamily(id: UInt32(id * 2), name: "family \(id)", comparator: nil, logNumber: number, tables: [])
    }
    return Version(
      families: families, lastSequence: 0, nextFileNumber: 100, previousLogNumber: previous,
      minLogNumberToKeep: minimum, dialect: dialect)
  }

  @Test func rocksDBSkipsWhatEveryFamilyHas() {
    let logs: [UInt64] = [20, 4, 9, 12, 7]
    let selection = LogSelection(LogSelectionTests.version([9, 12]), present: logs)
    #expect(selection.replayed == [9, 12, 20] && selection.obsolete == [4, 7])
    #expect(selection.applies(family: 0, inLog: 9) && !selection.applies(family: 2, inLog: 9))
    #expect(selection.applies(family: 2, inLog: 12) && !selection.applies(family: 1, inLog: 20))
    let kept = LogSelection(LogSelectionTests.version([9, 12], minimum: 12), present: logs)
    #expect(kept.replayed == [12, 20])
    let prepared = LogSelection(LogSelectionTests.version([9, 12], minimum: 7), present: logs, twoPhaseCommit: true)
    #expect(prepared.replayed == [7, 9, 12, 20] && !prepared.applies(family: 0, inLog: 7))
  }

  @Test func levelDBHasAPreviousLog() {
    let version = LogSelectionTests.version([9], minimum: 50, previous: 4, dialect: .leveldb)
    let selection = LogSelection(version, present: [3, 4, 8, 9, 10])
    #expect(selection.replayed == [4, 9, 10] && selection.obsolete == [3, 8])
    #expect(selection.applies(family: 0, inLog: 4))
    #expect(LogSelection(LogSelectionTests.version([0], dialect: .leveldb), present: [0]).replayed == [0])
  }

  // Every sound log of a fixture holds whole batches, and the selected ones end where the engine says.
  @Test(arguments: FixtureDatabase.databases) func logsOfFixturesHoldBatches(fixture: FixtureDatabase) throws {
    guard fixture.damage == nil, !fixture.features.contains("wal-recycled") else { return }
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    let present = try directory.entries().compactMap { entry -> UInt64? in
      if case .log(let number) = DatabaseFile(name: entry.name) { number } else { nil }
    }
    let isLevelDB = fixture.engine == "LevelDB"
    for number in LogSelection(version, present: present).replayed {
      let reader = LogReader(
        file: try directory.open(DatabaseFile.log(number).name), number: number, mode: .absoluteConsistency,
        plainOnly: isLevelDB)
      while let item = try reader.next() {
        guard case .record(let record) = item else {
          Issue.record("log \(number) is not clean")
          return
        }
        try WriteBatchReader.check(record.bytes)
      }
      #expect(reader.isClean)
    }
  }
}
