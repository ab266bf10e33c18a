import SofaTesting
import Testing

@testable import SofaDB

@Suite struct KeyPrefixesTests {
  /// Where keys rise prefixes must not fall, whatever keys were expected and whatever comes.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise, .bytewiseTimestamped, .reverseTimestamped], 0..<40)
  func neverFallWhereKeysRise(order: KeyOrder, seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let common = bytes(Int.random(in: 0...12, using: &random), of: 2, &random)
    let expected = (0..<3).map { _ in common + bytes(Int.random(in: 0...3, using: &random), of: 2, &random) }
    let prefixes = KeyPrefixes(expected, order: order)
    let keys = (0..<120).map { _ in key(like: common, order, &random) }
    let sorted = keys.sorted { order.compare($0, $1) < 0 }
    let numbers = sorted.map { key in
      (key + [UInt8](repeating: 7, count: 8)).withUnsafeBytes { prefixes.prefix(of: $0) }
    }
    for (left, right) in zip(numbers, numbers.dropFirst()) { #expect(left <= right) }
  }

  /// Keys that begin as expected are told apart by what comes behind.
  @Test func skipWhatAllKeysBeginWith() {
    let keys = ["customer/000001", "customer/000002", "customer/100000"].map { Array($0.utf8) }
    let prefixes = KeyPrefixes([keys[0], keys[2]], order: .bytewise)
    let numbers = keys.map { prefixes.prefix(ofBare: $0) }
    #expect(numbers[0] < numbers[1] && numbers[1] < numbers[2])
    #expect(prefixes.prefix(ofBare: Array("customer".utf8)) == 0)
    #expect(prefixes.prefix(ofBare: Array("dealer".utf8)) == .max)
  }

  /// A key that is like the others, or leaves their way somewhere, with a timestamp where the order wants one.
  private func key(like common: [UInt8], _ order: KeyOrder, _ random: inout SeededRandom) -> [UInt8] {
    let start = Array(common.prefix(Bool.random(using: &random) ? 12 : Int.random(in: 0...12, using: &random)))
    let key = start + bytes(Int.random(in: 0...10, using: &random), of: 2, &random)
    return key + bytes(order.timestampSize, of: 2, &random)
  }

  private func bytes(_ count: Int, of values: UInt8, _ random: inout SeededRandom) -> [UInt8] {
    (0..<count).map { _ in [0, 0xFF, 1][Int(UInt8.random(in: 0..<values, using: &random))] }
  }
}

extension KeyOrder {
  fileprivate static let bytewiseTimestamped = KeyOrder(name: "leveldb.BytewiseComparator.u64ts")
  fileprivate static let reverseTimestamped = KeyOrder(name: "rocksdb.ReverseBytewiseComparator.u64ts")
}
