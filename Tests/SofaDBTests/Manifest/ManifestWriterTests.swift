/// Versions written and read back, invariants of real and of broken ones, and the file CURRENT.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ManifestWriterTests {
  static func table(
    _ number: UInt64, level: Int, _ smallest: String, _ largest: String, _ sequences: ClosedRange<UInt64>,
    epoch: UInt64? = 1
  ) -> TableMetadata {
    TableMetadata(
      number: number, level: level, size: 1000,
      smallest: InternalKey(userKey: Array(smallest.utf8), sequence: sequences.lowerBound, kind: .value),
      largest: InternalKey(userKey: Array(largest.utf8), sequence: sequences.upperBound, kind: .value),
      smallestSequence: sequences.lowerBound, largestSequence: sequences.upperBound, epoch: epoch)
  }

  static func version(_ tables: [TableMetadata], lastSequence: UInt64 = 100, next: UInt64 = 50) -> Version {
    let family = ColumnFamily(
      id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: tables)
    return Version(families: [family], lastSequence: lastSequence, nextFileNumber: next)
  }

  @Test(arguments: FixtureDatabase.databases) func fixturesAreRewrittenWithoutLoss(fixture: FixtureDatabase) throws {
    let version = try ManifestFixtureTests.history(fixture).readableVersion()
    let temporary = try TemporaryDirectory()
    let directory = try PosixFileSystem().directory(at: temporary.path)
    let name = DatabaseFile.manifest(77).name
    try ManifestWriter.write(version, as: name, in: directory)
    try CurrentFile.replace(directory, manifest: 77)
    let copy = try ManifestReader.readCurrent(directory)
    #expect(copy.name == name && copy.isClean)
    #expect(copy.version == version)
    #expect(try directory.entries().count == 2)
  }

  @Test(arguments: FixtureDatabase.databases) func realVersionsBreakNoRule(fixture: FixtureDatabase) throws {
    let version = try ManifestFixtureTests.history(fixture).readableVersion()
    #expect(VersionInvariants.check(version, levelCount: 7) == [])
  }

  @Test func everyRuleIsNoticed() {
    let good = ManifestWriterTests.table(10, level: 1, "b", "d", 1...5)
    func rules(_ tables: [TableMetadata], lastSequence: UInt64 = 100, next: UInt64 = 50) -> [VersionViolation.Rule] {
      let version = ManifestWriterTests.version(tables, lastSequence: lastSequence, next: next)
      return VersionInvariants.check(version, levelCount: 7).map(\.rule)
    }
    #expect(rules([good]) == [])
    #expect(rules([good, ManifestWriterTests.table(11, level: 1, "d", "e", 6...9)]) == [.levelOverlap])
    // The same user key on both sides is in order when the older entry comes second.
    let after = ManifestWriterTests.table(11, level: 1, "d", "e", 1...4)
    #expect(rules([good, after]) == [])
    #expect(rules([good, ManifestWriterTests.table(11, level: 7, "d", "e", 6...9)]) == [.levelOrder])
    #expect(rules([good], lastSequence: 4) == [.sequence])
    #expect(rules([good], next: 10) == [.fileNumber])
    #expect(rules([ManifestWriterTests.table(10, level: 1, "d", "b", 1...5)]) == [.bounds])
    var wrong = good
    wrong.largestSequence = 4
    #expect(rules([wrong]) == [.bounds])
    wrong.smallestSequence = 6
    #expect(rules([wrong]) == [.sequence])
    let twins = [
      ManifestWriterTests.table(12, level: 0, "a", "m", 10...20, epoch: 3),
      ManifestWriterTests.table(13, level: 0, "n", "z", 30...40, epoch: 3),
      ManifestWriterTests.table(14, level: 0, "k", "o", 50...60, epoch: 3),
    ]
    #expect(rules(Array(twins.prefix(2))) == [])
    #expect(rules(twins) == [.levelOrder, .levelOrder])
    let ageless = [
      ManifestWriterTests.table(12, level: 0, "a", "m", 10...20, epoch: nil),
      ManifestWriterTests.table(13, level: 0, "a", "m", 5...30, epoch: nil),
    ]
    #expect(rules(ageless) == [.levelOrder])
    var linked = good
    linked.oldestBlobFile = 9
    #expect(rules([linked]) == [.blobReference])
  }

  @Test func levelZeroIsNewestFirst() {
    let byEpoch = ManifestWriterTests.version([
      ManifestWriterTests.table(1, level: 0, "a", "b", 1...2, epoch: 9),
      ManifestWriterTests.table(2, level: 0, "a", "b", 7...8, epoch: 5),
      ManifestWriterTests.table(3, level: 0, "a", "b", 3...4, epoch: 5),
    ])
    #expect(byEpoch.families[0].levels[0].map(\.number) == [1, 2, 3])
    let bySequence = ManifestWriterTests.version([
      ManifestWriterTests.table(1, level: 0, "a", "b", 1...2, epoch: 9),
      ManifestWriterTests.table(2, level: 0, "a", "b", 7...8, epoch: 5),
      ManifestWriterTests.table(3, level: 3, "a", "b", 3...4, epoch: nil),
    ])
    #expect(bySequence.families[0].levels[0].map(\.number) == [2, 1])
    var old = ManifestWriterTests.table(9, level: 0, "a", "b", 0...0, epoch: nil)
    old.smallestSequence = TableMetadata.unknownSequence
    var older = old
    older.number = 8
    let mixed = ManifestWriterTests.version([older, old, ManifestWriterTests.table(2, level: 0, "a", "b", 7...8)])
    #expect(mixed.families[0].levels[0].map(\.number) == [2, 9, 8])
  }

  // Every cut of a snapshot is refused: none is taken for a smaller database.
  @Test func aCutSnapshotIsRefused() throws {
    let fixture = try FixtureDatabase("r783-cfs")
    let version = try ManifestFixtureTests.history(fixture).readableVersion()
    let file = MemoryFile()
    let writer = ManifestWriter(file: file)
    for edit in try ManifestWriter.snapshot(of: version) { try writer.append([edit]) }
    for length in 0..<file.content.count {
      let history = try ManifestReader.read(MemoryFile(Array(file.content[..<length])))
      #expect(throws: DatabaseError.self) { try history.readableVersion() }
    }
    #expect(try ManifestReader.read(file).version == version)
  }

  @Test func severalEditsAreOneGroup() throws {
    let file = MemoryFile()
    let writer = ManifestWriter(file: file)
    for edit in try ManifestWriter.snapshot(of: ManifestWriterTests.version([])) { try writer.append([edit]) }
    let before = file.content.count
    var first = VersionEdit()
    first.newTables = [ManifestWriterTests.table(10, level: 1, "a", "b", 1...2)]
    var second = VersionEdit()
    second.newTables = [ManifestWriterTests.table(11, level: 1, "c", "d", 3...4)]
    try writer.append([first, second])
    let whole = try ManifestReader.read(file)
    #expect(whole.isClean && whole.version.tableCount == 2)
    for length in (before + 1)..<file.content.count {
      let cut = try ManifestReader.read(MemoryFile(Array(file.content[..<length])))
      #expect(!cut.isClean && cut.version.tableCount == 0)
      #expect(cut.lostBytes == UInt64(length - before))
      #expect(try cut.readableVersion().tableCount == 0)
    }
  }

  @Test func contradictionsAreCorruption() throws {
    let start = ManifestWriterTests.version([ManifestWriterTests.table(10, level: 1, "a", "b", 1...2)])
    var builder = VersionBuilder(start)
    func refuses(_ change: (inout VersionEdit) -> Void) {
      var edit = VersionEdit()
      change(&edit)
      #expect(throws: DatabaseError.self) { try builder.apply(edit) }
    }
    refuses { $0.deletedTables = [.init(level: 2, number: 10)] }
    refuses { $0.deletedTables = [.init(level: 1, number: 11)] }
    refuses { $0.deletedTables = [.init(level: 1, number: 10), .init(level: 1, number: 10)] }
    refuses { $0.newTables = [ManifestWriterTests.table(10, level: 2, "c", "d", 1...2)] }
    refuses { $0.family = 3 }
    refuses { ($0.family, $0.dropsFamily) = (3, true) }
    refuses { $0.dropsFamily = true }
    refuses { $0.addedFamily = "again" }
    refuses { $0.comparator = "another" }
    refuses { $0.blobGarbage = [.init(number: 5, count: 1, bytes: 1)] }
    refuses {
      $0.blobAdditions = [BlobFileMetadata(number: 5, count: 1, bytes: 40)]
      $0.blobGarbage = [.init(number: 5, count: 2, bytes: 1)]
    }
    #expect(builder.build() == start)
    var move = VersionEdit()
    move.deletedTables = [.init(level: 1, number: 10)]
    move.newTables = [ManifestWriterTests.table(10, level: 2, "a", "b", 1...2)]
    try builder.apply(move)
    #expect(builder.build().families[0].levels[2].count == 1)
  }
}
