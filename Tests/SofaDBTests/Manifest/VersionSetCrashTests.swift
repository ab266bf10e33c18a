/// Installs, rollovers and resumptions, crashed after every call and with every call failing.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct VersionSetCrashTests {
  private typealias Broken = VersionSetCase.Broken

  /// Between what was acknowledged and the install that may be under way.
  private static func check(_ system: SimulatedFileSystem, atLeast: Int, atMost: Int) throws -> Int {
    let steps = try VersionSetCase.steps(system)
    guard (atLeast...max(atLeast, atMost)).contains(steps) else {
      throw Broken("\(steps) installs are there, of \(atLeast) to \(atMost)")
    }
    return steps
  }

  /// Goes on with what is there: opens, installs the next step, and reads both back.
  private static func goOn(_ system: SimulatedFileSystem, after steps: Int) throws {
    let set = try VersionSetCase.open(system)
    guard steps < VersionSetCase.stepCount else { return try set.close() }
    try VersionSetCase.install(steps, into: set)
    try set.close()
    guard try VersionSetCase.steps(system) == steps + 1 else { throw Broken("the next install is not there") }
  }

  // Museum A1, A2, A8, A9, A10, B7, B15: every install, rollover and family change survives once acknowledged; what a
  // crash cuts off is whole or absent, and the directory goes on.
  @Test func A2_B7_B15_aCrashLeavesAPrefix() throws {
    let report = enumerateCrashes(from: try VersionSetCase.start()) { system in
      let set = try VersionSetCase.open(system)
      for index in 0..<VersionSetCase.stepCount {
        try VersionSetCase.install(index, into: set)
        system.milestone += 1
      }
      try set.close()
    } check: { image in
      if VersionSetCase.isTornRecord(image) { return }
      let steps = try VersionSetCrashTests.check(
        image.fileSystem, atLeast: image.milestone, atMost: image.milestone + 1)
      try VersionSetCrashTests.goOn(image.fileSystem, after: steps)
      // E13, C2: nothing that CURRENT may name is removed by any of it.
      guard !image.fileSystem.operations.contains(where: { $0.kind == .remove && $0.name.hasPrefix("MANIFEST") })
      else { throw Broken("a MANIFEST was removed") }
    }
    #expect(report.failures.isEmpty && report.distinct > 300, "\(report)")
  }

  // Museum B1, B2: a second crash, in the opening after the first.
  @Test func B1_aCrashOfTheRecoveryLeavesThePrefix() throws {
    let report = enumerateCrashes(from: try VersionSetCase.start()) { system in
      let set = try VersionSetCase.open(system)
      for index in 0..<8 {
        try VersionSetCase.install(index, into: set)
        system.milestone += 1
      }
      try set.close()
    } check: { image in
      guard image.operation?.kind == .append || image.operation?.kind == .rename else { return }
      if VersionSetCase.isTornRecord(image) { return }
      let steps = try VersionSetCase.steps(image.fileSystem)
      let inner = enumerateCrashes(from: image.fileSystem.disk) { system in
        try VersionSetCrashTests.goOn(system, after: steps)
        system.milestone = 1
      } check: { second in
        if VersionSetCase.isTornRecord(second) { return }
        _ = try VersionSetCrashTests.check(second.fileSystem, atLeast: steps + second.milestone, atMost: steps + 1)
      }
      guard inner.failures.isEmpty else { throw Broken("\(inner)") }
    }
    #expect(report.failures.isEmpty && report.distinct > 100, "\(report)")
  }

  /// Installs all steps; after an error resumes, as often as needed, and tries again.
  private static func persist(_ system: SimulatedFileSystem) throws {
    let set = try VersionSetCase.open(system)
    defer { do { try set.close() } catch { /* Nothing depends on it. */  } }
    for index in 0..<VersionSetCase.stepCount {
      for attempt in 0... {
        do {
          try VersionSetCase.install(index, into: set)
          break
        } catch {
          guard set.failure != nil, VersionSetCase.state(set.current) == VersionSetCase.states[index], attempt < 20
          else { throw error }
          do { try set.resume() } catch { /* Again, after the next try of the install. */  }
        }
      }
      system.milestone = index + 1
    }
  }

  // Museum A5, C1, C2, C3, C8, C11: one fault, or a few in a row, anywhere. What was acknowledged stays, alive and
  // after a crash; the set goes on as soon as the disk does.
  @Test(arguments: [1, 3, 7]) func faultsLoseNothing(calls: Int) throws {
    let report = enumerateFaults(from: try VersionSetCase.start(), lasting: .calls(calls)) { system in
      try VersionSetCrashTests.persist(system)
    } check: { outcome in
      // A sync that lies is noticed one call late, by the next install.
      let late = outcome.fault == .failsLate(EIO) && outcome.view == .crashed ? 1 : 0
      let steps = try VersionSetCrashTests.check(
        outcome.fileSystem, atLeast: max(0, outcome.milestone - late), atMost: outcome.milestone + 1)
      if outcome.milestone > 0, outcome.error != nil { throw Broken("gave up: \(outcome.error.map { "\($0)" } ?? "")") }
      try VersionSetCrashTests.goOn(outcome.fileSystem, after: steps)
    }
    #expect(report.failures.isEmpty && report.runs > 300, "\(report)")
  }

  // Museum C1, C15: a MANIFEST whose write failed is neither written nor synced again.
  @Test func C1_C15_aPoisonedManifestIsLeftAlone() throws {
    let report = enumerateFaults(from: try VersionSetCase.start()) {
      ($0.kind == .append || $0.kind == .syncFile) && $0.name.hasPrefix("MANIFEST")
    } scenario: { system in
      try VersionSetCrashTests.persist(system)
    } check: { outcome in
      if case .failsLate = outcome.fault { return }
      let touched = outcome.callsAfter.filter {
        $0.path == outcome.operation.path && ($0.kind == .append || $0.kind == .syncFile)
      }
      guard touched.isEmpty else { throw Broken("touched again: \(touched[0])") }
      if outcome.milestone == VersionSetCase.stepCount { return }
      // Only the first MANIFEST has nothing to fall back to.
      guard outcome.milestone == 0, outcome.error != nil else { throw Broken("stopped at \(outcome.milestone)") }
    }
    #expect(report.failures.isEmpty && report.runs > 100, "\(report)")
  }

  // Museum C2, C11: the device fails for good. The first error stays, the version is the old one, nothing is removed
  // that may be current, and after the device is well the set resumes.
  @Test func C2_C3_C11_aFailureSticksUntilResumed() throws {
    let clean = SimulatedFileSystem(disk: try VersionSetCase.start())
    let probe = try VersionSetCase.open(clean)
    let opened = clean.operations.count
    for index in 0..<4 { try VersionSetCase.install(index, into: probe) }
    let total = clean.operations.count
    for start in opened..<total {
      let plans = [
        FaultPlan.diskFull(from: start), .during(start..., .fail(EIO)), .during(start..., .failDone(EIO)),
        .at(start, .fail(EIO)).or(.all([.rename], .failDone(EIO))),
      ]
      for plan in plans {
        let system = SimulatedFileSystem(disk: try VersionSetCase.start())
        let set = try VersionSetCase.open(system)
        system.faults = plan
        var installed = 0
        while installed < 6 {
          do { try VersionSetCase.install(installed, into: set) } catch { break }
          installed += 1
        }
        guard let failure = set.failure else { continue }
        #expect(VersionSetCase.state(set.current) == VersionSetCase.states[installed])
        #expect(throws: DatabaseError.self) { try VersionSetCase.install(installed, into: set) }
        #expect(throws: DatabaseError.self) { try set.resume() }
        #expect(set.failure?.description == failure.description)
        system.faults = .none
        let unknown = try VersionSetCase.steps(system)
        #expect((installed...(installed + 1)).contains(unknown), "call \(start)")
        try set.resume()
        #expect(set.failure == nil)
        #expect(try VersionSetCase.steps(system) == installed)
        try VersionSetCase.install(installed, into: set)
        #expect(try VersionSetCase.steps(system) == installed + 1)
        try set.close()
      }
    }
  }

  // Museum C9: a full disk that is tried again and again does not fill with files.
  @Test func C9_retriesLeaveFewFiles() throws {
    // The second one has room for names.
    for plan in [FaultPlan.diskFull(from: 0), .all([.append], .partialWrite(ENOSPC))] {
      let system = SimulatedFileSystem(disk: try VersionSetCase.start())
      let set = try VersionSetCase.open(system)
      system.faults = plan
      for _ in 0..<50 {
        #expect(throws: DatabaseError.self) { try VersionSetCase.install(0, into: set) }
        #expect(throws: DatabaseError.self) { try set.resume() }
      }
      #expect(try system.directory(at: "db").entries().count < 6)
    }
  }
}
