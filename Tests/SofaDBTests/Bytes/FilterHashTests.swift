import SofaDB
import SofaTesting
import Testing

struct FilterHashTests {
  @Test func xxph3AgreesWithVectors() throws {
    let vectors = try Vectors("xxph3")
    for row in vectors["pattern_hashes"].array {
      #expect(Vectors.pattern(row[0].int).withUnsafeBytes { FilterHash.xxph3($0) } == row[1].hexNumber)
    }
    for vector in vectors["strings"].array {
      #expect(vector.input.withUnsafeBytes { FilterHash.xxph3($0) } == vector["hash"].hexNumber)
    }
  }

  @Test(arguments: [("rocksdb", true), ("leveldb", false)])
  func F7_hash32AgreesWithVectors(engine: String, signedTail: Bool) throws {
    for vector in try Vectors("hash32")[engine].array {
      let hash = vector.input.withUnsafeBytes {
        FilterHash.hash32($0, seed: UInt32(vector["seed"].uint64), signedTail: signedTail)
      }
      #expect(UInt64(hash) == vector["hash"].uint64)
    }
  }
}
