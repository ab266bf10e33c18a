import SofaTesting
import Testing

@testable import SofaDB

@Suite struct SealTests {
  private let seal = Seal(
    (1...9).map { number in
      Seal.File(
        name: "00000\(10 - number).sst", size: UInt64(number) << 30, digest: Array(repeating: UInt8(number), count: 32))
    },
    created: 1_700_000_000)

  private func read(_ bytes: [UInt8], key: [UInt8]? = nil) throws -> Seal {
    try Seal(MemoryFile(bytes, name: "db.seal"), key: key)
  }

  @Test func isReadBack() throws {
    for key in [nil, Array("secret".utf8), [UInt8](repeating: 1, count: 200)] {
      #expect(try read(seal.encoded(source: "db", key: key), key: key) == seal)
    }
    let empty = Seal([], created: 0)
    #expect(try read(empty.encoded(source: "a\nb\u{1B}", key: nil)) == empty)
    #expect(seal.files.map(\.name) == seal.files.map(\.name).sorted())
    #expect(seal.created == "2023-11-14T22:13:20Z")
  }

  private func expectRefused(_ bytes: [UInt8], key: [UInt8]? = nil, _ what: String) {
    do {
      _ = try read(bytes, key: key)
      Issue.record("\(what) was accepted")
    } catch let error as DatabaseError {
      #expect(error.kind == .corruption && error.file == "db.seal", "\(what)")
    } catch {
      Issue.record(error)
    }
  }

  @Test func everyCutAndEveryFlipIsSeen() {
    for key in [nil, Array("secret".utf8)] {
      let bytes = seal.encoded(source: "db", key: key)
      for length in 0..<bytes.count { expectRefused(Array(bytes[..<length]), key: key, "cut to \(length)") }
      for index in bytes.indices {
        var changed = bytes
        changed[index] ^= 1 << UInt8(index % 7)
        expectRefused(changed, key: key, "a flip at \(index)")
      }
      expectRefused(bytes + [0x0A], key: key, "a line more")
      expectRefused(bytes + bytes, key: key, "twice")
    }
  }

  @Test func theKeyMatters() {
    let secret = Array("secret".utf8)
    let keyed = seal.encoded(source: "db", key: secret)
    expectRefused(keyed, key: Array("Secret".utf8), "another key")
    expectRefused(keyed, key: nil, "no key")
    // Who has no key cannot put a plain seal in the place of a keyed one.
    expectRefused(seal.encoded(source: "db", key: nil), key: secret, "a plain seal")
  }

  @Test func otherRecordsAreNoSeal() {
    var json = JSONWriter()
    json.beginObject()
    json.field("record", "header")
    json.field("what", "something else")
    json.endObject()
    json.newline()
    ClosedRecords.close(&json, key: nil)
    expectRefused(json.output.array, "another file of the tool")
    for line in ["[]", "{\"record\":\"file\",\"name\":\"a\",\"size\":1}", "{\"record\":\"gift\"}", "\u{0}", "{"] {
      var json = JSONWriter()
      json.output.append(utf8: line + "\n")
      ClosedRecords.close(&json, key: nil)
      expectRefused(json.output.array, line)
    }
    expectRefused([], "nothing")
    expectRefused([0x0A], "a newline")
  }
}
