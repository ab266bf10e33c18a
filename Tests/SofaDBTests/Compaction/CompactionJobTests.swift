import SofaTesting
import Testing

@testable import SofaDB

@Suite struct CompactionJobTests {
  /// Every kind of history, at random: the view of every snapshot is the same before and after.
  @Test(arguments: 0..<150)
  func everyReaderSeesTheSame(seed: Int) throws {
    var history = try CompactionCase(seed: seed)
    history.order = seed % 5 == 4 ? .reverseBytewise : .bytewise
    history.mergeOperator =
      [.stringAppend(delimiter: [0x2C]), nil, .uint64Add, .max, .put, .unknown(name: "mine")][seed % 6]
    history.keyCount = [1, 3, 12, 60][seed % 4]
    try history.fill(levels: [[0, 0, 0], [0, 0, 1, 2], [6], [0, 1, 3, 6], [2, 3]][seed % 5])
    var plan = try randomPlan(&history)
    plan.targetFileSize = [1, 400, 4000][seed % 3]
    plan.zeroSequences = seed % 2 == 0
    plan.keepsTombstones = seed % 11 == 10
    if seed % 7 == 6 { plan.maxGrandparentOverlap = 500 }
    try history.expectSameViews(plan, jobs: 1 + seed % 3, pieces: 1 + seed % 4)
  }

  /// An operator of the user's is told the key and meets every operand once, in order; what it refuses stays.
  @Test(arguments: 0..<60)
  func customOperatorsAreObeyed(seed: Int) throws {
    var history = try CompactionCase(seed: seed)
    history.merges = 8
    history.keyCount = [1, 3, 12][seed % 3]
    let refuses = seed % 2 == 1
    history.mergeOperator = .custom(
      CustomMerge(name: "path") { key, base, operands in
        if refuses, operands.contains(where: { $0.reduce(0, &+) % 8 == 0 }) { return nil }
        return operands.reduce(base ?? [0x3A] + key) { $0 + [0x2F] + $1 }
      })
    try history.fill(levels: [[0, 0, 0], [0, 0, 1, 2], [0, 1, 3, 6]][seed % 3])
    var plan = try randomPlan(&history)
    plan.zeroSequences = seed % 2 == 0
    try history.expectSameViews(plan, pieces: 1 + seed % 4)
  }

  /// Some tables and what must come along, into a level at or below them, with some snapshots.
  private func randomPlan(_ history: inout CompactionCase) throws -> CompactionPlan {
    let family = history.family
    let chosen = Set(history.tables.map(\.number).filter { _ in history.random.below(3) > 0 })
    let first = chosen.isEmpty ? [history.tables[0].number] : chosen
    let deepest = history.tables.filter { first.contains($0.number) }.map(\.level).max()!
    let level = deepest + history.random.below(3)
    let inputs = CompactionInputs(family, outputLevel: level).closed(first)
    var plan = try history.plan(inputs, to: level)
    if history.random.below(3) > 0 {
      plan.snapshots = (0..<history.random.below(6)).map { _ in
        SequenceNumber(history.random.below(Int(history.lastSequence) + 2))
      }
    }
    return plan
  }

  @Test(arguments: 0..<20)
  func aSnapshotAtEverySequenceKeepsEverything(seed: Int) throws {
    var history = try CompactionCase(seed: seed)
    history.writeCount = 60
    try history.fill(levels: [0, 0, 6])
    var plan = try history.plan(to: 6)
    plan.snapshots = Array(0...60)
    plan.zeroSequences = true
    try history.expectSameViews(plan, pieces: 1 + seed % 4)
  }

  /// At the bottom without snapshots one entry a live key is left, and no tombstone.
  @Test(arguments: 0..<20)
  func theBottomHoldsWhatIsAlive(seed: Int) throws {
    var history = try CompactionCase(seed: seed)
    history.blobs = 0
    try history.fill(levels: [0, 0, 1, 6])
    var plan = try history.plan(to: 6)
    plan.zeroSequences = true
    let (result, after) = try history.expectSameViews(plan, pieces: 1 + seed % 3)
    #expect(after.entries.count == after.view(at: .maximum).count)
    #expect(result.entriesWritten == UInt64(after.entries.count))
    #expect(after.tombstones.isEmpty)
    #expect(result.rangeTombstonesWritten == 0)
  }

