import CSofaKernels
import SofaDB
import SofaTesting
import Testing

struct ChecksumTypeTests {
  @Test func agreesWithVectors() throws {
    for vector in try Vectors("block-checksums")["vectors"].array {
      let type = try #require(ChecksumType(rawValue: UInt8(vector["checksum_type"].int)))
      let value = vector.input.withUnsafeBytes {
        type.blockChecksum($0, type: UInt8(vector["compression_type"].int))
      }
      #expect(UInt64(value) == vector["value"].uint64)
      for context in vector["with_context"].array {
        let modifier = ChecksumType.contextModifier(
          base: UInt32(context["base"].uint64), offset: context["offset"].uint64)
        #expect(UInt64(value &+ modifier) == context["value"].uint64)
      }
    }
  }

  @Test func agreesWithVectorsOfContiguousRuns() throws {
    for vector in try Vectors("block-checksums")["contiguous"].array {
      let type = try #require(ChecksumType(rawValue: UInt8(vector["checksum_type"].int)))
      #expect(UInt64(vector.input.withUnsafeBytes { type.checksum($0) }) == vector["value"].uint64)
    }
  }

  @Test func noBaseMeansNoModifier() {
    #expect(ChecksumType.contextModifier(base: 0, offset: .max) == 0)
  }

  @Test func xxHashesAgreeWithVectors() throws {
    for row in try Vectors("xxhash")["rows"].array {
      let input = Vectors.pattern(row[0].int)
      #expect(UInt64(sofa_xxh32(input, input.count, 0)) == row[1].hexNumber)
      #expect(sofa_xxh64(input, input.count, 0) == row[2].hexNumber)
      #expect(sofa_xxh3_64(input, input.count) == row[3].hexNumber)
      #expect(sofa_xxh3_64_portable(input, input.count) == row[3].hexNumber)
      guard let last = input.last else { continue }
      #expect(UInt64(sofa_xxh32_with_last(input, input.count - 1, last, 0)) == row[1].hexNumber)
      #expect(sofa_xxh64_with_last(input, input.count - 1, last, 0) == row[2].hexNumber)
    }
  }
}
