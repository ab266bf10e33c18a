/// What CURRENT may say, and how it is replaced.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct CurrentFileTests {
  static func parse(_ text: String) throws(DatabaseError) -> UInt64 {
    try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(DatabaseError) in
      try CurrentFile.parse(UnsafeRawBufferPointer(bytes))
    }
  }

  @Test func namesAManifestAndNothingElse() throws {
    #expect(try CurrentFileTests.parse("MANIFEST-000005\n") == 5)
    #expect(try CurrentFileTests.parse("MANIFEST-1234567\n") == 1_234_567)
  }

  // Museum J16: nothing of its content becomes a path.
  @Test(arguments: [
    "", "\n", "MANIFEST-000005", "MANIFEST-000005\n\n", "MANIFEST-000005 \n", " MANIFEST-000005\n", "MANIFEST-5\n",
    "MANIFEST-0000005\n", "MANIFEST-00000x\n", "MANIFEST-../../x\n", "../MANIFEST-000005\n", "MANIFEST-+00005\n",
    "MANIFEST-99999999999999999999\n", "MANIFEST-18446744073709551621\n", "MANIFEST-00005\n", "000005.sst\n",
    "MANIFEST-000005\r\n", "MANIFEST-000005\0", "manifest-000005\n", "MANIFEST-\u{0661}\u{0661}\u{0661}\n",
  ]) func anythingElseIsCorruption(content: String) {
    #expect(throws: DatabaseError.self) { try CurrentFileTests.parse(content) }
  }

  @Test func everyFlipIsNoticedOrNamesAnotherNumber() throws {
    let content = Array("MANIFEST-000005\n".utf8)
    for bit in 0..<(content.count * 8) {
      var damaged = content
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        let number = try CurrentFileTests.parse(String(decoding: damaged, as: UTF8.self))
        #expect(number != 5)
      } catch {
        #expect(error.kind == .corruption)
      }
    }
  }

  @Test func isReplacedWholeAndStaleTemporariesGo() throws {
    let temporary = try TemporaryDirectory()
    let directory = try PosixFileSystem().directory(at: temporary.path)
    #expect(throws: DatabaseError.self) { try CurrentFile.read(directory) }
    try directory.create("000009.dbtmp").close()
    try CurrentFile.replace(directory, manifest: 9)
    #expect(try CurrentFile.read(directory) == 9)
    try CurrentFile.replace(directory, manifest: 123_456_789)
    #expect(try CurrentFile.read(directory) == 123_456_789)
    #expect(try directory.entries().map(\.name) == ["CURRENT"])
  }
}
