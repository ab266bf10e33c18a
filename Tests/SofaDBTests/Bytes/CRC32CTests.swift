import CSofaKernels
import SofaDB
import SofaTesting
import Testing

struct CRC32CTests {
  @Test func agreesWithVectors() throws {
    let vectors = try Vectors("crc32c")
    for vector in vectors["vectors"].array {
      let crc = CRC32C.checksum(vector.input)
      #expect(UInt64(crc) == vector["crc"].uint64)
      #expect(UInt64(CRC32C.mask(crc)) == vector["masked"].uint64)
      #expect(CRC32C.unmask(CRC32C.mask(crc)) == crc)
    }
    for vector in vectors["extend"].array {
      let first = CRC32C.checksum(vector["first_hex"].hexBytes)
      #expect(UInt64(first) == vector["crc_first"].uint64)
      #expect(UInt64(CRC32C.checksum(vector["second_hex"].hexBytes, continuing: first)) == vector["crc_both"].uint64)
    }
  }

  @Test func everyKernelAgreesAtEveryLengthAndAlignment() {
    let bytes = Vectors.pattern(30_000)
    bytes.withUnsafeBytes { all in
      for length in Array(0...700) + [4095, 4096, 6143, 6144, 6145, 6168, 12_288, 12_301, 29_000] {
        for start in [0, 1, 7] {
          let part = all[start..<start + length]
          let address = UnsafeRawBufferPointer(rebasing: part).baseAddress
          let portable = sofa_crc32c_portable(UInt32(length), address, length)
          #expect(sofa_crc32c(UInt32(length), address, length) == portable)
        }
      }
    }
  }

  @Test func continuesAnywhere() {
    let bytes = Vectors.pattern(1000)
    let whole = CRC32C.checksum(bytes)
    for cut in 0...1000 {
      let first = CRC32C.checksum(Array(bytes[..<cut]))
      #expect(CRC32C.checksum(Array(bytes[cut...]), continuing: first) == whole)
    }
  }
}

extension CRC32C {
  static func checksum(_ bytes: [UInt8], continuing crc: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0, continuing: crc) }
  }
}

extension Vectors.Value {
  /// The input of a hash vector: digits, text, or the length of a pattern.
  var input: [UInt8] {
    if let hex = optional("hex") { return hex.hexBytes }
    if let text = optional("text") { return [UInt8](text.string.utf8) }
    return Vectors.pattern(self["pattern_length"].int)
  }
}
