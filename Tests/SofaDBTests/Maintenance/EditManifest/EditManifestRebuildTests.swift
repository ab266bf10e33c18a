/// `--rebuild`: the state that the files alone tell, held against the one that the MANIFEST told.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestRebuildTests {
  /// Tables of level 0, then those of each level that has any: which empty levels lay between them no file tells.
  static func shape(_ version: Version) -> [String: [[UInt64]]] {
    Dictionary(
      uniqueKeysWithValues: version.families.map { family in
        let deeper = family.levels.dropFirst().filter { !$0.isEmpty }
        return (family.name, (family.levels.prefix(1) + deeper).map { $0.map(\.number).sorted() })
      })
  }

  /// What readers get. Sequence numbers of ingested tables are known to a MANIFEST alone, and are given anew.
  static func values(_ edit: EditCase) throws -> [String: [[UInt8]: [UInt8]]] {
    try edit.seen().mapValues { $0.mapValues(\.value) }
  }

  static let fixtures = [
    "r783-levels", "r1075-levels", "main-levels", "r783-levels-rev", "r783-cfs", "r783-cfwals", "r783-wal", "r783-blob",
    "r783-rangedel", "r783-ingest", "r984-levels", "l123-levels",
  ]

  /// Their tables say themselves which flushes made level 0.
  private static let layered = ["r783-levels", "r1075-levels", "main-levels", "r783-levels-rev"]

  /// Museum I1, I5, I6: families that only a log has, levels, and every answer.
  @Test(arguments: fixtures)
  func theFilesTellWhatTheManifestTold(_ name: String) throws {
    let edit = try EditCase(name)
    let seen = try Self.values(edit)
    let before = try edit.files()
    let version = try edit.version()
    let plan = try edit.plan(rebuilds: true)
    #expect(plan.obstacles.isEmpty, "\(plan.findings)")
    if name != "r783-ingest" { #expect(plan.visibility.isEmpty, "\(plan.visibility)") }
    try edit.commit(rebuilds: true)
    #expect(try Self.values(edit) == seen)
    #expect(Set(try edit.version().families.map(\.name)) == Set(version.families.map(\.name)))
    if Self.layered.contains(name) { #expect(Self.shape(try edit.version()) == Self.shape(version)) }
    #expect(try !edit.plan().findings.contains { $0.severity == .error })
    try edit.undo()
    #expect(try edit.files() == before)
  }

  /// Museum H12: no CURRENT, no MANIFEST, and a MANIFEST that is scribbled over.
  @Test(arguments: ["r783-levels", "r783-cfwals", "l123-levels"], [true, false])
  func museumH12WithoutAReadableManifest(_ name: String, keepsFile: Bool) throws {
    let edit = try EditCase(name)
    let seen = try edit.seen()
    let manifest = try ManifestReader.readCurrent(edit.directory).name
    if keepsFile {
      try edit.overwrite(manifest) { for index in $0.indices { $0[index] = 0x77 } }
    } else {
      try edit.directory.remove(manifest)
      try edit.directory.remove("CURRENT")
    }
    let before = try edit.files()
    #expect(throws: DatabaseError.self) { try edit.plan() }
    let plan = try edit.plan(rebuilds: true)
    #expect(plan.manifest.isEmpty && plan.obstacles.isEmpty, "\(plan.findings)")
    #expect(plan.findings.contains { $0.code == .currentDangling })
    #expect(!plan.visibility.isEmpty)
    try edit.commit(rebuilds: true)
    #expect(EditCase.changes(seen, try edit.seen()).isEmpty)
    try edit.undo()
    #expect(try edit.files() == before)
  }

  /// A MANIFEST that forgot a table, and one that has it on the wrong level.
  @Test func aWrongManifestIsPutRight() throws {
    let original = try EditCase("r783-levels")
    let seen = try original.seen()
    let shape = Self.shape(try original.version())
    for table in try original.version().families.flatMap(\.tables) {
      let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
      try edit.orphan(table.number)
      try edit.commit(rebuilds: true)
      #expect(try EditCase.changes(seen, edit.seen()).isEmpty && Self.shape(edit.version()) == shape)
    }
    let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
    let numbers = try edit.version().families[0].levels
    let top = try #require(numbers.first { !$0.isEmpty }?.first)
    try edit.commit(.moveFile(top.number, level: 4), forced: true)
    try edit.commit(rebuilds: true)
    #expect(try EditCase.changes(seen, edit.seen()).isEmpty && Self.shape(edit.version()) == shape)
  }

  /// Museum I3: tables that a compaction replaced are still there, and nothing that was deleted comes back.
  @Test(arguments: ["r783-levels", "r1075-levels", "l123-levels"])
  func museumI3SupersededTablesAreSetAside(_ name: String) throws {
    let edit = try EditCase(name)
    let database = try ExclusiveDatabase("db", in: edit.system)
    var compact = Compact()
    compact.selection.bottom = .force
    let old = try edit.version().families.flatMap(\.tables).map(\.number)
    let id = try #require(try compact.run(database).change)
    let seen = try edit.seen()
    let shape = Self.shape(try edit.version())
    let kept = try database.directory.directory(Journal.name).directory(id).directory(OpenJournalEntry.old)
    for entry in try kept.entries() {
      guard case .table = DatabaseFile(name: entry.name) else { continue }
      try kept.link(entry.name, into: database.directory, as: entry.name)
    }
    try database.directory.sync()
    database.close()
    let before = try edit.files()
    let plan = try edit.plan(rebuilds: true)
    #expect(Set(plan.parked.compactMap { DatabaseFile(name: $0).number }) == Set(old))
    #expect(plan.visibility.isEmpty && Self.shape(plan.result) == shape, "\(plan.visibility)")
    try edit.commit(rebuilds: true)
    #expect(EditCase.changes(seen, try edit.seen()).isEmpty)
    try edit.undo()
    #expect(try edit.files() == before)
  }

  /// A damaged table is no part of the state, which is not committed unasked.
  @Test func aDamagedTableIsAnObstacle() throws {
    let edit = try EditCase("r783-levels")
    try edit.overwrite("000010.sst") { $0[40] ^= 1 }
    let before = try edit.files()
    let plan = try edit.plan(rebuilds: true)
    #expect(plan.obstacles.contains { $0.file == "000010.sst" && $0.code == .blockChecksum }, "\(plan.findings)")
    #expect(plan.parked == ["000010.sst"] && !plan.visibility.isEmpty)
    let error = #expect(throws: DatabaseError.self) { try edit.commit(rebuilds: true) }
    #expect(error?.kind == .invalid)
    #expect(try edit.files() == before)
    try edit.commit(rebuilds: true, forced: true)
    #expect(try edit.version().families[0].tables.allSatisfy { $0.number != 10 })
    try edit.undo()
    #expect(try edit.files() == before)
  }

  /// Further edits apply to what was rebuilt.
  @Test func editsFollow() throws {
    let edit = try EditCase("r783-cfs")
    let family = try #require(try edit.version().families.last)
    let plan = try edit.plan([.dropFamily(family.name), .set(.nextFile, 7000)], rebuilds: true)
    #expect(plan.result.family(named: family.name) == nil && plan.result.nextFileNumber == 7000)
    #expect(plan.summary.hasPrefix("the state that the files tell; "))
  }
}
