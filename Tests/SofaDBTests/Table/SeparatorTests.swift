import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB's choices of separators and successors, and the one property that readers rely on.
@Suite struct SeparatorTests {
  private func between(_ last: [UInt8], _ next: [UInt8], _ order: KeyOrder) -> [UInt8] {
    var output = ByteWriter()
    last.withUnsafeBytes { last in
      next.withUnsafeBytes { Separator.append(betweenUserKeys: last, and: $0, order: order, into: &output) }
    }
    return output.array
  }

  private func between(_ last: [UInt8], _ next: [UInt8], kind: UInt8) -> [UInt8] {
    var output = ByteWriter()
    last.withUnsafeBytes { last in
      next.withUnsafeBytes { Separator.append(between: last, and: $0, order: .bytewise, kind: kind, into: &output) }
    }
    return output.array
  }

  @Test func userKeysAsTheEngine() throws {
    let vectors = try Vectors("separators")
    for (list, order) in [("rocksdb_bytewise", KeyOrder.bytewise), ("rocksdb_reverse_bytewise", .reverseBytewise)] {
      for vector in vectors[list].array {
        let start = vector["start"].hexBytes
        #expect(between(start, vector["limit"].hexBytes, order) == vector["separator"].hexBytes, "\(list) \(start)")
      }
    }
  }

  @Test func successorsAsTheEngine() throws {
    let vectors = try Vectors("separators")
    let lists: [(String, KeyOrder)] = [
      ("rocksdb_bytewise_successor", .bytewise), ("rocksdb_reverse_successor", .reverseBytewise),
    ]
    for (list, order) in lists {
      for vector in vectors[list].array {
        var output = ByteWriter()
        vector["key"].hexBytes.withUnsafeBytes { Separator.append(afterUserKey: $0, order: order, into: &output) }
        #expect(output.array == vector["successor"].hexBytes, "\(list)")
      }
    }
  }

  @Test func internalKeysAsTheEngine() throws {
    let vectors = try Vectors("separators")
    for (list, kind) in [("rocksdb_internal", UInt8(0x18)), ("rocksdb_internal_7_8_3", 0x16)] {
      for vector in vectors[list].array {
        let start = vector["start"].hexBytes
        #expect(between(start, vector["limit"].hexBytes, kind: kind) == vector["separator"].hexBytes, "\(list)")
      }
    }
  }

  @Test func separatorsLieBetween() {
    var random = SystemRandomNumberGenerator()
    for order in [KeyOrder.bytewise, .reverseBytewise] {
      for _ in 0..<20_000 {
        let alphabet: [UInt8] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]
        let keys = (0..<2).map { _ in
          InternalKey(
            userKey: (0..<Int.random(in: 0...4, using: &random)).map { _ in alphabet.randomElement(using: &random)! },
            sequence: UInt64.random(in: 0...3, using: &random), kind: EntryKind.value)
        }.sorted { order.compare($0, $1) < 0 }
        guard keys[0] != keys[1] else { continue }
        var output = ByteWriter()
        keys[0].bytes.withUnsafeBytes { last in
          keys[1].bytes.withUnsafeBytes { Separator.append(between: last, and: $0, order: order, into: &output) }
        }
        let found = InternalKey(userKey: Array(output.array.dropLast(8)), trailer: output.bytes.internalKeyTrailer)
        #expect(order.compare(keys[0], found) <= 0 && order.compare(found, keys[1]) < 0, "\(keys)")
        #expect(found.bytes.count <= keys[0].bytes.count)
      }
    }
  }
}
