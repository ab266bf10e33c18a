import SofaTesting
import Testing

@testable import SofaDB

/// Every real directory must read exactly as its own engine reads it.
@Suite struct DatabaseViewTests {
  @Test(arguments: FixtureDatabase.databases)
  func readsWhatTheEngineReads(fixture: FixtureDatabase) throws {
    let live = try #require(fixture.live)
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let view = try DatabaseView(database: directory)
    #expect(view.problems.isEmpty == live.isOK)
    guard live.isOK else { return }
    if fixture.options["comp"] == "bzip2" {
      let error = #expect(throws: DatabaseError.self) { try compare(view, live) }
      #expect(error?.kind == .unsupported)
      #expect(error?.detail.contains("bzip2") ?? false)
    } else {
      try compare(view, live)
    }
  }

  @Test(arguments: FixtureDatabase.all.filter { !$0.recoveryModes.isEmpty }, RecoveryMode.allCases)
  func everyRecoveryModeAgrees(fixture: FixtureDatabase, mode: RecoveryMode) throws {
    let expected = try #require(fixture.recoveryModes[mode.rawValue])
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let view = try DatabaseView(database: directory, policy: .rocksDB(mode))
    #expect(view.problems.isEmpty == expected.isOK, "\(expected.status) \(view.problems)")
    if expected.isOK { try compare(view, expected) }
  }

  @Test(arguments: FixtureDatabase.all.filter(\.isLoose))
  func looseTablesReadAsAfterIngestion(fixture: FixtureDatabase) throws {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    for external in fixture.externals {
      let view = try DatabaseView(tables: [external.file], in: directory)
      guard let family = view.families.first else {
        #expect(external.entries == 0)
        continue
      }
      let scan = try FamilyScan(view.cursor(family))
      #expect(scan.entries == external.entries, "\(external.file)")
      #expect(scan.digest == external.digest, "\(external.file)")
    }
  }

  private func compare(_ view: DatabaseView, _ expected: FixtureDatabase.State) throws {
    #expect(view.families.map(\.name) == expected.families.map(\.name))
    for wanted in expected.families {
      let family = try #require(view.family(named: wanted.name))
      guard family.order.isKnown else {
        #expect(throws: DatabaseError.self) { _ = try view.cursor(family) }
        continue
      }
      let scan = try FamilyScan(view.cursor(family))
      #expect(scan.entries == wanted.entries)
      #expect(scan.digest == wanted.digest)
      #expect(scan.firstKey == wanted.firstKey)
      #expect(scan.lastKey == wanted.lastKey)
      if let entityDigest = wanted.entityDigest { #expect(scan.entityDigest == entityDigest) }
      try pieces(view, family, equal: scan)
    }
  }

  /// The family cut into ranges holds what it holds in one scan.
  private func pieces(_ view: DatabaseView, _ family: DatabaseView.Family, equal whole: FamilyScan) throws {
    let cuts: [[UInt8]?] = try view.splitKeys(family, parts: 4).map { $0 }
    var entries = 0
    for (from, to) in zip([nil] + cuts, cuts + [nil]) {
      entries += try FamilyScan(view.cursor(family, from: from, to: to)).entries
    }
    #expect(entries == whole.entries)
  }
}
