import CSofaKernels
import SofaDB
import SofaTesting
import Testing

struct XXH3Tests {
  @Test func agreesWithVectors() throws {
    for row in try Vectors("xxh3-128")["rows"].array {
      let input = Vectors.pattern(row[0].int)
      let hash = input.withUnsafeBytes { XXH3.hash128($0, seed: row[1].hexNumber) }
      #expect(hash.low == row[2].hexNumber && hash.high == row[3].hexNumber)
    }
  }

  @Test func kernelsAgreeAtEveryLength() {
    let bytes = Vectors.pattern(3000)
    for length in 0...3000 {
      let portable = sofa_xxh3_128_portable(bytes, length, 77)
      let chosen = sofa_xxh3_128(bytes, length, 77)
      #expect(portable.low == chosen.low && portable.high == chosen.high)
      #expect(sofa_xxh3_64_portable(bytes, length) == sofa_xxh3_64(bytes, length))
    }
  }

  @Test func emptyHasTheSpecifiedValue() {
    #expect(XXH3.hash64(UnsafeRawBufferPointer(start: nil, count: 0)) == 0x2D06_8005_38D3_94C2)
  }
}
