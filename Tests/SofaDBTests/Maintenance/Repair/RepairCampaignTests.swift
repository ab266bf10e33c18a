import SofaTesting
import Testing

@testable import SofaDB

/// Two hundred databases with a past, each damaged in several ways, and repaired: what no loss tells of is there,
/// nothing deleted is back, the result has nothing wrong, and undo restores every byte.
@Suite struct RepairCampaignTests {
  static let databasesEach = 5
  /// Kinds of damage that each database suffers, one after the other.
  static let damagesEach = 5

  /// What was not repaired well once.
  static let found: [Int: [CampaignDamage]] = [
    13: [.lostTables], 114: [.flippedBitsManifestCut], 153: [.lostTables], 173: [.lostTables],
  ]

  @Test(arguments: 0..<40)
  func whatIsRepairedHoldsWhatItShould(part: Int) throws {
    for seed in (part * Self.databasesEach)..<((part + 1) * Self.databasesEach) {
      let lived = try LivedDatabase(seed: seed)
      var random = SeededRandom(seed: UInt64(seed))
      let kinds = CampaignDamage.allCases.filter { $0.applies(to: lived) }.shuffled(using: &random)
      for damage in Set(kinds.prefix(Self.damagesEach) + (Self.found[seed] ?? [])) { try Self.run(lived, damage) }
    }
  }

  static func run(_ lived: LivedDatabase, _ damage: CampaignDamage) throws {
    var random = SeededRandom(seed: UInt64(lived.seed) &* 31 &+ 7)
    let database = try BrokenDatabase(SimulatedFileSystem(disk: lived.system.disk))
    let unseen = try damage.apply(to: database, lived, &random)
    let damaged = try MemoryDirectory(copying: database.directory).files.mapValues(\.content)
    let what = "seed \(lived.seed) \(damage)"
    let report: Repair.Report
    do {
      report = try database.repair()
      let trustsTables = !damage.mayResurface || lived.hasInfoLog
      try database.check(
        report, what, expected: lived.contents(after: report.plan, unseen: unseen), trustsTables: trustsTables)
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
