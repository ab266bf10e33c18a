import SofaTesting
import Testing

@testable import SofaDB

/// What the campaign damages must be sound before, and hold what it says it holds.
@Suite struct LivedDatabaseTests {
  @Test(arguments: 0..<40)
  func isSoundAndHoldsWhatWasWritten(seed: Int) throws {
    let lived = try LivedDatabase(seed: seed)
    let collected = FindingList()
    let verify = Verify(database: lived.directory, level: .full, jobs: 1)
    _ = try verify.run { collected.add($0) }
    let errors = collected.all.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(errors.map(\.line))")
    let found = try BrokenDatabase.contents(lived.directory)
    #expect(found == lived.contents())
    var repair = Repair()
    repair.jobs = 1
    let plan = try repair.plan(lived.directory)
    #expect(plan.isNothing && !plan.losesData, "\(plan.changes) \(plan.losses.map(\.line))")
    #expect(found.values.contains { $0.count > 3 })
  }
}
