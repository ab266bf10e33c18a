/// Relations of tables against what a plain comparison of all pairs of entries gives, in one stretch and in many.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct TableRelationsTests {
  private struct Entry {
    var key: [UInt8]
    var sequence: SequenceNumber
    var value: [UInt8]
  }

  private static func write(
    _ entries: [Entry], number: UInt64, order: KeyOrder, in directory: any Directory
  ) throws -> TableMetadata {
    var options = TableOptions()
    options.blockSize = 64
    options.order = order
    let writer = try TableWriter(file: directory.create(DatabaseFile.table(number).name), options: options)
    for entry in entries {
      let key = InternalKey(userKey: entry.key, sequence: entry.sequence, kind: .value)
      try key.bytes.withUnsafeBytes { key in
        try entry.value.withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
    }
    let summary = try writer.finish()
    return TableMetadata(
      number: number, level: 0, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence)
  }

  /// Sorted as `order` wants; several versions of some keys, many with sequence number 0.
  private static func entries(_ keys: Range<Int>, _ order: KeyOrder, _ random: inout SeededRandom) -> [Entry] {
    var chosen: [Int: Set<UInt64>] = [:]
    for _ in 0..<(keys.count * 2 / 3) {
      let key = Int.random(in: keys, using: &random)
      chosen[key, default: []].insert(Bool.random(using: &random) ? 0 : UInt64(Int.random(in: 1...6, using: &random)))
    }
    let all = chosen.flatMap { key, sequences in
      sequences.map {
        Entry(key: Array("key\(10_000 + key)".utf8), sequence: $0, value: random.bytes(1).map { $0 & 1 })
      }
    }
    return all.sorted { a, b in
      let result = order.compare(a.key, b.key)
      return result == 0 ? a.sequence > b.sequence : result < 0
    }
  }

  private static func expected(_ tables: [UInt64: [Entry]]) -> [TableRelations.Pair: TableRelations.Counts] {
    var counts: [TableRelations.Pair: TableRelations.Counts] = [:]
    for (first, entries) in tables {
      for (second, others) in tables where second != first {
        let others = Dictionary(grouping: others, by: \.key)
        var count = TableRelations.Counts()
        for a in entries {
          for b in others[a.key] ?? [] {
            if a.sequence == b.sequence {
              if a.sequence == 0 { count.bothZero += 1 } else { count.same += 1 }
            } else if a.sequence > b.sequence {
              if b.sequence > 0 {
                count.newer += 1
              } else if a.value == b.value {
                count.aboveZeroSame += 1
              } else {
                count.aboveZeroOther += 1
              }
            }
          }
        }
        if count != TableRelations.Counts() { counts[TableRelations.Pair(first: first, second: second)] = count }
      }
    }
    return counts
  }

  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise])
  func countsAreThoseOfAllPairs(_ order: KeyOrder) throws {
    for seed in 0..<6 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      let system = SimulatedFileSystem()
      let directory = try system.directory(at: "db")
      var contents: [UInt64: [Entry]] = [:]
      var tables: [TableMetadata] = []
      // More tables than are kept open, of which some overlap many, some few and some none.
      for number in 10..<80 as Range<UInt64> {
        let start = Int.random(in: 0..<3000, using: &random)
        let length = number < 13 ? 900 : number % 3 == 0 ? 60 : 12
        let entries = Self.entries(start..<(start + length), order, &random)
        contents[number] = entries
        tables.append(try Self.write(entries, number: number, order: order, in: directory))
      }
      let expected = Self.expected(contents)
      for (jobs, least) in [(1, 1 << 20), (2, 512), (3, 4096)] as [(Int, UInt64)] {
        let relations = try TableRelations(
          tables, order: order, in: directory, jobs: jobs, leastStretch: least, isCancelled: { false })
        #expect(relations.counts == expected, "seed \(seed), \(jobs) jobs")
      }
    }
  }

  @Test func tablesThatOverlapNoneAreNotRead() throws {
    var random = SeededRandom(seed: 1)
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    let tables = try (0..<9).map { index in
      try Self.write(
        Self.entries((index * 100)..<(index * 100 + 90), .bytewise, &random), number: UInt64(10 + index),
        order: .bytewise, in: directory)
    }
    let calls = system.operations.count
    let relations = try TableRelations(tables, order: .bytewise, in: directory, jobs: 2, isCancelled: { false })
    #expect(relations.counts.isEmpty && system.operations.count == calls)
  }

  /// A damaged index keeps nobody from cutting the group by another table, and costs only that table.
  @Test func damagedTablesAreLeftOut() throws {
    var random = SeededRandom(seed: 3)
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    var contents: [UInt64: [Entry]] = [:]
    var tables: [TableMetadata] = []
    for number in 10..<14 as Range<UInt64> {
      let entries = Self.entries(0..<400, .bytewise, &random)
      contents[number] = entries
      tables.append(try Self.write(entries, number: number, order: .bytewise, in: directory))
    }
    let name = DatabaseFile.table(11).name
    var bytes = try #require(try system.content(of: "db/" + name))
    for index in (bytes.count - 60)..<bytes.count { bytes[index] = 0 }
    try directory.remove(name)
    let file = try directory.create(name)
    try bytes.withUnsafeBytes { try file.append($0) }
    try file.close()
    contents[11] = nil
    let relations = try TableRelations(
      tables, order: .bytewise, in: directory, jobs: 2, leastStretch: 512, isCancelled: { false })
    #expect(relations.counts == Self.expected(contents))
  }

  @Test func theWishToStopIsHeard() throws {
    var random = SeededRandom(seed: 4)
    let directory = try SimulatedFileSystem().directory(at: "db")
    let tables = try (10..<12 as Range<UInt64>).map { number in
      try Self.write(
        (0..<40_000).map { Entry(key: Array("k\(100_000 + $0)".utf8), sequence: number, value: random.bytes(1)) },
        number: number, order: .bytewise, in: directory)
    }
    #expect {
      try TableRelations(tables, order: .bytewise, in: directory, jobs: 2, isCancelled: { true })
    } throws: { ($0 as? DatabaseError)?.kind == .cancelled }
  }
}