  /// The entries do not depend on how the key space is cut.
  @Test(arguments: 0..<12)
  func piecesGiveTheSameEntries(seed: Int) throws {
    var history = try CompactionCase(seed: seed)
    history.keyCount = 200
    history.writeCount = 600
    history.table.blockSize = 64
    try history.fill(levels: [0, 0, 2, 6])
    var plan = try history.plan(CompactionInputs(history.family, outputLevel: 2).closed([10]), to: 2)
    plan.targetFileSize = 1000
    plan.snapshots = [300]
    var contents: [[HistoryModel.Entry]] = []
    for pieces in 1...4 {
      var copy = history
      try copy.move()
      let (result, _) = try copy.expectSameViews(plan, jobs: 2, pieces: pieces)
      contents.append(try copy.model(result.outputs.map(\.metadata)).entries)
      #expect(result.outputs.count >= 2)
    }
    for other in contents.dropFirst() { #expect(other == contents[0]) }
  }

  @Test func anOutputEndsWhereItOverlapsTooMuch() throws {
    var history = try CompactionCase(seed: 1)
    let writes = (0..<40).map { index in
      HistoryModel.Entry(key: [UInt8(index)], sequence: 100 + SequenceNumber(index), kind: .value, value: [1])
    }
    try history.addTables(writes, [], level: 1)
    let older = writes.map { HistoryModel.Entry(key: $0.key, sequence: $0.sequence - 50, kind: .value, value: [2]) }
    try history.addTables(older, [], level: 3, parts: 5)
    var plan = try history.plan([10], to: 2)
    plan.maxGrandparentOverlap = 1
    #expect(plan.grandparents.count == 5)
    let (result, _) = try history.expectSameViews(plan)
    #expect(result.outputs.count > 1)
  }

  @Test func progressEndsAtTheTotalAndWritesAreAnnounced() throws {
    var history = try CompactionCase(seed: 2)
    try history.fill(levels: [0, 0])
    let plan = try history.plan(to: 1)
    var job = try history.job(plan)
    let seen = Monitor((done: UInt64(0), total: UInt64(0), written: 0))
    job.progress = { step in seen.change { $0 = (max($0.done, step.done), step.total, $0.written) } }
    job.throttle = { bytes in seen.change { $0.written += bytes } }
    let result = try job.run()
    let (done, total, written) = seen.change { $0 }
    #expect(done <= total && done > 0)
    #expect(written == Int(result.outputSize))
  }

  @Test func aCancelledJobLeavesNothing() throws {
    var history = try CompactionCase(seed: 3)
    try history.fill(levels: [0, 0])
    var job = try history.job(history.plan(to: 1))
    job.isCancelled = { true }
    let error = #expect(throws: DatabaseError.self) { try job.run() }
    #expect(error?.kind == .cancelled)
    #expect(try history.directory.entries().count == history.tables.count)
  }

  @Test func everythingDeletedGivesNoTable() throws {
    var history = try CompactionCase(seed: 4)
    let key: [UInt8] = [1]
    try history.addTable([.init(key: key, sequence: 2, kind: .deletion, value: [])], [], level: 0)
    try history.addTable([.init(key: key, sequence: 1, kind: .value, value: [7])], [], level: 1)
    let (result, after) = try history.expectSameViews(history.plan(to: 1))
    #expect(result.outputs.isEmpty && after.entries.isEmpty)
  }
}

extension CompactionCase {
  /// Takes the tables to a disk of their own.
  mutating func move() throws {
    let fresh = SimulatedFileSystem(disk: fileSystem.disk)
    self = try CompactionCase(self, on: fresh)
  }
}
