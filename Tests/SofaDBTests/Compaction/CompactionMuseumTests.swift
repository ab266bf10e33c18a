import SofaTesting
import Testing

@testable import SofaDB

/// Failures that other engines had when they compacted, each of them made again.
@Suite struct CompactionMuseumTests {
  private typealias Entry = HistoryModel.Entry

  private func put(_ key: String, _ sequence: SequenceNumber, _ value: String = "v") -> Entry {
    Entry(key: Array(key.utf8), sequence: sequence, kind: .value, value: Array("\(value)\(sequence)".utf8))
  }

  private func delete(_ key: String, _ sequence: SequenceNumber) -> Entry {
    Entry(key: Array(key.utf8), sequence: sequence, kind: .deletion, value: [])
  }

  private func range(_ begin: String, _ end: String, _ sequence: SequenceNumber) -> RangeTombstone {
    RangeTombstone(begin: Array(begin.utf8), end: Array(end.utf8), sequence: sequence)
  }

  /// Two versions of one key in two tables, and only the newer one is compacted: the older one wins.
  @Test func museumE1aKeyThatIsSplitOverTables() throws {
    var history = try CompactionCase(seed: 1)
    try history.addTable([put("a", 9), put("k", 8)], [], level: 1)
    try history.addTable([put("k", 5), put("z", 4)], [], level: 1)
    #expect(throws: DatabaseError.self) { try history.plan([10], to: 2) }
    let inputs = CompactionInputs(history.family, outputLevel: 2)
    #expect(inputs.closed([10]) == [10, 11])
    // The older part may go down by itself.
    #expect(inputs.closed([11]) == [11])
    try history.expectSameViews(history.plan([11], to: 2))
    var plan = try history.plan(to: 2)
    plan.snapshots = [6]
    plan.targetFileSize = 1
    let (result, _) = try history.expectSameViews(plan)
    #expect(result.outputs.count == 3)
    let bounds = result.outputs.map { ($0.metadata.smallest.userKey, $0.metadata.largest.userKey) }
    for (left, right) in zip(bounds, bounds.dropFirst()) { #expect(left.1 != right.0) }
  }

  /// Keys are written, deleted and compacted in two manual compactions; some come back.
  @Test func museumE2deletedDataReappears() throws {
    var history = try CompactionCase(seed: 2)
    history.table.blockSize = 64
    let keys = (0..<200).map { "my_key_\(1000 + $0)" }
    try history.addTables(keys.enumerated().map { put($1, SequenceNumber($0 + 1)) }, [], level: 2, parts: 5)
    try history.addTables(keys.enumerated().map { delete($1, SequenceNumber($0 + 201)) }, [], level: 0)
    // Tombstones may not be dropped above level 2.
    let first = try history.expectSameViews(history.plan([15], to: 1))
    #expect(first.result.entriesWritten == 200)
    let second = try history.expectSameViews(history.plan(to: 2))
    #expect(second.result.outputs.isEmpty)
  }

  /// Deletions that only meet tables of level 0 are dropped, and older data below appears.
  @Test func museumE5deletionsWithinLevel0() throws {
    var history = try CompactionCase(seed: 3)
    try history.addTable([put("k", 1)], [], level: 3)
    try history.addTable([put("a", 2), put("k", 3)], [], level: 0)
    try history.addTable([put("b", 4)], [range("a", "c", 5)], level: 0)
    try history.addTable([delete("k", 6)], [], level: 0)
    // Not without the table between in age.
    #expect(throws: DatabaseError.self) { try history.plan([11, 13], to: 0) }
    for inputs in [[12, 13], [11, 12], [11, 12, 13]] as [Set<UInt64>] {
      let (result, _) = try history.expectSameViews(history.plan(inputs, to: 0))
      #expect(result.outputs.count == 1)
    }
  }

  /// A table moves down past an older one that overlaps it.
  @Test func museumE10anOlderTableStaysAbove() throws {
    var history = try CompactionCase(seed: 4)
    try history.addTable([put("k", 9)], [], level: 0)
    try history.addTable([put("a", 5), put("z", 4)], [], level: 1)
    try history.addTable([put("b", 1), put("y", 2)], [], level: 2)
    #expect(throws: DatabaseError.self) { try history.plan([10], to: 2) }
    #expect(CompactionInputs(history.family, outputLevel: 2).closed([10]) == [10, 11, 12])
    try history.expectSameViews(history.plan([10, 11], to: 1))
  }

  /// A snapshot of the empty database, sequence number 0.
  @Test func museumF2aSnapshotAtZero() throws {
    var history = try CompactionCase(seed: 5)
    try history.addTable([put("k", 3)], [], level: 0)
    try history.addTable([put("k", 0), put("m", 0)], [], level: 1)
    var plan = try history.plan(to: 1)
    plan.snapshots = [0]
    plan.zeroSequences = true
    let (result, _) = try history.expectSameViews(plan)
    #expect(result.entriesWritten == 3)
  }

  /// A dictionary is trained for a table that has nothing but range tombstones.
  @Test func museumG10onlyRangeTombstonesWithADictionary() throws {
    var history = try CompactionCase(seed: 6)
    history.table.compression = .zstd
    history.table.trainedDictionarySize = 4096
    try history.addTable([put("k", 1)], [], level: 3)
    try history.addTable([], [range("a", "m", 5), range("c", "z", 6)], level: 0)
    let (result, _) = try history.expectSameViews(history.plan([11], to: 1))
    // Only the one over older data is still of use.
    #expect(result.outputs.count == 1 && result.rangeTombstonesWritten == 1)
  }

  /// RocksDB up to 8 writes a tombstone whole into each table that it touches, and the bounds say how far it reaches.
  /// Newer keys beyond may have sequence number 0.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise])
  func museumD2aTombstoneThatReachesOutOfItsTable(order: KeyOrder) throws {
    var history = try CompactionCase(seed: 7)
    history.order = order
    let isReverse = order == .reverseBytewise
    try history.addTable(
      [put(isReverse ? "y" : "b", 12)], [isReverse ? range("z", "a", 10) : range("a", "z", 10)], level: 1)
    history.edit(0) { $0.largest = InternalKey(rangeDeletionEnd: Array("m".utf8)) }
    try history.addTables([put("c", 0), put("x", 0)], [], level: 3)
    let (result, after) = try history.expectSameViews(history.plan([10], to: 2))
    #expect(result.outputs.map(\.metadata.largest) == [InternalKey(rangeDeletionEnd: Array("m".utf8))])
    #expect(after.view(at: .maximum).count == 2)
  }

  /// Ingested tables hold one sequence number for all keys, some of them prefixes of others.
  @Test func museumG4nestedKeysWithAGlobalSequence() throws {
    var history = try CompactionCase(seed: 8)
    let keys = (0..<40).map { String(repeating: "a", count: $0) }
    history.table.external = true
    history.table.formatVersion = 5
    try history.addTable(keys.map { put($0, 0, "new") }, [], level: 0)
    history.edit(0) {
      ($0.smallestSequence, $0.largestSequence) = (77, 77)
      $0.smallest = InternalKey(userKey: $0.smallest.userKey, sequence: 77, kind: .value)
      $0.largest = InternalKey(userKey: $0.largest.userKey, sequence: 77, kind: .value)
    }
    history.table.external = false
    try history.addTable(keys.map { put($0, 50) }, [], level: 1)
    let (result, after) = try history.expectSameViews(history.plan(to: 1))
    #expect(after.entries.count == 40 && after.entries.allSatisfy { $0.sequence == 77 })
    #expect(result.outputs.map(\.metadata.smallestSequence) == [77])
  }

  /// The same version twice, as a repair leaves it that replays a log whose tables are there.
  @Test func museumI3twinsOfOneVersion() throws {
    var history = try CompactionCase(seed: 9)
    try history.addTable([put("a", 5), put("k", 4)], [], level: 0)
    try history.addTable([put("a", 5), put("k", 4), put("k", 3)], [], level: 1)
    let (result, _) = try history.expectSameViews(history.plan(to: 1))
    #expect(result.entriesWritten == 2)
    var merges = try CompactionCase(seed: 9)
    let operand = Entry(key: [1], sequence: 5, kind: .merge, value: [1])
    try merges.addTable([operand], [], level: 0)
    try merges.addTable([operand], [], level: 1)
    let error = #expect(throws: DatabaseError.self) { try merges.job(merges.plan(to: 1)).run() }
    #expect(error?.kind == .corruption)
  }
}
