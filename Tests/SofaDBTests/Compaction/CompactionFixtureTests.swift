import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// Tables of every engine and feature, compacted to the bottom and back into something that shows the same.
@Suite struct CompactionFixtureTests {
  static let readable = FixtureDatabase.databases.filter { !$0.name.contains("bzip2") }

  @Test(arguments: readable)
  func showsTheSame(fixture: FixtureDatabase) throws {
    let source = try PosixFileSystem().readableDirectory(at: fixture.path)
    let version = try ManifestReader.readCurrent(source).readableVersion()
    for family in version.families where family.tableCount > 0 {
      guard family.order.isKnown else {
        let error = #expect(throws: DatabaseError.self) {
          try CompactionPlan(family, inputs: [family.tables[0].number], outputLevel: 6, options: TableOptions())
        }
        #expect(error?.kind == .unsupported)
        continue
      }
      try check(family, source)
    }
  }

  private func check(_ family: ColumnFamily, _ source: any ReadableDirectory) throws {
    var options = TableOptions()
    options.blockSize = 512
    options.compression = .zstd
    var plan = try CompactionPlan(
      family, inputs: Set(family.tables.map(\.number)), outputLevel: 6, options: options)
    plan.zeroSequences = true
    plan.targetFileSize = 8 << 10
    let target = try SimulatedFileSystem().directory(at: "db")
    let numbers = Atomic<UInt64>(5000)
    var job = CompactionJob(
      plan, cache: TableCache(directory: source),
      target: CompactionTarget(directory: target) { numbers.wrappingAdd(1, ordering: .relaxed).newValue })
    job.pieces = 3
    let result = try job.run()
    var before = HistoryModel(family.order, nil)
    let inputs = TableCache(directory: source)
    for table in family.tables { try before.add(table, inputs) }
    var after = HistoryModel(family.order, nil)
    let outputs = TableCache(directory: target)
    for output in result.outputs { try after.add(output.metadata, outputs) }
    #expect(result.entriesRead == UInt64(before.entries.count))
    if family.order.timestampSize > 0 {
      // Each key with its timestamp in its newest version.
      #expect(newest(after) == newest(before))
    } else {
      #expect(after.view(at: .maximum) == before.view(at: .maximum))
      #expect(after.tombstones.isEmpty)
    }
    let committed = Version(
      families: [
        ColumnFamily(
          id: family.id, name: family.name, comparator: family.order.name, logNumber: 0,
          tables: result.outputs.map(\.metadata), blobFiles: family.blobFiles)
      ], lastSequence: .maximum, nextFileNumber: 9000)
    #expect(VersionInvariants.check(committed).isEmpty)
  }

  private func newest(_ model: HistoryModel) -> [[UInt8]: HistoryModel.Entry] {
    Dictionary(model.entries.map { ($0.key, $0) }) { $0.sequence > $1.sequence ? $0 : $1 }
  }

  /// LevelDB's tables become LevelDB's tables.
  @Test func levelDBStaysLevelDB() throws {
    let fixture = try FixtureDatabase("l123-levels")
    let source = try PosixFileSystem().readableDirectory(at: fixture.path)
    let family = try ManifestReader.readCurrent(source).readableVersion().families[0]
    let plan = try CompactionPlan(
      family, inputs: Set(family.tables.map(\.number)), outputLevel: 6, options: .levelDB)
    let target = try SimulatedFileSystem().directory(at: "db")
    let job = CompactionJob(
      plan, cache: TableCache(directory: source), target: CompactionTarget(directory: target, suffix: .ldb) { 77 })
    let result = try job.run()
    #expect(result.outputs.map(\.name) == ["000077.ldb"])
    #expect(try TableReader(target.open("000077.ldb")).isLevelDB)
  }
}
