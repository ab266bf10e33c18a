import SofaTesting
import Testing

@testable import SofaDB

/// Failures of other engines in choosing what to compact and in comparing ranges: what is fast here, against what looks
/// at everything.
@Suite struct CompactionChoiceMuseumTests {
  private static func key(_ number: Int) -> String { String(String(number + 10_000).dropFirst()) }

  /// Up to five tables of level 0 in any place, and sorted ones below, of which neighbours sometimes share a key.
  /// `overlaps`: now and then two of a level overlap.
  private static func family(_ random: inout SeededRandom, overlaps: Bool = false) -> ColumnFamily {
    var number: UInt64 = 1000
    var tables: [TableMetadata] = []
    func add(_ first: Int, _ last: Int, _ level: Int) {
      number -= 1
      tables.append(CompactionPickerTests.table(number, key(first), key(last), 100, level: level))
    }
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      let first = Int.random(in: 0..<90, using: &random)
      add(first, Int.random(in: first..<100, using: &random), 0)
    }
    for level in 1...3 {
      var place = Int.random(in: 0..<20, using: &random)
      while place < 95 {
        let last = place + Int.random(in: 0..<25, using: &random)
        add(place, last, level)
        let isTouching = Int.random(in: 0..<3, using: &random) == 0
        let back = overlaps && Int.random(in: 0..<12, using: &random) == 0 ? Int.random(in: 1...4, using: &random) : 0
        place = max(0, isTouching ? last - back : last + Int.random(in: 1..<12, using: &random))
        if last == place, last >= 95 { break }
      }
    }
    return CompactionPickerTests.family(tables)
  }

  private static func touch(_ a: TableMetadata, _ b: TableMetadata) -> Bool {
    let order = KeyOrder.bytewise
    return order.compare(a.smallest.userKey, b.largest.userKey) <= 0
      && order.compare(b.smallest.userKey, a.largest.userKey) <= 0
  }

  /// What is wrong with compacting `inputs` into `output`, found by looking at all pairs.
  private static func fault(_ family: ColumnFamily, _ inputs: Set<UInt64>, into output: Int) -> String? {
    let order = family.order
    let ages = family.levels.flatMap { $0 }.map(\.number)
    let chosen = family.tables.filter { inputs.contains($0.number) }
    let first = chosen.map(\.smallest.userKey).min { order.compare($0, $1) < 0 }
    let last = chosen.map(\.largest.userKey).max { order.compare($0, $1) < 0 }
    guard let first, let last else { return nil }
    for other in family.tables where !inputs.contains(other.number) && other.level <= output {
      let reaches =
        order.compare(other.largest.userKey, first) >= 0 && order.compare(other.smallest.userKey, last) <= 0
      if output > 0, other.level == output, reaches { return "\(other.number) lies in the way" }
      for table in chosen where touch(table, other) {
        let isOlder =
          table.level != other.level || table.level == 0
          ? ages.firstIndex(of: other.number)! > ages.firstIndex(of: table.number)!
          : order.compare(other.smallest, table.smallest) > 0
        let staysAbove =
          output > 0 || chosen.contains { ages.firstIndex(of: $0.number)! > ages.firstIndex(of: other.number)! }
        if isOlder, staysAbove { return "\(table.number) goes below \(other.number), which is older" }
      }
    }
    return nil
  }

  /// E7: compactions were begun without a table that they needed, and reads found older values.
  @Test(arguments: 0..<40) func E7_whatIsCompactedIsComplete(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var grown = 0
    for _ in 0..<50 {
      let family = Self.family(&random)
      let output = Int.random(in: 0...3, using: &random)
      let candidates = family.tables.filter { output == 0 ? $0.level == 0 : $0.level <= output }
      guard let one = candidates.randomElement(using: &random), let two = candidates.randomElement(using: &random)
      else {
        continue
      }
      let chosen: Set<UInt64> = [one.number, two.number]
      let closed = CompactionInputs(family, outputLevel: output).closed(chosen)
      #expect(chosen.isSubset(of: closed))
      let fault = Self.fault(family, closed, into: output)
      #expect(fault == nil, "\(closed.sorted()) -> L\(output) of \(family.levels.map { $0.map(\.number) })")
      grown += closed.count - chosen.count
    }
    #expect(grown > 0)
  }

  /// E9: a place in older data that was remembered too long made a compaction drop what it still needed.
  @Test(arguments: 0..<20) func E9_placesInOlderDataAreNeverStale(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<20 {
      let tables = Self.family(&random).tables
      let spans = KeySpans(tables, order: .bytewise)
      var tombstones: [RangeTombstone] = []
      for (number, table) in tables.enumerated() where table.smallest.userKey != table.largest.userKey {
        tombstones.append(
          RangeTombstone(
            begin: table.smallest.userKey, end: table.largest.userKey, sequence: UInt64(1 + number * 7 % 11)))
      }
      let covering = RangeTombstones(tombstones, order: .bytewise)
      var (place, hint) = (0, 0)
      for number in 0..<130 where Bool.random(using: &random) {
        let key = Array(Self.key(number).utf8)
        let isThere = tables.contains { table in
          !table.smallest.userKey.isBehind(key) && !key.isBehind(table.largest.userKey)
        }
        let newest = tombstones.filter { !$0.begin.isBehind(key) && $0.end.isBehind(key) }.map(\.sequence).max() ?? 0
        let (found, sequence) = key.withUnsafeBytes {
          (spans.contains($0, hint: &place), covering.sequence(over: $0, hint: &hint))
        }
        #expect(found == isThere && sequence == newest, "\(number)")
      }
    }
  }

  /// E11: a check for overlaps compared one of two bounds.
  @Test(arguments: 0..<20) func E11_everyOverlapIsSeen(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var broken = 0
    for _ in 0..<50 {
      let family = Self.family(&random, overlaps: true)
      let order = family.order
      var isBroken = false
      for level in family.levels.dropFirst() {
        for (index, table) in level.enumerated() {
          for other in level[(index + 1)...] {
            let isApart =
              order.compare(table.largest, other.smallest) < 0 || order.compare(other.largest, table.smallest) < 0
            if !isApart { isBroken = true }
          }
        }
      }
      let version = Version(families: [family], lastSequence: 2000, nextFileNumber: 2000)
      let found = VersionInvariants.check(version).contains { $0.rule == .levelOverlap }
      #expect(found == isBroken, "\(family.levels.map { $0.map { "\($0.smallest)-\($0.largest)" } })")
      if isBroken { broken += 1 }
      for table in family.tables {
        let span = KeySpans(hull: [table], order: order)
        for other in family.tables { #expect(span.overlaps(other) == Self.touch(table, other)) }
      }
    }
    #expect((1..<50).contains(broken))
  }
}

extension [UInt8] {
  fileprivate func isBehind(_ other: [UInt8]) -> Bool { KeyOrder.bytewise.compare(self, other) > 0 }
}
