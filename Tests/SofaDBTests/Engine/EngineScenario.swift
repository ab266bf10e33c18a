/// A piece of a database's life, small enough to be crashed after every call and to have every call fail.
import SofaTesting

@testable import SofaDB

struct EngineScenario: Sendable, CustomStringConvertible {
  let name: String
  var options: DatabaseOptions
  /// The disk that it finds, and what the disk holds.
  var start: @Sendable () throws -> (disk: SimulatedDisk, base: EngineRun.Contents) = {
    (SimulatedFileSystem().disk, [0: [:]])
  }
  /// For RocksDB, as the oracle wants them.
  var oracleArguments: [String] = []
  let body: @Sendable (EngineRun) throws -> Void

  var description: String { name }

  init(
    _ name: String, _ change: (inout DatabaseOptions) -> Void = { _ in },
    body: @escaping @Sendable (EngineRun) throws -> Void
  ) {
    self.name = name
    options = EngineScenario.tiny
    change(&options)
    self.body = body
  }

  /// Jobs run inside the calls; everything is so small that each path is taken within a few dozen writes.
  static let tiny: DatabaseOptions = {
    var options = DatabaseOptions()
    options.backgroundThreads = 0
    options.blockCacheBytes = 0
    options.maxOpenTables = 16
    options.time = ManualTime()
    options.familyDefaults.writeBufferBytes = 64 << 10
    options.familyDefaults.mergeOperator = .stringAppend(delimiter: [0x2C])
    options.familyDefaults.compression = .none
    options.familyDefaults.bottomCompression = .none
    options.familyDefaults.tables.blockSize = 128
    options.familyDefaults.compaction.level0Trigger = 2
    options.familyDefaults.compaction.baseLevelBytes = 1 << 10
    options.familyDefaults.compaction.levelMultiplier = 2
    options.familyDefaults.compaction.targetFileSize = 512
    return options
  }()

  /// From opening to closing; the images after the last call are those of a closed database.
  func run(_ run: EngineRun) throws {
    try run.open()
    try body(run)
    if run.database != nil {
      try run.requireVisible()
      try run.close()
    }
  }

  /// Likewise, with a disk that may fail: the first error ends it.
  func runUntilFailure(_ run: EngineRun) throws {
    do {
      try self.run(run)
    } catch {
      run.abandon()
      throw error
    }
  }
}

/// Writes that scenarios share.
extension EngineRun {
  static func value(_ index: Int, _ count: Int = 24) -> String {
    let word = "v\(index)-"
    return String(String(repeating: word, count: count / word.utf8.count + 1).prefix(count))
  }

  /// `range` over `keys` keys, each write of `bytes`; every `syncEvery`th is synced.
  func fill(
    _ range: Range<Int>, keys: Int = 12, bytes: Int = 24, syncEvery: Int = 0, family: UInt32 = 0
  ) throws(DatabaseError) {
    for index in range {
      try put(
        "k\(index * 7 % keys)", EngineRun.value(index, bytes), family: family,
        sync: syncEvery > 0 && index % syncEvery == 0)
    }
  }
}
