import SofaTesting
import Testing

@testable import SofaDB

/// A repair that is cut off anywhere: the same command completes, with the same result.
@Suite struct RepairCrashTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// One table with a block of zeros.
  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    var table = TableCase(0)
    table.options = TableOptions()
    table.options.compression = .none
    table.options.blockSize = 256
    table.replaceEntries(
      (0..<60).map { index in
        TableCase.Entry(
          userKey: Array("key\(100 + index)".utf8), sequence: SequenceNumber(index + 1), kind: .value,
          value: [UInt8](repeating: UInt8(index), count: 20))
      })
    try table.writeDatabase(in: directory, level: 6)
    let name = DatabaseFile.table(9).name
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    var bytes = withExtendedLifetime(content) { [UInt8](content.bytes) }
    for place in 400..<500 { bytes[place] = 0 }
    try directory.remove(name)
    let copy = try directory.create(name)
    try bytes.withUnsafeBytes { try copy.append($0) }
    try copy.sync()
    try copy.close()
    system.settle()
    return system.disk
  }

  static func repair(_ system: SimulatedFileSystem) throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    var repair = Repair()
    repair.jobs = 1
    _ = try repair.apply(to: database)
    system.milestone += 1
  }

  static func result() throws -> BrokenDatabase.Contents {
    let system = SimulatedFileSystem(disk: try start())
    try repair(system)
    return try BrokenDatabase.contents(system.directory(at: "db"))
  }

  private static func check(_ system: SimulatedFileSystem, _ wanted: BrokenDatabase.Contents) throws {
    try repair(system)
    let directory = try system.directory(at: "db")
    guard try BrokenDatabase.contents(directory) == wanted else { throw Broken(description: "other contents") }
    guard try Repair().plan(directory).isNothing else { throw Broken(description: "something is left to repair") }
  }

  @Test func everyCrashLeavesWhatTheSameCommandCompletes() throws {
    let wanted = try Self.result()
    #expect((wanted["default"]?.count ?? 0) > 40)
    let report = enumerateCrashes(from: try Self.start(), scenario: Self.repair) { image in
      try Self.check(image.fileSystem, wanted)
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 50, "\(report)")
  }

  @Test(arguments: [FaultDuration.once, .forEver])
  func everyFaultLeavesWhatTheSameCommandCompletes(_ duration: FaultDuration) throws {
    let wanted = try Self.result()
    let before = try JournalTests.files(SimulatedFileSystem(disk: Self.start()).directory(at: "db"))
    let report = enumerateFaults(from: try Self.start(), lasting: duration, scenario: Self.repair) { outcome in
      // Whoever is told of any other error may rely on it that nothing has changed.
      let isUnsettled = (outcome.error as? DatabaseError)?.kind == .unsettled
      if outcome.error != nil, !isUnsettled, outcome.milestone == 0 {
        let found = try JournalTests.settled(outcome.fileSystem)
        let isDone = try Repair().plan(outcome.fileSystem.directory(at: "db")).isNothing
        guard found == before || isDone else { throw Broken(description: "\(found.keys.sorted())") }
      }
      try Self.check(outcome.fileSystem, wanted)
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs > 100, "\(report)")
  }
}
