import Glibc
import SofaTesting
import Testing

@testable import SofaDB

/// Whatever fails: the job says so and leaves nothing, or its outputs hold every key.
@Suite struct CompactionFaultTests {
  private static func history() throws -> CompactionCase {
    var history = try CompactionCase(seed: 11)
    history.table.blockSize = 64
    history.table.compression = .none
    history.keyCount = 30
    history.writeCount = 90
    try history.fill(levels: [0, 0, 1])
    try history.directory.sync()
    return history
  }

  /// D1, D2, D4: every call, reads and writes, in every way.
  @Test func museumD1everyCallFails() throws {
    let history = try CompactionFaultTests.history()
    var plan = try history.plan(to: 1)
    plan.targetFileSize = 500
    plan.snapshots = [40]
    let expected = try history.model(history.tables)
    var outputs: [TableMetadata] = []
    let report = enumerateFaults(from: history.fileSystem.disk) { system in
      outputs = []
      let directory = try system.directory(at: "db")
      var job = try CompactionCase.job(plan, in: directory)
      job.jobs = 1
      let result = try job.run()
      try directory.sync()
      outputs = result.outputs.map(\.metadata)
    } check: { outcome in
      let directory = try outcome.fileSystem.directory(at: "db")
      guard outcome.error == nil else {
        let left = try directory.entries().filter { (DatabaseFile(name: $0.name).number ?? 0) >= 1000 }
        let isOwn = outcome.operation.kind == .syncDirectory || outcome.view == .crashed
        #expect(left.isEmpty || isOwn, "\(outcome): \(left.map(\.name))")
        return
      }
      let found = try history.model(outputs, in: directory)
      #expect(outputs.count > 1)
      for snapshot in [40, SequenceNumber.maximum] where expected.view(at: snapshot) != found.view(at: snapshot) {
        Issue.record("\(outcome): another view at \(snapshot)")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs > 50, "\(report)")
  }

  /// Files are synced on a thread of their own there.
  @Test(arguments: [FileOperation.Kind.syncFile, .closeFile, .append])
  func D4_failuresOfOtherThreadsAreNoticed(kind: FileOperation.Kind) throws {
    let history = try CompactionFaultTests.history()
    var plan = try history.plan(to: 1)
    plan.targetFileSize = 500
    var job = try history.job(plan)
    job.jobs = 2
    job.pieces = 3
    let fault: Fault = kind == .append ? .fail(ENOSPC) : .losesPending(EIO)
    history.fileSystem.faults = FaultPlan { $0.kind == kind && $0.name >= "001000" ? fault : nil }
    #expect(throws: DatabaseError.self) { try job.run() }
    history.fileSystem.faults = .none
    #expect(try history.directory.entries().count == history.tables.count)
  }

  /// A bit that flips in memory between the writer and the file.
  @Test func whatDoesNotReadBackIsRefused() throws {
    let history = try CompactionFaultTests.history()
    let plan = try history.plan(to: 1)
    let numbers = try history.job(plan).run().outputs.map(\.number)
    let cache = TableCache(directory: history.directory)
    let files = OutputFiles(
      plan, target: CompactionTarget(directory: history.directory) { 1 }, closer: nil, throttle: nil, verifies: true)
    let summary = try TableSummary(reading: numbers[0], cache)
    var digest = EntryDigest()
    let table = TableSplitter.Table(
      number: numbers[0], summary: summary, digest: digest, tombstones: [], oldestBlobFile: nil)
    let error = #expect(throws: DatabaseError.self) { try files.finish(table) }
    #expect(error?.kind == .corruption)
    digest.add(UnsafeRawBufferPointer(start: nil, count: 0), UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(digest != EntryDigest())
  }

  /// A table that says that it holds more than can be read.
  @Test func entriesThatAreMissingAreNoticed() throws {
    var history = try CompactionCase(seed: 12)
    try history.addTable([.init(key: [1], sequence: 1, kind: .value, value: [])], [], level: 1)
    try history.addTable([.init(key: [3], sequence: 2, kind: .value, value: [])], [], level: 1)
    // The MANIFEST places the second table where nobody looks for its key.
    history.edit(1) {
      $0.smallest = InternalKey(userKey: [2], sequence: 2, kind: .value)
      $0.largest = InternalKey(userKey: [2], sequence: 2, kind: .value)
    }
    var job = try history.job(history.plan(to: 1))
    job.jobs = 1
    job.pieces = 4
    do throws(DatabaseError) {
      let result = try job.run()
      #expect(result.entriesWritten == 2)
    } catch {
      #expect(error.kind == .corruption)
    }
  }

  /// Tables whose keys are not in order are no inputs.
  @Test func museumE11keysOutOfOrder() throws {
    var history = try CompactionCase(seed: 13)
    history.order = .reverseBytewise
    try history.addTable(
      [
        .init(key: [9], sequence: 1, kind: .value, value: []), .init(key: [5], sequence: 2, kind: .value, value: []),
        .init(key: [3], sequence: 3, kind: .deletion, value: []),
      ], [], level: 1)
    let wrong = ColumnFamily(
      id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: history.tables)
    let plan = try CompactionPlan(wrong, inputs: [10], outputLevel: 1, options: history.table)
    let error = #expect(throws: DatabaseError.self) { try history.job(plan).run() }
    #expect(error?.kind == .corruption)
  }
}

extension TableSummary {
  /// What a finished table must have said.
  fileprivate init(reading number: UInt64, _ cache: TableCache) throws {
    let file = try cache.directory.open(DatabaseFile.table(number).name)
    let reader = try TableReader(file)
    let key = InternalKey(userKey: [], trailer: 0)
    self.init(
      fileSize: file.size, smallest: key, largest: key, smallestSequence: 0, largestSequence: 0, entryCount: 0,
      tombstoneCount: 0, rangeTombstoneCount: 0, dataBlockCount: 0, rawSize: 0, tailOffset: 0, oldestBlobFile: nil,
      properties: reader.properties)
  }
}
