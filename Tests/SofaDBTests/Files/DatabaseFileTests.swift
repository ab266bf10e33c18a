/// Names of a database directory, both ways.
import Testing

@testable import SofaDB

@Suite struct DatabaseFileTests {
  static let canonical: [(String, DatabaseFile)] = [
    ("CURRENT", .current), ("LOCK", .lock), ("IDENTITY", .identity), ("archive", .archive), ("lost", .lost),
    ("LOG", .infoLog("LOG")), ("LOG.old", .infoLog("LOG.old")),
    ("LOG.old.1700000000000000", .infoLog("LOG.old.1700000000000000")),
    ("MANIFEST-000005", .manifest(5)), ("000012.log", .log(12)), ("000012.sst", .table(12)),
    ("000012.ldb", .table(12, .ldb)), ("000012.blob", .blob(12)), ("OPTIONS-000007", .options(7)),
    ("000012.dbtmp", .temporary(12)), ("OPTIONS-000007.dbtmp", .temporaryOptions(7)),
    ("1234567.sst", .table(1_234_567)), ("9223372036854775808.sst", .table(1 << 63)),
    ("000000.sst", .table(0)),
  ]

  @Test(arguments: canonical) func canonicalNamesGoBothWays(name: String, file: DatabaseFile) {
    #expect(DatabaseFile(name: name) == file)
    #expect(file.name == name)
  }

  @Test func anyNumberOfDigitsIsAccepted() {
    #expect(DatabaseFile(name: "7.sst") == .table(7))
    #expect(DatabaseFile(name: "00000000000000000000007.log") == .log(7))
    #expect(DatabaseFile(name: "MANIFEST-5").number == 5)
    #expect(DatabaseFile(name: "MANIFEST-5").name == "MANIFEST-000005")
  }

  // Museum 4.1: nothing but digits is a number, and no name leads elsewhere.
  @Test(arguments: [
    "", ".", "..", "/", "000012.sst/", "/000012.sst", "../000012.sst", "000012.sst ", " 000012.sst", "+12.sst",
    "-12.sst",
    "0x12.sst", "12e1.sst", "1_2.sst", "000012.SST", "000012.sst.bak", "000012..sst", ".sst", "sst", "000012.",
    "000012",
    "9223372036854775809.sst", "18446744073709551616.sst", "99999999999999999999999999999999.sst",
    "MANIFEST-", "MANIFEST-5x", "MANIFEST--5", "MANIFEST-000005\n", "manifest-000005", "MANIFEST-../../etc/passwd",
    "OPTIONS-", "OPTIONS-.dbtmp", "OPTIONS-7.dbtmp.dbtmp", "LOG.old.", "LOG.old.x", "LOG.1", "CURRENT ", "CURRENT\0",
    "LOC\u{212A}", "000012.sst\u{301}", "\u{0661}.sst", "\u{ff11}.sst", "000012.dbtmp\0", "METADB-000003",
  ])
  func anythingElseIsOther(name: String) {
    #expect(DatabaseFile(name: name) == .other(name))
    #expect(DatabaseFile(name: name).number == nil)
  }

  @Test func unpairedBytesNeverTrap() {
    for first in UInt8.min...UInt8.max {
      for text in [".sst", "MANIFEST-", "OPTIONS-.dbtmp", "12.log"] {
        var bytes = Array(text.utf8)
        bytes.insert(first, at: bytes.count / 2)
        let name = String(decoding: bytes, as: UTF8.self)
        _ = DatabaseFile(name: name).name
      }
    }
  }
}
