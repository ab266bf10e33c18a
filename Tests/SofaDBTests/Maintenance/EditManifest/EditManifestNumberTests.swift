/// Numbers, families, logs, differences of states, and edits that make no sense.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestNumberTests {
  @Test func numbersAreSet() throws {
    let edit = try EditCase("r783-levels")
    try edit.commit(.set(.lastSequence, 5000), .set(.nextFile, 700), .set(.minLogNumber, 3))
    let version = try edit.version()
    #expect(version.lastSequence == 5000 && version.nextFileNumber == 700 && version.minLogNumberToKeep == 3)
    #expect(try edit.plan().base.families[0].logNumber == 20)
    let low = try edit.plan(.set(.lastSequence, 742))
    #expect(low.obstacles.map(\.code) == [.manifestSequence])
    #expect(throws: DatabaseError.self) { try edit.commit(.set(.lastSequence, 742)) }
    try edit.commit(.set(.lastSequence, 742), forced: true)
    #expect(try edit.version().lastSequence == 742)
  }

  /// Logs that are not to be replayed go to the journal; all others stay, with what they hold.
  @Test func aSkippedLogIsKept() throws {
    let edit = try EditCase("r783-cfwals")
    let before = try (files: edit.files(), seen: edit.seen())
    let view = try DatabaseView(database: edit.directory)
    let log = try #require(view.logs.first)
    let plan = try edit.plan(.set(.logNumber, log + 1))
    #expect(plan.retiredLogs == [DatabaseFile.log(log).name])
    try edit.commit(.set(.logNumber, log + 1))
    #expect(EditCase.counts(plan.visibility) == EditCase.changes(before.seen, try edit.seen()))
    #expect(try edit.files()[DatabaseFile.log(log).name] == nil)
    try edit.undo()
    #expect(try edit.files() == before.files)
    let one = try edit.plan(.set(.logNumber, log + 1), family: "default")
    #expect(one.result.families.filter { $0.logNumber == log + 1 }.map(\.name) == ["default"])
  }

  @Test func aFamilyGoesWithItsTablesAndComesBack() throws {
    for (name, family) in [("r783-cfs", "orders"), ("r1075-atomicflush", "b"), ("r783-cfs", "users")] {
      let edit = try EditCase(name)
      let before = try (files: edit.files(), seen: edit.seen())
      let tables = try edit.version().family(named: family)?.tables ?? []
      let plan = try edit.plan(.dropFamily(family))
      try edit.commit(.dropFamily(family))
      #expect(EditCase.counts(plan.visibility) == EditCase.changes(before.seen, try edit.seen()), "\(name)")
      #expect(try edit.version().family(named: family) == nil)
      #expect(try edit.version().maxColumnFamily == plan.base.maxColumnFamily)
      for table in tables { #expect(try edit.files()[DatabaseFile.table(table.number).name] == nil) }
      #expect(try !edit.plan().hasFindings)
      try edit.undo()
      #expect(try edit.files() == before.files)
    }
  }

  private static let wrong: [(fixture: String, edits: [ManifestEdit], family: String?)] = [
    ("r783-levels", [.dropFile(99)], nil), ("r783-levels", [.dropFile(20)], nil),
    ("r783-levels", [.moveFile(99, level: 1)], nil), ("r783-levels", [.moveFile(17, level: 1)], nil),
    ("r783-levels", [.moveFile(17, level: 7)], nil), ("r783-levels", [.moveFile(17, level: 63)], nil),
    ("r783-levels", [.addFile(17, level: nil)], nil), ("r783-levels", [.addFile(99, level: nil)], nil),
    ("r783-levels", [.dropFile(17), .dropFile(17)], nil),
    ("r783-levels", [.dropFile(17), .moveFile(17, level: 2)], nil),
    ("r783-levels", [.moveFile(17, level: 2), .moveFile(17, level: 4)], nil),
    ("r783-levels", [.set(.lastSequence, 800), .set(.lastSequence, 900)], nil),
    ("r783-levels", [.set(.nextFile, 21)], nil), ("r783-levels", [.dropFamily("default")], nil),
    ("r783-levels", [.dropFamily("nobody")], nil), ("r783-levels", [.set(.logNumber, 30)], "nobody"),
    ("r783-levels", [.dropFile(17), .addFile(17, level: 7)], nil),
    ("r783-levels", [.dropFile(17), .addFile(17, level: 1)], "nobody"),
    ("r783-cfs", [.dropFamily("users"), .dropFamily("users")], nil),
    ("r783-cfs", [.dropFamily("orders"), .dropFile(14)], nil),
    ("r783-cfs", [.dropFile(13), .addFile(13, level: 0)], "orders"),
    ("l123-levels", [.set(.minLogNumber, 3)], nil), ("l123-levels", [.moveFile(9, level: 7)], nil),
    ("l123-customcmp", [.moveFile(9, level: 2)], nil), ("l123-customcmp", [.dropFile(9), .addFile(9, level: 1)], nil),
  ]

  @Test(arguments: wrong.indices)
  func anEditWithoutMeaningChangesNothing(_ index: Int) throws {
    let (fixture, edits, family) = Self.wrong[index]
    let edit = try EditCase(fixture)
    let before = try edit.files()
    let error = #expect(throws: DatabaseError.self, "\(edits)") { try edit.plan(edits, family: family) }
    #expect(
      error?.kind == (fixture == "l123-customcmp" ? .unsupported : .invalid), "\(edits): \(String(describing: error))")
    let database = try ExclusiveDatabase("db", in: edit.system)
    #expect(throws: DatabaseError.self) {
      _ = try EditManifest(database.directory, .init(edits: edits, family: family)).run()
    }
    #expect(try edit.files() == before)
  }

  /// Under a comparator that nobody knows tables can be taken out, and nothing else is guessed.
  @Test func anUnknownComparatorAllowsDroppingOnly() throws {
    let edit = try EditCase("l123-customcmp")
    let before = try edit.files()
    let plan = try edit.plan(.dropFile(9))
    #expect(plan.obstacles.isEmpty && plan.visibility.map(\.effect) == [.unknown])
    #expect(plan.visibility[0].reason == "the comparator is not known")
    try edit.commit(.dropFile(9))
    #expect(try edit.version().tableCount == 2)
    try edit.undo()
    #expect(try edit.files() == before)
  }

  /// What is too much to read is not guessed.
  @Test func aLargeComparisonIsRefused() throws {
    let edit = try EditCase("r783-levels")
    var operation = EditManifest(try edit.directory, .init(edits: [.dropFile(17), .moveFile(21, level: 5)]))
    operation.comparisonLimit = 100
    let plan = try operation.run()
    #expect(plan.visibility.map(\.effect) == [.unknown])
    #expect(plan.visibility[0].entries > 65)
    #expect(plan.findings.filter { $0.code == .levelSequence }.map(\.severity) == [.warning])
    operation.isCancelled = { true }
    #expect(throws: DatabaseError.self) { try operation.run() }
  }

  @Test func differencesAreListed() throws {
    let edit = try EditCase("r783-cfs")
    let base = try edit.version()
    #expect(StateDifference(from: base, to: base).isEmpty)
    let plan = try edit.plan(.dropFamily("orders"), .moveFile(13, level: 3), .set(.lastSequence, 300))
    let lines = plan.difference.lines(showKeys: false)
    #expect(lines.count == 4 && lines[0] == "~ last-sequence 220 -> 300" && lines[1] == "- family orders")
    #expect(lines[2].hasPrefix("~ default L0 -> L3 000013.sst, 3588 bytes, seq 1..75"))
    #expect(lines[3].hasPrefix("- orders L0 000014.sst"))
    let back = StateDifference(from: plan.result, to: base)
    #expect(back.tables.map(\.change) == [.moved, .added] && back.addedFamilies == ["orders"])
    let records = try #require(lines.count == 4 ? plan : nil)
    var json = JSONWriter()
    records.encode(into: &json, showKeys: false)
    let text = String(decoding: json.output.array, as: UTF8.self)
    #expect(text.contains("\"record\":\"difference\",\"schema\":1,\"what\":\"table\",\"change\":\"moved\""))
    #expect(!text.contains("smallest") && !lines.joined().contains("@"))
    #expect(plan.difference.lines(showKeys: true).joined().contains("@"))
  }

  /// A state that an engine leaves behind while the plan is made is no base for one.
  @Test func aStateThatMovedOnIsNotPlannedOn() throws {
    let edit = try EditCase("r783-levels")
    let source = try ManifestSource(edit.directory)
    try source.requireUnchanged(in: edit.directory)
    try edit.commit(.dropFile(17))
    let error = #expect(throws: DatabaseError.self) { try source.requireUnchanged(in: edit.directory) }
    #expect(error?.kind == .locked)
  }
}
