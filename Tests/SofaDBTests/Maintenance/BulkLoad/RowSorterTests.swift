import SofaTesting
import Testing

@testable import SofaDB

/// Sorting in memory, merging of runs and routing, each against the plain sort of the standard library.
@Suite struct RowSorterTests {
  struct Row: Equatable {
    var key: [UInt8]
    var trailer: UInt64
    var value: [UInt8]
  }

  static func encode(_ rows: [Row]) -> ByteBuffer {
    let buffer = ByteBuffer(count: rows.reduce(0) { $0 + EncodedRow.overhead + $1.key.count + $1.value.count })
    var place = buffer.memory.baseAddress!
    for row in rows {
      row.key.withUnsafeBytes { key in
        row.value.withUnsafeBytes { EncodedRow.write(key: key, trailer: row.trailer, value: $0, at: place) }
      }
      place += EncodedRow(place).count
    }
    return buffer
  }

  static func decode(_ row: EncodedRow) -> Row {
    Row(key: [UInt8](row.key), trailer: row.trailer, value: [UInt8](row.value))
  }

  static func sorted(_ rows: [Row], _ order: KeyOrder) -> [Row] {
    rows.sorted {
      order.compare(
        InternalKey(userKey: $0.key, trailer: $0.trailer), InternalKey(userKey: $1.key, trailer: $1.trailer)) < 0
    }
  }

  /// Rows with keys of several kinds.
  static func rows(_ count: Int, kind: Int, _ random: inout SeededRandom, minimum: Int = 0) -> [Row] {
    (0..<count).map { index in
      var key: [UInt8]
      switch kind {
      case 0: key = (0..<Int.random(in: minimum...20, using: &random)).map { _ in .random(in: 0...255, using: &random) }
      case 1: key = Array("user:0000000000:\(Int.random(in: 0...count, using: &random))".utf8)
      case 2: key = (0..<Int.random(in: minimum...30, using: &random)).map { _ in .random(in: 0...1, using: &random) }
      case 3:
        key =
          Array("same-prefix-of-all-keys".utf8) + [UInt8](repeating: 7, count: Int.random(in: 0...40, using: &random))
      case 4: key = Array("one key only".utf8)
      default: key = Array("\(index)".utf8)
      }
      while key.count < minimum { key.append(0) }
      return Row(key: key, trailer: InternalKey.trailer(UInt64(index), 1), value: Array("v\(index)".utf8))
    }
  }

  static func sort(_ rows: [Row], _ order: KeyOrder, common: [UInt8]) -> [Row] {
    let memory = encode(rows)
    let owner = ByteBuffer(common)
    let prefix = KeyPrefix(common: owner.bytes, order: order)
    var sorter = RowSorter()
    sorter.reserve(rows.count)
    sorter.add(memory.memory.baseAddress!, count: memory.count, prefix: prefix)
    let sorted = sorter.sort(order, prefix: prefix).map { decode(EncodedRow($0.row)) }
    withExtendedLifetime((memory, owner)) {}
    return sorted
  }

  @Test(arguments: 0...5)
  func memoryIsSorted(_ kind: Int) {
    var random = SeededRandom(seed: UInt64(kind))
    for count in [1, 2, 30, 97, 1000, 5000] {
      let rows = RowSorterTests.rows(count, kind: kind, &random)
      let expected = RowSorterTests.sorted(rows, .bytewise)
      for common in [[], Array("user:0000000000:".utf8), Array("same-prefix-of-all-keys".utf8), [1, 1]] {
        #expect(RowSorterTests.sort(rows, .bytewise, common: common) == expected)
      }
    }
  }

  @Test(arguments: [
    "rocksdb.ReverseBytewiseComparator", "leveldb.BytewiseComparator.u64ts", "rocksdb.ReverseBytewiseComparator.u64ts",
  ])
  func otherOrdersAreSorted(_ name: String) {
    let order = KeyOrder(name: name)
    var random = SeededRandom(seed: 1)
    for kind in [0, 1, 2, 4] {
      let rows = RowSorterTests.rows(2000, kind: kind, &random, minimum: order.timestampSize)
      #expect(RowSorterTests.sort(rows, order, common: []) == RowSorterTests.sorted(rows, order))
    }
  }

