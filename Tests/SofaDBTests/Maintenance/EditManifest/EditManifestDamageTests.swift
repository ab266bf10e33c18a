/// Editing what engines refuse to open: the very databases that need it.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestDamageTests {
  /// R:1129: `unsafe_remove_sst_file` first insisted on a healthy database. Every table missing, cut or scribbled over,
  /// can be taken out of the state; what is sound of the rest is read.
  @Test(arguments: ["r783-levels", "r1075-levels", "l123-levels", "r783-blob"])
  func museumH12ABrokenTableIsTakenOut(_ name: String) throws {
    let damages: [(String, (EditCase, String) throws -> Void)] = [
      ("missing", { try $0.directory.remove($1) }), ("empty", { try $0.overwrite($1) { $0 = [] } }),
      ("cut", { try $0.overwrite($1) { $0.removeLast(20) } }),
      ("no footer", { try $0.overwrite($1) { bytes in for i in bytes.indices.suffix(60) { bytes[i] = 0x55 } } }),
      ("no data", { try $0.overwrite($1) { bytes in for i in 0..<(bytes.count / 2) { bytes[i] ^= 0xFF } } }),
    ]
    let original = try EditCase(name)
    for table in try original.version().families.flatMap(\.tables) {
      for (what, damage) in damages {
        let edit = EditCase(SimulatedFileSystem(disk: original.system.disk))
        let directory = try edit.directory
        let file = try #require(
          [DatabaseFile.table(table.number, .sst), .table(table.number, .ldb)].map(\.name)
            .first { try directory.attributes(of: $0) != nil })
        try damage(edit, file)
        let found = try edit.plan().findings.filter { $0.severity == .error }
        #expect(!found.isEmpty, "\(name), \(table.number) \(what)")
        let plan = try edit.plan(.dropFile(table.number))
        #expect(plan.obstacles.isEmpty && !plan.hasFindings, "\(name), \(table.number) \(what): \(plan.findings)")
        let before = try edit.files()
        try edit.commit(.dropFile(table.number))
        #expect(try !edit.plan().hasFindings)
        try edit.undo()
        #expect(try edit.files() == before)
        // And nothing damaged comes in.
        try edit.orphan(table.number)
        #expect(throws: DatabaseError.self) { try edit.plan(.addFile(table.number, level: table.level)) }
      }
    }
  }

  /// R:1129 again: no CURRENT, or one that names nothing.
  @Test(arguments: ["r783-levels", "r1075-atomicflush", "l123-levels"])
  func museumH12AMissingCurrent(_ name: String) throws {
    for content in [nil, "", "MANIFEST-000777\n", "MANIFEST-", "../../etc/passwd\n", "MANIFEST-000005"] as [String?] {
      let edit = try EditCase(name)
      let seen = try edit.seen()
      let manifest = DatabaseFile.manifest(try CurrentFile.read(edit.directory)).name
      try edit.directory.remove("CURRENT")
      if let content { try JournalTests.create("CURRENT", content, in: edit.directory) }
      let before = try edit.files()
      let plan = try edit.plan()
      #expect(plan.findings.first?.code == .currentDangling && plan.manifest == manifest, "\(plan.findings)")
      #expect(plan.base.tableCount > 0)
      try edit.commit(.set(.nextFile, 9000))
      #expect(EditCase.changes(seen, try edit.seen()).isEmpty)
      try edit.undo()
      #expect(try edit.files() == before)
    }
  }

  /// Edits before the damage are the state, the loss is said, and nothing is committed without a word.
  @Test func aDamagedMANIFESTGivesItsReadablePart() throws {
    let edit = try EditCase("r783-levels")
    let history = try ManifestReader.readCurrent(edit.directory, keepingRecords: true)
    let record = history.records[12]
    try edit.overwrite(history.name) { $0[Int(record.offset) + 9] ^= 0x10 }
    #expect(throws: DatabaseError.self) { try edit.version() }
    let plan = try edit.plan(.dropFile(17))
    #expect(plan.editCount == 12)
    #expect(plan.findings.contains { $0.code == .manifestRecord && $0.detail.contains("Only the 12 edits before it") })
    let lost = plan.findings.filter { $0.code == .fileOrphan && $0.severity == .error }.compactMap(\.file)
    #expect(lost.contains("000021.sst"), "\(plan.findings)")
    #expect(plan.obstacles.isEmpty)
    let before = try edit.files()
    try edit.commit(.dropFile(17), .addFile(19, level: nil), .addFile(21, level: nil), .set(.lastSequence, 743))
    #expect(try !edit.plan().hasFindings)
    // Newer above older, as deep as that allows.
    let levels = try Dictionary(uniqueKeysWithValues: edit.version().families[0].tables.map { ($0.number, $0.level) })
    #expect(levels == [21: 1, 19: 2, 14: 3, 10: 6, 11: 6])
    try edit.undo()
    #expect(try edit.files() == before)
  }

  @Test func aTornTailIsTold() throws {
    let edit = try EditCase("r783-levels")
    let history = try ManifestReader.readCurrent(edit.directory, keepingRecords: true)
    try edit.overwrite(history.name) { $0.removeLast(3) }
    let plan = try edit.plan(.dropFile(17))
    #expect(plan.editCount == 15 && plan.findings.contains { $0.code == .manifestTail } && plan.obstacles.isEmpty)
    try edit.commit(.dropFile(17))
    #expect(try !edit.plan().hasFindings)
  }

  @Test func nothingReadableIsNoState() throws {
    let edit = try EditCase("r783-levels")
    let name = try ManifestReader.readCurrent(edit.directory).name
    try edit.overwrite(name) { for index in $0.indices { $0[index] = 0x77 } }
    #expect(throws: DatabaseError.self) { try edit.plan(.dropFile(17)) }
    try edit.directory.remove(name)
    let error = #expect(throws: DatabaseError.self) { try edit.plan() }
    #expect(error?.kind == .notFound)
  }

  /// A tag that must be understood may mean anything; one that may be passed over is told, and a table's own unknown
  /// fields are kept.
  @Test func unknownTags() throws {
    let edit = try EditCase("r1075-levels")
    let version = try edit.version()
    let family = version.families[0]
    var tables = family.tables
    tables[0].unknownFields = [.init(tag: 40, bytes: [1, 2, 3])]
    var unknown = VersionEdit()
    unknown.unknownFields = [.init(tag: 8192 + 77, bytes: [9])]
    let edits = try ManifestWriter.snapshot(of: version.with(families: [family.with(tables: tables)]))
    try edit.rewrite(edits + [unknown], as: 990)
    let plan = try edit.plan(.moveFile(tables[5].number, level: 5))
    #expect(plan.notes.contains { $0.contains("unknown tags 8269") })
    try edit.commit(.moveFile(tables[5].number, level: 5))
    #expect(try edit.version().families[0].tables[0].unknownFields == tables[0].unknownFields)
    // Not carried over, said wherever a command writes a new MANIFEST, and in the journal's old one.
    #expect(try edit.version().passedOver.isEmpty)
    let entry = try #require(try Journal.entries(of: edit.directory).last)
    #expect(entry.record?.summary.contains("unknown tags 8269 are not carried over") == true)
    try edit.undo()
    #expect(try edit.version().passedOver == [8269])
    #expect(try Repair().plan(edit.directory).remarks.contains { $0.contains("unknown tags 8269") })

    unknown.unknownFields = [.init(tag: 77, bytes: [9])]
    try edit.rewrite(edits + [unknown], as: 995)
    let before = try edit.files()
    let error = #expect(throws: DatabaseError.self) { try edit.plan(.dropFile(tables[0].number)) }
    #expect(error?.kind == .unsupported)
    #expect(try edit.files() == before)
  }

  /// pebble 1446128a7, 8479d8fba: a snapshot lacked the next file number, the log number, or a last sequence of 0.
  @Test(arguments: ["r783-empty", "l123-empty", "r783-levels", "r1075-atomicflush", "main-cfs"])
  func museumK7EveryNumberIsInTheSnapshot(_ name: String) throws {
    let edit = try EditCase(name)
    try edit.commit(.set(.nextFile, 4000))
    let history = try ManifestReader.readCurrent(edit.directory, keepingRecords: true)
    #expect(history.records.contains { $0.edit.nextFileNumber != nil })
    #expect(history.records.contains { $0.edit.lastSequence != nil })
    for family in history.version.families {
      #expect(history.records.contains { $0.edit.family == family.id && $0.edit.logNumber != nil })
    }
    #expect(history.isClean && history.version.nextFileNumber == 4000)
  }

  /// Problems that were there before do not stand in the way of an edit; new ones do, unless forced.
  @Test func onlyNewProblemsAreObstacles() throws {
    let edit = try EditCase("r783-levels")
    try edit.directory.remove("000014.sst")
    let plan = try edit.plan(.dropFile(17))
    #expect(plan.hasFindings && plan.obstacles.isEmpty)
    try edit.commit(.dropFile(17))
    let wrong = try edit.plan(.moveFile(21, level: 4))
    #expect(wrong.obstacles.map(\.code) == [.levelSequence])
    let before = try edit.files()
    #expect(throws: DatabaseError.self) { try edit.commit(.moveFile(21, level: 4)) }
    #expect(try edit.files() == before)
    try edit.commit(.moveFile(21, level: 4), forced: true)
    #expect(try edit.version().families[0].levels[4].map(\.number) == [21])
  }
}
