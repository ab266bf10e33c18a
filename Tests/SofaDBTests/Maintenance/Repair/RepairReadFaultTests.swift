import SofaTesting
import Testing

@testable import SofaDB

/// A disk that fails while a repair is planned: no read that fails or ends early is taken for damage.
@Suite struct RepairReadFaultTests {
  @Test(arguments: ["r783-wal", "l123-wal", "r783-cfwals", "r783-blob"], [false, true])
  func nothingIsPlannedOnContentThatDidNotCome(name: String, isDamaged: Bool) throws {
    let database = try BrokenDatabase(try FixtureDatabase(name).path)
    if isDamaged { try database.removeManifests() }
    let disk = database.system.disk
    let calm = SimulatedFileSystem(disk: disk)
    let wanted = Self.text(try Self.plan(calm))
    let calls = calm.operations
    for call in calls {
      for fault in Fault.all(of: call.kind) {
        // Nothing is missing when nothing was asked for.
        if fault == .shortRead, call.count == 0 { continue }
        let system = SimulatedFileSystem(disk: disk)
        system.faults = .at(call.index, fault)
        do {
          let plan = try Self.plan(system)
          // Half of a buffer may be all that the file has.
          guard fault == .shortRead else {
            Issue.record("\(name): a plan in spite of \(call) \(fault)")
            continue
          }
          #expect(Self.text(plan) == wanted, "\(name): \(call) \(fault)")
        } catch let error as DatabaseError {
          #expect(!error.concernsOneFile, "\(name): \(call) \(fault): \(error)")
        }
      }
    }
    #expect(calls.contains { $0.kind == .read })
  }

  private static func text(_ plan: RepairPlan) -> String { "\(plan.steps) \(plan.losses) \(plan.remarks)" }

  private static func plan(_ system: SimulatedFileSystem) throws -> RepairPlan {
    var repair = Repair()
    repair.jobs = 1
    return try repair.plan(system.directory(at: "db"))
  }
}
