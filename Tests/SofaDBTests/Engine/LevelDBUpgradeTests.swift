import SofaTesting
import Testing

@testable import SofaDB

/// Directories that LevelDB wrote, with logs that nobody flushed, opened by SofaDB, continued, and read by RocksDB.
struct LevelDBUpgradeTests {
  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"), arguments: 0..<12)
  func aLevelDBDirectoryIsTakenOver(_ index: Int) throws {
    let kind = PeerModel.Family(order: .bytewise)
    let database = try PeerDatabase(5000 + index, kinds: ["default": kind, "one": kind])
    try database.startWithLevelDB(20 + index * 90, bits: index % 3 == 0 ? 0 : 10, compacting: index % 2 == 1)
    database.continueOurselves(200)
    if let oracle = RocksOracle.shared {
      let stage = database.handOver(100, options: ["auto=1", "wbs=65536"])
      database.takeBack(stage, try oracle.play([stage])[stage.directory])
    }
    database.continueOurselves(100)
    #expect(database.failures.joined(separator: "\n") == "")
  }
}
