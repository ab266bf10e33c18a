import SofaTesting
import Testing

@testable import SofaDB

/// A table on the wrong level is a table that gives old values: only a look across levels finds it.
@Suite struct SequenceAuditTests {
  private func audit(_ levels: [[TableMetadata]], of fixture: FixtureDatabase, like family: ColumnFamily) throws
    -> Finding?
  {
    var tables: [TableMetadata] = []
    for (level, list) in levels.enumerated() {
      for table in list {
        var moved = table
        moved.level = level
        tables.append(moved)
      }
    }
    let changed = ColumnFamily(
      id: family.id, name: family.name, comparator: family.comparator, logNumber: 0, tables: tables)
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    return try SequenceAudit(changed, cache: TableCache(directory: directory)).finding { false }
  }

  @Test func levelsInOrderHaveNoFinding() throws {
    let fixture = try FixtureDatabase("r783-levels")
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let family = try #require(ManifestReader.readCurrent(directory).version.families.first)
    #expect(try audit(family.levels, of: fixture, like: family) == nil)
  }

  @Test func swappedLevelsAreFound() throws {
    let fixture = try FixtureDatabase("r783-levels")
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let family = try #require(ManifestReader.readCurrent(directory).version.families.first)
    var levels = family.levels
    levels.swapAt(1, 6)
    let finding = try #require(try audit(levels, of: fixture, like: family))
    #expect(finding.code == .levelSequence)
    #expect(finding.file != nil && finding.from != nil)
  }
}
