/// Every scenario, crashed after every call to the file system under all profiles of what a disk may keep.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EngineCrashTests {
  /// Fewer random choices than by default: there are many scenarios.
  private static let options: CrashOptions = {
    var options = CrashOptions()
    options.exhaustiveLimit = 3
    options.randomSubsets = 3
    return options
  }()

  /// What was done over all scenarios.
  private struct Tally {
    var images = 0
    var refused = 0
  }

  @Test(arguments: EngineScenario.all) func everyCrashKeepsThePromises(scenario: EngineScenario) throws {
    try Self.crash(scenario)
  }

  static func crash(_ scenario: EngineScenario) throws {
    let (disk, base) = try scenario.start()
    var current: EngineRun?
    var tally = Tally()
    let report = enumerateCrashes(from: disk, options: options) { system in
      let run = EngineRun(system, scenario.options, base: base)
      current = run
      try scenario.run(run)
    } check: { image in
      if VersionSetCase.isTornRecord(image) {
        tally.refused += 1
        return
      }
      tally.images += 1
      let run = current ?? EngineRun(image.fileSystem, scenario.options, base: base)
      try EngineImage(run: run, system: image.fileSystem).check(turn: tally.images)
    }
    #expect(report.failures.isEmpty, "\(scenario): \(report)")
    #expect(tally.images > 20 && tally.refused * 20 < tally.images, "\(scenario): \(tally)")
  }

  // Museum B1, B2, B3: a second crash while the first is being recovered from, after each call of it.
  @Test(arguments: EngineScenario.all) func everyCrashOfARecoveryKeepsThePromises(scenario: EngineScenario) throws {
    try Self.crashTwice(scenario)
  }

  static func crashTwice(_ scenario: EngineScenario) throws {
    let (disk, base) = try scenario.start()
    var current: EngineRun?
    var seen = 0
    var nested = 0
    let report = enumerateCrashes(from: disk, options: options) { system in
      let run = EngineRun(system, scenario.options, base: base)
      current = run
      try scenario.run(run)
    } check: { image in
      seen += 1
      guard seen % 60 == 7, !VersionSetCase.isTornRecord(image) else { return }
      let run = current ?? EngineRun(image.fileSystem, scenario.options, base: base)
      nested += try crashRecovery(of: run, image.fileSystem.disk)
    }
    #expect(report.failures.isEmpty, "\(scenario): \(report)")
    #expect(nested > 0 || seen < 60, "\(scenario): \(seen) images, \(nested) nested")
  }

  /// The recovery gives one state, and so does every recovery that is cut short and begun again.
  private static func crashRecovery(of run: EngineRun, _ disk: SimulatedDisk) throws -> Int {
    let first = try Database.open("db", options: run.options, in: SimulatedFileSystem(disk: disk))
    let wanted = try EngineRun.contents(of: first)
    try first.close()
    try run.require(wanted)
    let report = enumerateCrashes(from: disk, options: options) { system in
      let database = try Database.open("db", options: run.options, in: system)
      try database.close()
    } check: { image in
      if VersionSetCase.isTornRecord(image) { return }
      let database = try Database.open("db", options: run.options, in: image.fileSystem)
      guard try EngineRun.contents(of: database) == wanted else { throw EngineRun.Broken("another state") }
      try database.close()
    }
    guard report.failures.isEmpty else { throw EngineRun.Broken("in the recovery: \(report)") }
    return report.distinct
  }

  // The enumeration itself: a sync that somebody forgot is noticed, whichever it is.
  @Test(arguments: [".log", "MANIFEST", ".sst", "db"]) func aForgottenSyncIsNoticed(of name: String) throws {
    let scenario = try #require(EngineScenario.all.first { $0.name == "flushes" })
    var current: EngineRun?
    let report = enumerateCrashes(options: Self.options) { system in
      let run = EngineRun(system, scenario.options)
      current = run
      try run.open()
      system.faults = .all([.syncFile, .syncDirectory], named: { $0.contains(name) }, .skipped)
      try run.fill(0..<4, syncEvery: 1)
      try run.flush()
      try run.fill(4..<8, syncEvery: 1)
      try run.flush()
    } check: { image in
      guard let run = current else { return }
      try EngineImage(run: run, system: image.fileSystem).check(isThorough: false, isBrief: true)
    }
    #expect(!report.failures.isEmpty, "nobody notices that \(name) is not synced")
  }

  // I8: images that RocksDB itself opens, before anything of ours has touched them.
  @Test(
    .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: EngineScenario.all)
  func rocksDBAgreesAboutImages(scenario: EngineScenario) throws {
    guard let oracle = RocksOracle.shared else { return }
    let (disk, base) = try scenario.start()
    var current: EngineRun?
    var seen = 0
    var judged = 0
    var options = CrashOptions()
    options.profiles = [.strict, .everything]
    let report = enumerateCrashes(from: disk, options: options) { system in
      let run = EngineRun(system, scenario.options, base: base)
      current = run
      try scenario.run(run)
    } check: { image in
      seen += 1
      guard seen % 25 == 20 || image.operation == nil, try image.fileSystem.content(of: "db/CURRENT") != nil,
        judged < 4
      else { return }
      // LevelDB's own directories, before they are taken over, are none of RocksDB's.
      let directory = try image.fileSystem.readableDirectory(at: "db")
      guard try ManifestReader.readCurrent(directory).version.dialect == .rocksdb else { return }
      judged += 1
      let run = current ?? EngineRun(image.fileSystem, scenario.options, base: base)
      try EngineImage(run: run, system: image.fileSystem).compareWithRocksDB(
        oracle, ["merge=stringappend"] + scenario.oracleArguments)
    }
    #expect(report.failures.isEmpty, "\(scenario): \(report)")
  }
}
