/// Internal keys that RocksDB made, and their order under every known comparator.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct InternalKeyTests {
  @Test func encodesAsTheEngineDoes() throws {
    for vector in try Vectors("internal-keys")["encode"].array {
      let sequence = UInt64(vector["sequence"].string)!
      let kind = UInt8(vector["type"].int)
      let key = InternalKey(userKey: vector["user_key"].hexBytes, sequence: sequence, kind: kind)
      #expect(key.bytes == vector["internal_key"].hexBytes)
      #expect(key.sequence == sequence && key.kind == kind && key.userKey == vector["user_key"].hexBytes)
      #expect(key.isRangeDeletionEnd == (kind == 15 && sequence == .maximum))
    }
    for length in 0..<8 {
      #expect(throws: FormatError.self) { try InternalKey(bytes: [UInt8](repeating: 1, count: length)) }
    }
  }

  @Test(arguments: [
    ("sorted_bytewise", "leveldb.BytewiseComparator"),
    ("sorted_reverse_bytewise", "rocksdb.ReverseBytewiseComparator"),
    ("sorted_bytewise_u64ts", "leveldb.BytewiseComparator.u64ts"),
    ("sorted_reverse_bytewise_u64ts", "rocksdb.ReverseBytewiseComparator.u64ts"),
  ]) func ordersAsTheEngineDoes(list: String, name: String) throws {
    let order = KeyOrder(name: name)
    #expect(order.isKnown && order.name == name)
    let keys = try Vectors("internal-keys")[list].array.map { try InternalKey(bytes: $0.hexBytes) }
    for (a, left) in keys.enumerated() {
      for (b, right) in keys.enumerated() {
        #expect(order.compare(left, right).signum() == (a - b).signum())
      }
    }
  }

  @Test func unknownOrdersKeepTheirName() {
    let order = KeyOrder(name: "sofa.test.Reverse")
    #expect(!order.isKnown && order.name == "sofa.test.Reverse" && order.timestampSize == 0)
  }
}
