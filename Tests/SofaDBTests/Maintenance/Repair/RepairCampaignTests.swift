import SofaTesting
import Testing

@testable import SofaDB

/// Two hundred databases with a past, each damaged in several ways, and repaired: what no loss tells of is there,
/// nothing deleted is back, the result has nothing wrong, and undo restores every byte.
@Suite struct RepairCampaignTests {
  static let databasesEach = 5
  /// Kinds of damage that each database suffers, one after the other.
  static let damagesEach = 5

  @Test(arguments: 0..<40)
  func whatIsRepairedHoldsWhatItShould(part: Int) throws {
    for seed in (part * Self.databasesEach)..<((part + 1) * Self.databasesEach) {
      let lived = try LivedDatabase(seed: seed)
      for index in 0..<Self.damagesEach {
        let kinds = CampaignDamage.allCases.filter { !lived.isUnfinished || $0.keepsManifest }
        let damage = kinds[(seed * Self.damagesEach + index) % kinds.count]
        try Self.run(lived, damage)
      }
    }
  }

  static func run(_ lived: LivedDatabase, _ damage: CampaignDamage) throws {
    var random = SeededRandom(seed: UInt64(lived.seed) &* 31 &+ 7)
    let database = try BrokenDatabase(SimulatedFileSystem(disk: lived.system.disk))
    let expected = try damage.apply(to: database, lived, &random)
    let damaged = try MemoryDirectory(copying: database.directory).files.mapValues(\.content)
    let what = "seed \(lived.seed) \(damage)"
    let report: Repair.Report
    do {
      report = try database.repair()
      // Of lost blob files the values cannot be read.
      if !report.plan.losses.contains(where: { $0.kind == .blobs }) {
        let trustsTables = !damage.mayResurface || lived.hasInfoLog
        try database.check(report, what, expected: expected, trustsTables: trustsTables)
      }
    } catch {
      Issue.record("\(what): \(error)")
      return
    }
    guard let change = report.change else { return }
    let exclusive = try ExclusiveDatabase("db", in: database.system)
    try exclusive.undo(change)
    exclusive.close()
    let restored = try MemoryDirectory(copying: database.directory).files.mapValues(\.content)
    #expect(restored == damaged, "\(what): undo leaves other bytes")
  }
}
