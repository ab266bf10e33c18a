/// Every edit on real databases: what is foretold is what readers then see, what is refused changes nothing, and undo
/// brings every byte back.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestTests {
  /// Levels, ingested tables, merges, range deletions, blobs, families, timestamps, all dialects.
  static let fixtures = [
    "l123-levels", "r783-levels", "r783-levels-rev", "r783-ingest", "r783-merge-append", "r783-rangedel", "r783-blob",
    "r783-cfs", "r783-cfwals", "r984-levels", "r984-ingest", "r1075-levels", "r1075-levels-rev", "r1075-u64ts",
    "r1075-over-leveldb-l0", "r1075-atomicflush", "r1075-entity", "r1112-basic", "r1112-udt-stripped", "main-levels",
    "main-rangedel",
  ]

  private static func tables(_ version: Version) -> [TableMetadata] { version.families.flatMap(\.tables) }

  @Test(arguments: fixtures)
  func aHealthyStateHasNoFindings(_ name: String) throws {
    let plan = try EditCase(name).plan()
    #expect(plan.findings.allSatisfy { $0.severity == .info }, "\(plan.findings)")
    #expect(plan.base == plan.result && plan.difference.isEmpty && !plan.isEdit)
    #expect(plan.visibility.isEmpty && plan.obstacles.isEmpty)
  }

  @Test(arguments: fixtures)
  func aDroppedTableTakesAwayWhatWasForetold(_ name: String) throws {
    let original = try EditCase(name)
    let before = try (files: original.files(), seen: original.seen())
    for table in EditManifestTests.tables(try original.version()) {
      let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
      let plan = try edit.plan(.dropFile(table.number))
      #expect(try edit.files() == before.files)
      #expect(plan.obstacles.isEmpty, "\(plan.obstacles)")
      try edit.commit(.dropFile(table.number))
      #expect(!EditManifestTests.tables(try edit.version()).contains { $0.number == table.number })
      #expect(
        EditCase.counts(plan.visibility) == EditCase.changes(before.seen, try edit.seen()), "\(name), \(table.number)")
      #expect(try !edit.plan().hasFindings)
      let kept = try #require(try Journal.entries(of: edit.directory).last)
      #expect(kept.record?.summary == "drop-file \(table.number)")
      #expect(kept.old.contains { DatabaseFile(name: $0.name).number == table.number })
      try edit.undo()
      #expect(try edit.files() == before.files)
    }
  }

  /// A move is right where no read changes, and the rules hold; everything else is refused.
  @Test(arguments: fixtures)
  func aTableMovesWhereNoReadChanges(_ name: String) throws {
    let original = try EditCase(name)
    let before = try (files: original.files(), seen: original.seen())
    var moves = 0
    for table in EditManifestTests.tables(try original.version()) {
      for level in 0..<7 where level != table.level {
        let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
        let plan = try edit.plan(.moveFile(table.number, level: level))
        #expect(plan.visibility.isEmpty, "\(plan.visibility)")
        let cache = TableCache(directory: try edit.directory)
        let isStale = try plan.result.families.contains { family in
          try SequenceAudit(family, cache: cache).finding(isCancelled: { false }) != nil
        }
        let isRight = VersionInvariants.check(plan.result).isEmpty && !isStale
        #expect(plan.obstacles.isEmpty == isRight, "\(name), \(table.number) to \(level): \(plan.obstacles)")
        if isRight {
          try edit.commit(.moveFile(table.number, level: level))
          #expect(EditCase.changes(before.seen, try edit.seen()).isEmpty)
          #expect(try !edit.plan().hasFindings)
          moves += 1
        } else {
          #expect(throws: DatabaseError.self) { try edit.commit(.moveFile(table.number, level: level)) }
          #expect(try edit.files() == before.files)
        }
      }
    }
    #expect(moves > 0)
  }

  /// A table that the MANIFEST forgot finds a place from which readers see what they saw.
  @Test(arguments: fixtures)
  func anAddedTableIsFoundItsPlace(_ name: String) throws {
    let original = try EditCase(name)
    let seen = try original.seen()
    for table in EditManifestTests.tables(try original.version()) {
      let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
      try edit.orphan(table.number)
      let without = try edit.seen()
      let place = table.level
      for level in [nil, place] {
        let add = ManifestEdit.addFile(table.number, level: level)
        let plan = try edit.plan(add)
        let added = try #require(EditManifestTests.tables(plan.result).first { $0.number == table.number })
        #expect(added.size == table.size && added.smallest == table.smallest && added.largest == table.largest)
        #expect(added.smallestSequence == table.smallestSequence && added.largestSequence == table.largestSequence)
        #expect(EditCase.counts(plan.visibility) == EditCase.changes(without, seen), "\(name), \(table.number)")
        guard plan.obstacles.isEmpty else {
          // Only where sequence numbers prove nothing and nobody says where it was.
          #expect(level == nil && !table.hasSequences, "\(name), \(table.number): \(plan.obstacles)")
          continue
        }
        let copy = EditCase(SimulatedFileSystem(disk: edit.system.disk))
        try copy.commit(add)
        #expect(EditCase.changes(seen, try copy.seen()).isEmpty)
        #expect(try !copy.plan().hasFindings)
        try copy.undo()
        #expect(try copy.files() == edit.files())
      }
    }
  }

  /// Without a record of it, too: bounds and sequence numbers come from the table.
  @Test(arguments: ["r783-levels", "r1075-levels-rev", "r783-rangedel", "r1112-udt-stripped", "l123-levels"])
  func anAddedTableIsReadWhole(_ name: String) throws {
    let original = try EditCase(name)
    let seen = try original.seen()
    for table in EditManifestTests.tables(try original.version()) {
      let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
      let version = try edit.version()
      try edit.rewrite(
        ManifestWriter.snapshot(
          of: version.with(
            families: version.families.map { family in
              family.with(tables: family.tables.filter { $0.number != table.number })
            })), as: 990)
      let plan = try edit.plan(.addFile(table.number, level: table.level))
      let added = try #require(EditManifestTests.tables(plan.result).first { $0.number == table.number })
      #expect(added.smallest == table.smallest && added.largest == table.largest, "\(name), \(table.number)")
      #expect(added.smallestSequence == table.smallestSequence && added.largestSequence == table.largestSequence)
      #expect(plan.obstacles.isEmpty, "\(plan.obstacles)")
      try edit.commit(.addFile(table.number, level: table.level))
      #expect(EditCase.changes(seen, try edit.seen()).isEmpty)
    }
  }

  @Test func droppingAndAddingReadsTheRecordAnew() throws {
    let edit = try EditCase("r783-levels")
    let version = try edit.version()
    let family = version.families[0]
    let narrow = family.tables.map { table in
      var table = table
      if table.number == 17 {
        table.largest = InternalKey(userKey: Array("key000200".utf8), trailer: table.largest.trailer)
      }
      return table
    }
    try edit.rewrite(ManifestWriter.snapshot(of: version.with(families: [family.with(tables: narrow)])), as: 990)
    let finding = try #require(try edit.plan().findings.first { $0.code == .manifestBounds })
    #expect(finding.detail.hasSuffix("--drop-file 17 --add-file 17:1 reads them anew"))
    try edit.commit(.dropFile(17), .addFile(17, level: 1))
    #expect(try edit.version().families[0].tables.first { $0.number == 17 }?.largest == family.tables[2].largest)
    #expect(try !edit.plan().hasFindings)
  }

  @Test(arguments: ["r783-levels", "r783-cfs", "r984-levels", "r1075-atomicflush", "main-levels", "l123-levels"])
  func earlierStatesComeBack(_ name: String) throws {
    let original = try EditCase(name)
    let before = try (files: original.files(), seen: original.seen())
    let history = try ManifestReader.readCurrent(original.directory)
    var states = 0
    for number in 1...history.recordCount {
      let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
      let plan: ManifestPlan
      do { plan = try edit.plan(atEdit: number) } catch let error as DatabaseError {
        #expect(error.kind == .invalid && error.detail.contains("one of the first"), "\(error)")
        continue
      }
      // Tables that a compaction removed since.
      guard plan.obstacles.isEmpty else {
        #expect(plan.obstacles.allSatisfy { $0.code == .fileMissing }, "\(plan.obstacles)")
        #expect(throws: DatabaseError.self) { try edit.commit(atEdit: number) }
        #expect(try edit.files() == before.files)
        continue
      }
      states += 1
      try edit.commit(atEdit: number)
      let wanted = try ManifestReader.read(original.directory, name: history.name, limit: number).version
      #expect(try edit.version().families == wanted.families)
      #expect(EditCase.counts(plan.visibility) == EditCase.changes(before.seen, try edit.seen()), "\(name), \(number)")
      try edit.undo()
      #expect(try edit.files() == before.files)
    }
    #expect(states > 0)
  }

  /// A file that an earlier change took away and the earlier state needs comes out of the journal.
  @Test func filesComeBackFromTheJournal() throws {
    let edit = try EditCase("r783-levels")
    let version = try edit.version()
    let seen = try edit.seen()
    try edit.commit(.dropFile(17))
    // An engine opened the database since; its MANIFEST tells of the table, and that it is gone.
    var deletion = VersionEdit()
    deletion.deletedTables = [.init(level: 1, number: 17)]
    try edit.rewrite(ManifestWriter.snapshot(of: version) + [deletion], as: 990)
    let before = try edit.files()
    let count = try ManifestReader.readCurrent(edit.directory).recordCount
    let plan = try edit.plan(atEdit: count - 1)
    #expect(plan.restored == ["000017.sst": "1-manifest-edit"] && plan.obstacles.isEmpty)
    try edit.commit(atEdit: count - 1)
    #expect(EditCase.changes(seen, try edit.seen()).isEmpty)
    #expect(try edit.files()["000017.sst"] != nil && before["000017.sst"] == nil)
    try edit.undo()
    #expect(try edit.files() == before)
  }
}
