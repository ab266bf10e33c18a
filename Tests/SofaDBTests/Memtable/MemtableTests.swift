/// The memtable against a sorted array, in all known orders.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct MemtableTests {
  struct Entry: Equatable {
    var key: InternalKey
    var value: [UInt8]
  }

  static let orders = [
    "leveldb.BytewiseComparator", "rocksdb.ReverseBytewiseComparator", "leveldb.BytewiseComparator.u64ts",
    "rocksdb.ReverseBytewiseComparator.u64ts",
  ].map(KeyOrder.init(name:))

  /// Short keys over few letters, so that prefixes tie, some are empty and some are prefixes of each other.
  static func key(_ random: inout SeededRandom, _ order: KeyOrder) -> [UInt8] {
    let letters: [UInt8] = [0, 1, 0x61, 0x7F, 0x80, 0xFF]
    let length = Int.random(in: 0...12, using: &random)
    let text = (0..<length).map { _ in letters.randomElement(using: &random)! }
    let timestamp = (0..<order.timestampSize).map { _ in UInt8.random(in: 0...1, using: &random) }
    return text + timestamp
  }

  static func add(
    _ memtable: Memtable, _ key: [UInt8], _ sequence: UInt64, _ kind: EntryKind, _ value: [UInt8],
    _ finger: inout Memtable.Finger
  ) {
    key.withUnsafeBytes { key in
      value.withUnsafeBytes {
        memtable.add(userKey: key, sequence: sequence, kind: kind, value: $0, finger: &finger)
      }
    }
  }

  static func forward(_ cursor: MemtableCursor) -> [Entry] {
    var cursor = cursor
    var found: [Entry] = []
    cursor.seekToFirst()
    while cursor.isValid {
      found.append(Entry(key: InternalKey(borrowed: cursor.key), value: [UInt8](cursor.value)))
      cursor.next()
    }
    return found
  }

  static func backward(_ cursor: MemtableCursor) -> [Entry] {
    var cursor = cursor
    var found: [Entry] = []
    cursor.seekToLast()
    while cursor.isValid {
      found.append(Entry(key: InternalKey(borrowed: cursor.key), value: [UInt8](cursor.value)))
      cursor.previous()
    }
    return found
  }

  @Test(arguments: orders)
  func holdsWhatASortedArrayHolds(order: KeyOrder) {
    var random = SeededRandom(seed: 11)
    let memtable = Memtable(order: order)
    #expect(memtable.isEmpty && memtable.sequences == nil)
    var finger = Memtable.Finger()
    var model: [Entry] = []
    for sequence in 5..<2_005 as Range<UInt64> {
      let key = MemtableTests.key(&random, order)
      let kind = [EntryKind.value, .deletion, .merge].randomElement(using: &random)!
      let value = [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: Int.random(in: 0...40, using: &random))
      MemtableTests.add(memtable, key, sequence, kind, value, &finger)
      model.append(Entry(key: InternalKey(userKey: key, sequence: sequence, kind: kind), value: value))
    }
    model.sort { order.compare($0.key, $1.key) < 0 }
    #expect(MemtableTests.forward(memtable.cursor()) == model)
    #expect(MemtableTests.backward(memtable.cursor()) == model.reversed())
    #expect(memtable.count == 2_000 && memtable.rangeDeletionCount == 0 && memtable.sequences == 5...2_004)
    for _ in 0..<2_000 {
      let sequence = UInt64.random(in: 0...2_010, using: &random)
      let target = InternalKey(
        userKey: MemtableTests.key(&random, order), sequence: sequence, kind: EntryKind.seek)
      let place = model.firstIndex { order.compare($0.key, target) >= 0 } ?? model.count
      var cursor = memtable.cursor()
      target.bytes.withUnsafeBytes { cursor.seek($0) }
      #expect(cursor.isValid ? [UInt8](cursor.key) == model[place].key.bytes : place == model.count)
      target.bytes.withUnsafeBytes { cursor.seek(before: $0) }
      #expect(cursor.isValid ? [UInt8](cursor.key) == model[place - 1].key.bytes : place == 0)
    }
  }

  @Test func rangeDeletionsStandApart() {
    let memtable = Memtable(order: .bytewise)
    var finger = Memtable.Finger()
    MemtableTests.add(memtable, [1], 1, .value, [9], &finger)
    MemtableTests.add(memtable, [1], 2, .rangeDeletion, [5], &finger)
    MemtableTests.add(memtable, [0], 3, .rangeDeletion, [2], &finger)
    #expect(MemtableTests.forward(memtable.cursor()).map(\.value) == [[9]])
    #expect(MemtableTests.forward(memtable.rangeDeletions()).map(\.value) == [[2], [5]])
    #expect(memtable.count == 1 && memtable.rangeDeletionCount == 2 && memtable.sequences == 1...3)
  }

  /// Lengths around those that take another form, and entries larger than a chunk of the arena.
  @Test func entriesOfAllSizesComeBack() {
    let memtable = Memtable(order: .bytewise)
    var finger = Memtable.Finger()
    let sizes = [0, 1, 246, 247, 248, 254, 255, 256, 70_000, (1 << 20) - 40, 1 << 20, (3 << 20) + 5]
    for (index, size) in sizes.enumerated() {
      let key = [UInt8](repeating: 7, count: size + 1)
      let value = [UInt8](repeating: UInt8(index), count: size)
      MemtableTests.add(memtable, key, UInt64(index + 1), .value, value, &finger)
    }
    #expect(MemtableTests.forward(memtable.cursor()).map(\.value.count) == sizes)
    let values = MemtableTests.forward(memtable.cursor()).map(\.value)
    #expect(values.enumerated().allSatisfy { index, value in value.allSatisfy { $0 == UInt8(index) } })
    let sum = sizes.reduce(0) { $0 + 2 * $1 }
    #expect(memtable.bytes > sum && memtable.bytes < sum + (4 << 20))
  }
}
