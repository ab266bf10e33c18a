/// Every scenario with every call to the file system failing in every way, once, a few times, or from then on.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EngineFaultTests {
  /// About `count` calls of a scenario, evenly over all, other ones in each scenario.
  private static func calls(_ count: Int, of scenario: EngineScenario) throws -> (FileOperation) -> Bool {
    let (disk, base) = try scenario.start()
    let clean = SimulatedFileSystem(disk: disk)
    try scenario.run(EngineRun(clean, scenario.options, base: base))
    let stride = max(1, clean.operations.count / count)
    let offset = scenario.name.utf8.reduce(0) { $0 + Int($1) } % stride
    return { $0.index % stride == offset }
  }

  /// Whether the fault is one that says nothing before it is too late: what was synced by the call that lied is lost.
  private static func isLie(_ outcome: FaultOutcome) -> Bool {
    if case .failsLate = outcome.fault { return outcome.view == .crashed }
    return false
  }

  // Museum A5, C5, C8, C10, C12, D5: the first error ends the run. What was acknowledged is there, alive and after a
  // crash; what failed is there whole or not at all.
  @Test(arguments: EngineScenario.all) func everyFaultKeepsThePromises(scenario: EngineScenario) throws {
    let (disk, base) = try scenario.start()
    var current: EngineRun?
    var seen = 0
    let report = enumerateFaults(from: disk, only: try Self.calls(30, of: scenario)) { system in
      let run = EngineRun(system, scenario.options, base: base)
      current = run
      try scenario.runUntilFailure(run)
    } check: { outcome in
      guard let run = current, !Self.isLie(outcome) else { return }
      seen += 1
      try EngineImage(run: run, system: outcome.fileSystem).check(turn: seen)
    }
    #expect(report.failures.isEmpty, "\(scenario): \(report)")
    #expect(report.runs > 50, "\(scenario): \(report)")
  }

  /// Writes, flushes and compactions that go on after each failure, as a server would: resume, until it works.
  private static func persist(_ run: EngineRun) throws {
    var refusals = 0
    func attempt(_ body: () throws(DatabaseError) -> Void) throws {
      do {
        try body()
      } catch {
        refusals += 1
        guard refusals < 6 else { throw error }
        for _ in 0..<40 where run.live.failure != nil {
          do { try run.live.resume() } catch { /* Not yet. */  }
        }
        if let failure = run.live.failure { throw failure }
        // What was visible before the failure is in tables now.
        run.settle()
      }
    }
    for index in 0..<24 {
      try attempt { () throws(DatabaseError) in
        try run.put("k\(index * 7 % 10)", EngineRun.value(index, 50), sync: index % 4 == 0)
      }
      if index == 5 || index == 15 { try attempt { () throws(DatabaseError) in try run.flush() } }
      if index == 18 { try attempt { () throws(DatabaseError) in try run.compact() } }
      if index == 9 { try attempt { () throws(DatabaseError) in try run.deleteRange("k2", "k5", sync: true) } }
    }
    try attempt { () throws(DatabaseError) in try run.put("last", "one", sync: true) }
  }

  // Museum C4, C6, C7, C11, C15: after one fault, or a few in a row, the engine goes on, and nothing is lost or comes
  // twice.
  @Test(arguments: [1, 4]) func writingIsTakenUpAfterAFault(calls: Int) throws {
    let scenario = EngineScenario("", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { _ in }
    var current: EngineRun?
    var seen = 0
    let report = enumerateFaults(lasting: .calls(calls), only: { $0.index > 20 && $0.index % 2 == calls % 2 }) {
      system in
      let run = EngineRun(system, scenario.options)
      current = run
      do {
        try run.open()
        try Self.persist(run)
        try run.close()
      } catch {
        run.abandon()
        throw error
      }
    } check: { outcome in
      guard let run = current, !Self.isLie(outcome) else { return }
      seen += 1
      try EngineImage(run: run, system: outcome.fileSystem).check(turn: seen)
      // An engine that was open goes on to the end.
      if run.commits.count > 8, run.commits.count < 26, case .fail = outcome.fault {
        throw EngineRun.Broken("gave up after \(run.commits.count): \(outcome.error.map { "\($0)" } ?? "")")
      }
    }
    #expect(report.failures.isEmpty && report.runs > 200, "\(report)")
  }

  // Museum C9, C10: a disk that is full from some call on. The engine can be closed and opened, full or not; retries
  // leave few files; all that was acknowledged is there.
  @Test func C10_aFullDiskLosesNothing() throws {
    let scenario = EngineScenario("", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { run in
      try run.fill(0..<30, bytes: 50, syncEvery: 4)
      try run.flush()
    }
    let clean = SimulatedFileSystem()
    try scenario.run(EngineRun(clean, scenario.options))
    for start in stride(from: 0, to: clean.operations.count, by: 5) {
      let system = SimulatedFileSystem()
      system.faults = .diskFull(from: start)
      let run = EngineRun(system, scenario.options)
      do { try scenario.run(run) } catch is DatabaseError { /* As it must, at some call. */  }
      if let database = run.database {
        for _ in 0..<5 {
          do { try database.resume() } catch { /* Still full. */  }
          do { try database.put([0x78], [0x78]) } catch { continue }
          Issue.record("a write to a full disk at call \(start)")
        }
      }
      run.abandon()
      for _ in 0..<10 {
        do { try Database.open("db", options: scenario.options, in: system).close() } catch { /* Still full. */  }
      }
      let count = try system.directory(at: "db").entries().count
      #expect(count < 40, "\(count) files, full from call \(start)")
      system.faults = .none
      try EngineImage(run: run, system: SimulatedFileSystem(disk: system.disk)).check(isThorough: false)
    }
  }
}
