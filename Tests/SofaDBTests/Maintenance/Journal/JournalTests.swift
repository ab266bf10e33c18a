/// Changes of a database and their undoing, crashed after every call and with every call failing: the directory is
/// always as before or as after.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct JournalTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// Name and content of every file of the database, without LOCK.
  typealias Files = [String: [UInt8]]

  static func table(_ number: UInt64, _ first: String, _ last: String, size: UInt64) -> TableMetadata {
    TableMetadata(
      number: number, level: 6, size: size, smallest: InternalKey(userKey: Array(first.utf8), trailer: 0x101),
      largest: InternalKey(userKey: Array(last.utf8), trailer: 0x101), smallestSequence: 1, largestSequence: 1)
  }

  static func version(_ tables: [TableMetadata]) -> Version {
    Version(
      families: [
        ColumnFamily(
          id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 4, tables: tables)
      ], lastSequence: 9, nextFileNumber: 13)
  }

  static let old = version([table(10, "a", "b", size: 3), table(11, "c", "d", size: 3), table(12, "e", "f", size: 3)])
  static let new = version([table(13, "a", "d", size: 4), table(12, "e", "f", size: 3)])

  static func create(_ name: String, _ text: String, in directory: any Directory) throws {
    let file = try directory.create(name)
    try Array(text.utf8).withUnsafeBytes { try file.append($0) }
    try file.sync()
    try file.close()
  }

  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    for (name, text) in [
      ("000010.sst", "ten"), ("000011.sst", "ele"), ("000012.sst", "twe"), ("000004.log", "log"), ("IDENTITY", "id"),
    ] { try create(name, text, in: directory) }
    try ManifestWriter.write(old, as: DatabaseFile.manifest(5).name, in: directory)
    try CurrentFile.replace(directory, manifest: 5)
    system.settle()
    return system.disk
  }

  static func change(_ system: SimulatedFileSystem) throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    // A second run after a crash finds the work done.
    let base = try database.version()
    if base.family(0)?.tables.contains(where: { $0.number == 13 }) == true { return }
    let change = try DatabaseChange("compact", of: database, base: base)
    do {
      try create(change.tableName(13), "both", in: change.staging)
    } catch {
      change.abandon()
      throw error
    }
    #expect(change.newNumber() == 13)
    do {
      #expect(try change.commit(new, summary: "two tables into one") == "1-compact")
    } catch {
      // Abandoning what may have taken place must not take it back.
      change.abandon()
      throw error
    }
    system.milestone += 1
  }

  static func files(_ directory: any ReadableDirectory) throws -> Files {
    var files: Files = [:]
    for entry in try directory.entries() where entry.kind == .file && entry.name != "LOCK" {
      let file = try directory.open(entry.name)
      let content = try file.readExactly(Int(file.size), at: 0)
      files[entry.name] = withExtendedLifetime(content) { Array(content.bytes) }
    }
    return files
  }

  /// The database's files before and after the change.
  static func states() throws -> (before: Files, after: Files) {
    let system = SimulatedFileSystem(disk: try start())
    let before = try files(system.directory(at: "db"))
    try change(system)
    return (before, try files(system.directory(at: "db")))
  }

  /// What the next command finds, after it has settled what was cut off.
  static func settled(_ system: SimulatedFileSystem) throws -> Files {
    try ExclusiveDatabase("db", in: system).close()
    return try files(system.directory(at: "db"))
  }

  @Test func aChangeBringsAndTakesFiles() throws {
    let states = try JournalTests.states()
    #expect(
      Set(states.after.keys) == [
        "000012.sst", "000013.sst", "000004.log", "IDENTITY", "CURRENT", "MANIFEST-000014",
      ])
    let system = SimulatedFileSystem(disk: try JournalTests.start())
    try JournalTests.change(system)
    let directory = try system.directory(at: "db")
    let entries = try Journal.entries(of: directory)
    #expect(entries.map(\.id) == ["1-compact"])
    #expect(entries[0].state == .settled && entries[0].obstacle == nil)
    #expect(entries[0].record?.summary == "two tables into one")
    #expect(entries[0].bytesHeld == 6 + 16 + UInt64(states.before["MANIFEST-000005"]?.count ?? 0))
    let database = try ExclusiveDatabase("db", in: system)
    #expect(
      try database.version()
        == Version(
          families: JournalTests.new.families, lastSequence: 9, nextFileNumber: 15))
    try database.undo("1")
    #expect(try JournalTests.files(directory) == states.before)
    #expect(try directory.attributes(of: Journal.name) == nil)
  }

  @Test func everyCrashOfAChangeLeavesBeforeOrAfter() throws {
    let states = try JournalTests.states()
    let report = enumerateCrashes(from: try JournalTests.start(), scenario: JournalTests.change) { image in
      let found = try JournalTests.settled(image.fileSystem)
      guard found == states.after || found == states.before && image.milestone == 0 else {
        throw Broken(description: "\(found.keys.sorted())")
      }
      // And the work can be done again, from wherever the crash left it.
      try JournalTests.change(image.fileSystem)
      let again = try image.fileSystem.directory(at: "db")
      try JournalTests.require(try JournalTests.files(again), states.after)
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 100, "\(report)")
  }

  /// Numbers may differ after a rerun: the same tables and logs count.
  static func require(_ found: Files, _ wanted: Files) throws {
    let tables = { (files: Files) in Set(files.values.map { $0.count < 5 ? $0 : [] }) }
    guard tables(found) == tables(wanted), found.count == wanted.count else {
      throw Broken(description: "after the rerun: \(found.keys.sorted())")
    }
  }

  @Test func everyFaultOfAChangeLeavesBeforeOrAfter() throws {
    let states = try JournalTests.states()
    for duration in [FaultDuration.once, .forEver] {
      let report = enumerateFaults(from: try JournalTests.start(), lasting: duration, scenario: JournalTests.change) {
        outcome in
        // Who is told of any other error may rely on it that nothing has changed.
        let isUnsettled = (outcome.error as? DatabaseError)?.kind == .unsettled
        let found = try JournalTests.settled(outcome.fileSystem)
        if outcome.error != nil, !isUnsettled, found != states.before {
          throw Broken(description: "\(outcome.error.map { "\($0)" } ?? ""), and the change is in place")
        }
        let isBefore = found == states.before && outcome.milestone == 0
        guard found == states.after || isBefore else { throw Broken(description: "\(found.keys.sorted())") }
      }
      #expect(report.failures.isEmpty, "\(report)")
      #expect(report.runs > 100, "\(report)")
    }
  }

  static func undo(_ system: SimulatedFileSystem) throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    if try database.changes().isEmpty { return }
    try database.undo("1-compact")
    system.milestone += 1
  }

  static func changed() throws -> SimulatedDisk {
    let system = SimulatedFileSystem(disk: try start())
    try change(system)
    system.settle()
    return system.disk
  }

  @Test func everyCrashOfAnUndoLeavesBeforeOrAfter() throws {
    let states = try JournalTests.states()
    let report = enumerateCrashes(from: try JournalTests.changed(), scenario: JournalTests.undo) { image in
      let found = try JournalTests.settled(image.fileSystem)
      guard found == states.before || found == states.after && image.milestone == 0 else {
        throw Broken(description: "\(found.keys.sorted())")
      }
      try JournalTests.undo(image.fileSystem)
      guard try JournalTests.files(image.fileSystem.directory(at: "db")) == states.before else {
        throw Broken(description: "a second undo does not complete")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 50, "\(report)")
  }

  @Test func everyFaultOfAnUndoLeavesBeforeOrAfter() throws {
    let states = try JournalTests.states()
    let report = enumerateFaults(from: try JournalTests.changed(), scenario: JournalTests.undo) { outcome in
      let found = try JournalTests.settled(outcome.fileSystem)
      guard found == states.before || found == states.after && outcome.milestone == 0 else {
        throw Broken(description: "\(found.keys.sorted())")
      }
      if let error = outcome.error, found == states.before, (error as? DatabaseError)?.kind != .unsettled {
        throw Broken(description: "\(error), and the change is undone")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func everyCrashOfADiscardKeepsTheDatabase() throws {
    let states = try JournalTests.states()
    let report = enumerateCrashes(from: try JournalTests.changed()) { system in
      let database = try ExclusiveDatabase("db", in: system)
      try database.discard("1")
      system.milestone += 1
    } check: { image in
      guard try JournalTests.settled(image.fileSystem) == states.after else { throw Broken(description: "changed") }
      let entries = try Journal.entries(of: try image.fileSystem.directory(at: "db"))
      guard entries.isEmpty || image.milestone == 0 else { throw Broken(description: "it is still there") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func everyFaultOfADiscardKeepsTheDatabase() throws {
    let states = try JournalTests.states()
    for duration in [FaultDuration.once, .forEver] {
      let report = enumerateFaults(from: try JournalTests.changed(), lasting: duration) { system in
        let database = try ExclusiveDatabase("db", in: system)
        defer { database.close() }
        try database.discard("1")
        system.milestone += 1
      } check: { outcome in
        guard try JournalTests.settled(outcome.fileSystem) == states.after else { throw Broken(description: "changed") }
        // What is left of it can be discarded again.
        let database = try ExclusiveDatabase("db", in: outcome.fileSystem)
        defer { database.close() }
        for change in try database.changes() { try database.discard(change.id) }
        guard try database.changes().isEmpty else { throw Broken(description: "it is still there") }
      }
      #expect(report.failures.isEmpty, "\(report)")
    }
  }

  @Test func aUsedDatabaseIsNotUndone() throws {
    let uses: [(String, (any Directory) throws -> Void)] = [
      ("a log", { try JournalTests.create("000020.log", "more", in: $0) }),
      ("a table", { try JournalTests.create("000015.sst", "more", in: $0) }),
      ("the log", { try $0.remove("000004.log") }),
      (
        "CURRENT",
        {
          try ManifestWriter.write(JournalTests.new, as: "MANIFEST-000016", in: $0)
          try CurrentFile.replace($0, manifest: 16)
        }
      ),
    ]
    for (name, use) in uses {
      let system = SimulatedFileSystem(disk: try JournalTests.changed())
      let directory = try system.directory(at: "db")
      try use(directory)
      let before = try JournalTests.files(directory)
      let database = try ExclusiveDatabase("db", in: system)
      #expect(try database.changes()[0].obstacle != nil, "\(name)")
      #expect(throws: DatabaseError.self, "\(name)") { try database.undo("1") }
      #expect(try JournalTests.files(directory) == before, "\(name)")
      try database.discard("1-compact")
      #expect(try JournalTests.files(directory) == before, "\(name)")
    }
  }

  /// Somebody put the old CURRENT back by hand: the only copy of the old files is in the journal, and must not go.
  @Test func aCurrentSetBackByHandLosesNothing() throws {
    let states = try JournalTests.states()
    let system = SimulatedFileSystem(disk: try JournalTests.changed())
    let directory = try system.directory(at: "db")
    try directory.remove("CURRENT")
    try JournalTests.create("CURRENT", "MANIFEST-000005\n", in: directory)
    let found = try JournalTests.settled(system)
    for (name, content) in states.before { #expect(found[name] == content, "\(name)") }
  }

  /// A damaged record is in nobody's way, and what it kept stays until somebody discards it.
  @Test func aDamagedRecordBlocksNothing() throws {
    let states = try JournalTests.states()
    let system = SimulatedFileSystem(disk: try JournalTests.changed())
    let directory = try system.directory(at: "db")
    let entry = try directory.directory(Journal.name).directory("1-compact")
    for text in ["", "{", "[]", #"{"record":"change","schema":2}"#, #"{"removed":[{"name":"../../etc/passwd"}]}"#] {
      try entry.remove("change.json")
      try JournalTests.create("change.json", text, in: entry)
      let database = try ExclusiveDatabase("db", in: system)
      let change = try #require(try database.changes().first)
      #expect(change.state == .settled && change.obstacle?.contains("record") == true, "\(text)")
      #expect(throws: DatabaseError.self) { try database.undo("1") }
      database.close()
      #expect(try JournalTests.files(directory) == states.after)
      #expect(try entry.directory("old").attributes(of: "000010.sst") != nil)
    }
    let database = try ExclusiveDatabase("db", in: system)
    try database.discard("1")
    #expect(try database.changes().isEmpty)
    #expect(try JournalTests.files(directory) == states.after)
  }

  /// An engine used the database between a crash and the next command, and gave its own file one of our numbers.
  @Test func filesOfOthersAreNeverRemoved() throws {
    let states = try JournalTests.states()
    let report = enumerateCrashes(from: try JournalTests.start(), scenario: JournalTests.change) { image in
      let directory = try image.fileSystem.directory(at: "db")
      let current = try JournalTests.files(directory)["CURRENT"]
      guard current == states.before["CURRENT"] else { return }
      if try directory.attributes(of: "000013.sst") != nil { try directory.remove("000013.sst") }
      try JournalTests.create("000013.sst", "mine", in: directory)
      let found = try JournalTests.settled(image.fileSystem)
      guard found["000013.sst"] == Array("mine".utf8) else { throw Broken(description: "another's table is gone") }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  @Test func aStateThatBreaksARuleIsRefused() throws {
    let system = SimulatedFileSystem(disk: try JournalTests.start())
    let before = try JournalTests.files(system.directory(at: "db"))
    let database = try ExclusiveDatabase("db", in: system)
    let wrong: [Version] = [
      JournalTests.version([JournalTests.table(10, "a", "c", size: 3), JournalTests.table(11, "b", "d", size: 3)]),
      JournalTests.version([JournalTests.table(77, "a", "c", size: 3)]),
    ]
    for version in wrong {
      let change = try DatabaseChange("compact", of: database, base: try database.version())
      #expect(throws: DatabaseError.self) { _ = try change.commit(version, summary: "") }
      #expect(try JournalTests.files(system.directory(at: "db")) == before)
      #expect(try database.changes().isEmpty)
    }
  }

  @Test func whatIsNoDatabaseIsRefusedAndNothingIsCreated() throws {
    let system = SimulatedFileSystem()
    #expect(throws: DatabaseError.self) { _ = try ExclusiveDatabase("db", in: system) }
    #expect(try system.directory(at: "db").entries().isEmpty)
  }
}
