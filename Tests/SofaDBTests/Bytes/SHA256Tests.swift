import CSofaKernels
import SofaDB
import SofaTesting
import Testing

struct SHA256Tests {
  /// Examples of FIPS 180-4 and its companion documents.
  static let examples: [(String, Int, String)] = [
    ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ]

  @Test(arguments: examples)
  func agreesWithExamples(text: String, times: Int, digest: String) {
    let input = [UInt8](String(repeating: text, count: times).utf8)
    #expect(input.withUnsafeBytes { SHA256.digest($0) } == Vectors.bytes(hex: digest))
    #expect(portable(input, pieces: 100) == Vectors.bytes(hex: digest))
  }

  @Test func kernelsAgreeAtEveryLengthInAnyPieces() {
    let bytes = Vectors.pattern(300)
    for length in 0...300 {
      let input = Array(bytes[..<length])
      let whole = input.withUnsafeBytes { SHA256.digest($0) }
      #expect(portable(input, pieces: 1) == whole)
      for size in [1, 7, 63, 64, 65] {
        var hash = SHA256()
        for start in stride(from: 0, to: length, by: size) {
          Array(input[start..<min(start + size, length)]).withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.digest() == whole)
      }
    }
  }

  private func portable(_ input: [UInt8], pieces: Int) -> [UInt8] {
    var state = sofa_sha256()
    sofa_sha256_init(&state)
    let size = max(input.count / pieces, 1)
    for start in stride(from: 0, to: input.count, by: size) {
      let piece = Array(input[start..<min(start + size, input.count)])
      sofa_sha256_update_portable(&state, piece, piece.count)
    }
    var digest = [UInt8](repeating: 0, count: 32)
    sofa_sha256_finish(&state, &digest)
    return digest
  }
}
