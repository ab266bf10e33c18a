/// Commits of edits, crashed after every call and with every call failing: the database is as before or as after, and
/// undo goes back from there.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EditManifestCrashTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// Takes a table out, moves one, raises a number; a second run after a crash finds the work done.
  static func change(_ system: SimulatedFileSystem) throws {
    let edit = EditCase(system)
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    guard try edit.version().lastSequence != 900 else { return }
    let request = EditManifest.Request(
      edits: [.dropFile(12), .moveFile(9, level: 3), .set(.lastSequence, 900)])
    let plan = try EditManifest(database.directory, request).run()
    _ = try EditManifest.commit(plan, to: database)
    system.milestone += 1
  }

  /// Goes back to a state whose table only the journal has.
  static func goBack(_ system: SimulatedFileSystem) throws {
    let edit = EditCase(system)
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    guard try edit.version().tableCount == 1 else { return }
    let history = try ManifestReader.readCurrent(database.directory)
    let plan = try EditManifest(database.directory, .init(atEdit: history.recordCount - 1)).run()
    _ = try EditManifest.commit(plan, to: database)
    system.milestone += 1
  }

  /// Finds the state where CURRENT is gone.
  static func rebuild(_ system: SimulatedFileSystem) throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    guard try database.directory.attributes(of: CurrentFile.name) == nil else { return }
    let plan = try EditManifest(database.directory, .init(rebuilds: true)).run()
    _ = try EditManifest.commit(plan, to: database)
    system.milestone += 1
  }

  static func start(_ scenario: String) throws -> SimulatedDisk {
    let edit = try EditCase("r783-blob")
    if scenario == "rebuild" { try edit.directory.remove(CurrentFile.name) }
    if scenario == "goBack" {
      let version = try edit.version()
      try edit.commit(.dropFile(12))
      var deletion = VersionEdit()
      deletion.deletedTables = [.init(level: 0, number: 12)]
      try edit.rewrite(ManifestWriter.snapshot(of: version) + [deletion], as: 990)
    }
    edit.system.settle()
    return edit.system.disk
  }

  static let scenarios = ["change", "goBack", "rebuild"]

  static func run(_ scenario: String, _ system: SimulatedFileSystem) throws {
    switch scenario {
    case "change": try change(system)
    case "goBack": try goBack(system)
    default: try rebuild(system)
    }
  }

  static func states(_ scenario: String) throws -> (before: JournalTests.Files, after: JournalTests.Files) {
    let edit = EditCase(SimulatedFileSystem(disk: try start(scenario)))
    let before = try edit.files()
    try run(scenario, edit.system)
    return (before, try edit.files())
  }

  @Test(arguments: scenarios)
  func everyCrashLeavesBeforeOrAfter(_ scenario: String) throws {
    let states = try Self.states(scenario)
    let report = enumerateCrashes(from: try Self.start(scenario)) { system in
      try Self.run(scenario, system)
    } check: { image in
      let found = try JournalTests.settled(image.fileSystem)
      guard found == states.after || found == states.before && image.milestone == 0 else {
        throw Broken(description: "\(found.keys.sorted())")
      }
      guard found == states.after else { return }
      let edit = EditCase(image.fileSystem)
      try edit.undo()
      guard try edit.files() == states.before else { throw Broken(description: "undo gives another state") }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 50, "\(report)")
  }

  @Test(arguments: scenarios, [FaultDuration.once, .forEver])
  func everyFaultLeavesBeforeOrAfter(_ scenario: String, _ duration: FaultDuration) throws {
    let states = try Self.states(scenario)
    let report = enumerateFaults(from: try Self.start(scenario), lasting: duration) { system in
      try Self.run(scenario, system)
    } check: { outcome in
      let found = try JournalTests.settled(outcome.fileSystem)
      let isBefore = found == states.before && outcome.milestone == 0
      guard found == states.after || isBefore else { throw Broken(description: "\(found.keys.sorted())") }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs > 100, "\(report)")
  }

  /// A dry run asks the file system for nothing that could change anything, and survives every failing read.
  @Test func everyFaultOfADryRun() throws {
    let start = try Self.start("change")
    let before = try EditCase(SimulatedFileSystem(disk: start)).files()
    let report = enumerateFaults(from: start) { system in
      let edit = EditCase(system)
      let plan = try edit.plan(.dropFile(12), .moveFile(9, level: 3))
      guard plan.obstacles.isEmpty else { throw Broken(description: "\(plan.obstacles)") }
    } check: { outcome in
      guard try EditCase(outcome.fileSystem).files() == before else { throw Broken(description: "changed") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }
}
