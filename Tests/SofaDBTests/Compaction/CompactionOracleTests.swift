import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// Databases that RocksDB made, compacted by us, read and compacted again by RocksDB.
@Suite struct CompactionOracleTests {
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: 0..<6)
  func rocksDBReadsTheOutputs(seed: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let temporary = try TemporaryDirectory()
    let path = temporary.path + "/db"
    let merge = ["stringappend", "uint64add", "max"][seed % 3]
    var options = ["merge=\(merge)", "bs=256"]
    if seed % 2 == 1 { options.append("comparator=reverse") }
    let expected = try oracle.make(path, operations(seed), options)
    let directory = try PosixFileSystem().directory(at: path)
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    let family = version.families[0]
    let level = seed < 3 ? 6 : 1
    let chosen = level == 6 ? Set(family.tables.map(\.number)) : Set(family.levels[0].prefix(2).map(\.number))
    let numbers = Atomic<UInt64>(2000)
    var table = TableOptions()
    table.blockSize = 256
    table.mergeOperator = MergeOperator(name: merge)?.name
    var plan = try CompactionPlan(
      family, inputs: CompactionInputs(family, outputLevel: level).closed(chosen), outputLevel: level, options: table)
    plan.mergeOperator = MergeOperator(name: merge)
    plan.zeroSequences = seed % 2 == 0
    plan.targetFileSize = 3000
    var job = CompactionJob(
      plan, cache: TableCache(directory: directory),
      target: CompactionTarget(directory: directory) { numbers.wrappingAdd(1, ordering: .relaxed).newValue })
    job.pieces = 1 + seed % 4
    let result = try job.run()
    #expect(!result.outputs.isEmpty)
    let gone = Set(plan.inputs.map(\.number))
    let tables = family.tables.filter { !gone.contains($0.number) } + result.outputs.map(\.metadata)
    let compacted = Version(
      families: [
        ColumnFamily(
          id: 0, name: "default", comparator: family.comparator, logNumber: family.logNumber, tables: tables)
      ], lastSequence: version.lastSequence, nextFileNumber: 3001)
    #expect(VersionInvariants.check(compacted, levelCount: 7, oldEngines: true).isEmpty)
    try ManifestWriter.write(compacted, as: DatabaseFile.manifest(3000).name, in: directory)
    try CurrentFile.replace(directory, manifest: 3000)
    _ = try oracle.getAll(path, options)
    for command in ["digest", "reopen", "compact"] {
      #expect(try oracle.families(command, path, options) == expected, "\(command)")
    }
  }

  /// Everything is flushed, in several tables that overlap.
  private func operations(_ seed: Int) -> [String] {
    var random = SeededRandom(seed: UInt64(seed) + 99)
    var operations: [String] = []
    for round in 0..<8 {
      for _ in 0..<150 {
        let key = String(2_000_000 + random.below(300) * 7, radix: 16)
        let other = String(2_000_000 + random.below(300) * 7, radix: 16)
        switch random.below(12) {
        case 0, 1: operations.append("del 00\(key)")
        case 2, 3, 4: operations.append("merge 00\(key) \(String(repeating: "0a", count: 8))")
        case 5 where key != other:
          let ends = seed % 2 == 1 ? (max(key, other), min(key, other)) : (min(key, other), max(key, other))
          if random.below(8) == 0 { operations.append("range 00\(ends.0) 00\(ends.1)") }
        default: operations.append("put 00\(key) \(String(repeating: "61", count: 8 + random.below(40)))")
        }
      }
      if round == 2 { operations.append("compact") }
      operations.append("flush")
    }
    return operations
  }
}