  @Test func numbersNeverContradictTheOrder() {
    var random = SeededRandom(seed: 11)
    for name in ["leveldb.BytewiseComparator", "rocksdb.ReverseBytewiseComparator", "leveldb.BytewiseComparator.u64ts"]
    {
      let order = KeyOrder(name: name)
      for common in [[], [1], [0, 1], [255, 255, 255], Array("user:".utf8)] {
        let owner = ByteBuffer(common)
        let prefix = KeyPrefix(common: owner.bytes, order: order)
        let keys = [0, 1, 2].flatMap { RowSorterTests.rows(300, kind: $0, &random, minimum: 8).map(\.key) } + [common]
        let sorted = keys.filter { $0.count >= order.timestampSize }.sorted { order.compare($0, $1) < 0 }
        let numbers = sorted.map { key in key.withUnsafeBytes { prefix.number(of: $0) } }
        for index in 1..<numbers.count { #expect(numbers[index - 1] <= numbers[index]) }
        withExtendedLifetime(owner) {}
      }
    }
  }

  @Test func routesFollowTheOrderAndTheirBounds() {
    var random = SeededRandom(seed: 5)
    for kind in 0...5 {
      let keys = RowSorterTests.rows(2000, kind: kind, &random).map(\.key)
      let routes = KeyRoutes(orders: [.bytewise], samples: [Array(keys.prefix(200))], wanted: 16)
      var last = 0
      for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let bucket = key.withUnsafeBytes { routes.bucket(of: $0, family: 0) }
        #expect(bucket >= last && bucket < routes.bucketCount)
        if let bound = routes.lowerBound(ofBucket: bucket) { #expect(KeyOrder.bytewise.compare(bound, key) <= 0) }
        if let bound = routes.upperBound(ofBucket: bucket) { #expect(KeyOrder.bytewise.compare(key, bound) < 0) }
        last = bucket
      }
    }
  }

  @Test func everyNumberOfBucketsIsSearched() {
    for wanted in 1...40 {
      let sample = (0..<UInt64(wanted)).map { RowSorterTests.bytes($0 &* (UInt64.max / 41) &* 2) } + [[0]]
      let routes = KeyRoutes(orders: [.bytewise], samples: [sample], wanted: wanted)
      let bounds = (1..<routes.bucketCount).map { routes.lowerBound(ofBucket: $0)! }
      for key in bounds + sample + [RowSorterTests.bytes(.max), RowSorterTests.bytes(.max - 1), [0xFF], []] {
        let expected = bounds.filter { KeyOrder.bytewise.compare($0, key) <= 0 }.count
        #expect(key.withUnsafeBytes { routes.bucket(of: $0, family: 0) } == expected)
      }
    }
  }

  private static func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } }

  @Test func runsAreMerged() throws {
    var random = SeededRandom(seed: 9)
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    for count in [1, 2, 3, 7, 20] {
      let owner = ByteBuffer([])
      let prefix = KeyPrefix(common: owner.bytes, order: .bytewise)
      var all: [Row] = []
      var runs: [RunWriter.Run] = []
      for index in 0..<count {
        let file = SpillFile(in: directory, name: "run-\(count)-\(index)", buckets: 1)
        var rows = RowSorterTests.rows(Int.random(in: 1...300, using: &random), kind: 2, &random)
        for row in rows.indices { rows[row].trailer += UInt64(index) << 40 }
        // One row larger than any buffer.
        if index == 1 { rows.append(Row(key: [9], trailer: 1, value: [UInt8](repeating: 1, count: 200_000))) }
        all += rows
        var writer = RunWriter(file: file)
        let memory = RowSorterTests.encode(RowSorterTests.sorted(rows, .bytewise))
        var place = memory.memory.baseAddress!
        while place < memory.memory.baseAddress! + memory.count {
          try writer.append(EncodedRow(place))
          place += EncodedRow(place).count
        }
        runs.append(try writer.finish())
      }
      var merger = try RunMerger(runs, .bytewise, prefix, memory: 1 << 20)
      var merged: [Row] = []
      while let row = try merger.next() { merged.append(RowSorterTests.decode(row)) }
      #expect(merged == RowSorterTests.sorted(all, .bytewise))
      withExtendedLifetime(owner) {}
    }
    #expect(try directory.entries().isEmpty)
  }
}
