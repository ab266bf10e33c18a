/// One line of the exit-status matrix: what is done to a database, and what `verify` and `dump` must say about it.
import Foundation
import Testing

struct ExitCase: CustomTestStringConvertible, Sendable {
  typealias Verdict = (status: Int32, code: String?, file: String?)

  let name: String
  var fixture = "r783-levels"
  let damage: @Sendable (ScratchDatabase) throws -> Void
  let verify: Verdict
  let dump: Verdict

  var testDescription: String { name }

  init(
    _ name: String, verify: Verdict, dump: Verdict, fixture: String = "r783-levels",
    _ damage: @escaping @Sendable (ScratchDatabase) throws -> Void
  ) {
    self.name = name
    self.fixture = fixture
    self.verify = verify
    self.dump = dump
    self.damage = damage
  }

  static let table = "000010.sst"
  static let manifest = "MANIFEST-000005"
  static let log = "000020.log"
  private static let clean: Verdict = (0, nil, nil)
  private static let incomplete: Verdict = (3, nil, nil)

  private static func refused(_ file: String) -> Verdict { (4, nil, file) }
  private static func unread(_ file: String) -> Verdict { (3, "file.special", file) }
  private static func found(_ code: String, _ file: String) -> Verdict { (1, code, file) }

  private static func flipped(_ name: String, _ offset: Int, dump: Verdict? = nil) -> ExitCase {
    let verdict = found("block.checksum", table)
    return ExitCase(name, verify: verdict, dump: dump ?? verdict) { try $0.flip(table, at: offset) }
  }

  static let all = tables + directories + manifests + logs + names

  private static let tables: [ExitCase] = [
    ExitCase("nothing", verify: clean, dump: clean) { _ in },
    flipped("first data block", 100), flipped("middle data block", 1300), flipped("last data block", 6480),
    flipped("the filter, which a scan does not need", 6600, dump: clean), flipped("index", 6900),
    flipped("properties", 7200), flipped("metaindex", 7950), flipped("checksum of a data block", 1063),
    flipped("compression type of a data block", 525), flipped("type of the checksums in the footer", 8007),
    flipped("place of the metaindex in the footer", 8009),
    ExitCase(
      "magic number", verify: found("table.not-a-table", table), dump: found("table.not-a-table", table)
    ) { try $0.flip(table, at: 8059) },
    ExitCase("zeros over a block", verify: found("block.zero-filled", table), dump: found("block.zero-filled", table)) {
      var bytes = try $0.bytes(table)
      for index in 1066..<1615 { bytes[index] = 0 }
      try $0.write(table, bytes)
    },
    ExitCase("half a table", verify: found("file.size", table), dump: found("table.", table)) {
      try $0.cut(table, to: 4000)
    },
    ExitCase("an empty table", verify: found("file.size", table), dump: found("table.truncated", table)) {
      try $0.cut(table, to: 0)
    },
    ExitCase("a table with more behind it", verify: found("file.size", table), dump: clean) {
      try $0.write(table, try $0.bytes(table) + [UInt8](repeating: 0x78, count: 10))
    },
    ExitCase("text for a table", verify: found("table.not-a-table", table), dump: found("table.not-a-table", table)) {
      try $0.write(table, [UInt8](repeating: 0x78, count: 8060))
    },
    ExitCase("no table", verify: found("file.missing", table), dump: found("file.missing", table)) {
      try $0.remove(table)
    },
    ExitCase("two tables changed places", verify: found("file.size", table), dump: found("", "000011.sst")) {
      let (one, other) = (try $0.bytes(table), try $0.bytes("000011.sst"))
      try $0.write(table, other)
      try $0.write("000011.sst", one)
    },
    ExitCase("an orphan", verify: (0, "file.orphan", "000099.sst"), dump: clean) {
      try $0.write("000099.sst", try $0.bytes(table))
    },
    ExitCase("rubbish as an orphan", verify: (0, "file.orphan", "000099.sst"), dump: clean) {
      try $0.write("000099.sst", Array("hello".utf8))
    },
    ExitCase(
      "LevelDB's data block", verify: found("block.checksum", "000009.ldb"),
      dump: found("block.checksum", "000009.ldb"),
      fixture: "l123-levels"
    ) { try $0.flip("000009.ldb", at: 5) },
    ExitCase(
      "LevelDB without a table", verify: found("file.missing", "000009"), dump: found("file.missing", "000009"),
      fixture: "l123-levels"
    ) { try $0.remove("000009.ldb") },
  ]

  private static let directories: [ExitCase] = [
    ExitCase("a pipe for a table", verify: unread(table), dump: unread(table)) { try $0.makePipe(table) },
    ExitCase("a link for a table", verify: unread(table), dump: unread(table)) { try $0.makeLink(table) },
    ExitCase("a device for a table", verify: unread(table), dump: unread(table)) {
      try $0.makeLink(table, to: "/dev/zero")
    },
    ExitCase(
      "a link for one table and damage in another", verify: found("block.checksum", "000011.sst"),
      dump: found("block.checksum", "000011.sst")
    ) {
      try $0.makeLink(table)
      try $0.flip("000011.sst", at: 100)
    },
    ExitCase("a folder for a table", verify: unread(table), dump: unread(table)) {
      try $0.remove(table)
      try FileManager.default.createDirectory(atPath: $0.file(table), withIntermediateDirectories: false)
    },
    ExitCase("a pipe for a log", verify: unread(log), dump: refused(log)) { try $0.makePipe(log) },
    ExitCase("a pipe for CURRENT", verify: refused("CURRENT"), dump: refused("CURRENT")) { try $0.makePipe("CURRENT") },
    ExitCase("a pipe for the MANIFEST", verify: refused(manifest), dump: refused(manifest)) {
      try $0.makePipe(manifest)
    },
    ExitCase("a link for the MANIFEST", verify: refused(manifest), dump: refused(manifest)) {
      try $0.makeLink(manifest)
    },
    ExitCase("no LOCK", verify: clean, dump: clean) { try $0.remove("LOCK") },
    ExitCase("a LOCK with something in it", verify: clean, dump: clean) { try $0.write("LOCK", [1, 2, 3]) },
    ExitCase("no IDENTITY", verify: clean, dump: clean) { try $0.remove("IDENTITY") },
    ExitCase("rubbish in OPTIONS", verify: clean, dump: clean) {
      try $0.write("OPTIONS-000007", Array("[Version]\n\u{1B}[31mwal_dir=/etc".utf8))
    },
    ExitCase("names that steer terminals", verify: clean, dump: clean) {
      try $0.write("\u{1B}[31m.txt", [])
      try $0.write("\u{202E}gnp.sst.txt", [])
    },
  ]

  private static let manifests: [ExitCase] =
    [
      ExitCase("a flipped MANIFEST", verify: found("manifest.record", manifest), dump: incomplete) {
        try $0.flip(manifest, at: 60)
      },
      ExitCase("a torn MANIFEST", verify: found("manifest.tail", manifest), dump: found("manifest.tail", manifest)) {
        try $0.cut(manifest, to: -5)
      },
      ExitCase("an empty MANIFEST", verify: found("manifest.record", manifest), dump: incomplete) {
        try $0.cut(manifest, to: 0)
      },
      ExitCase("no MANIFEST", verify: found("current.dangling", "CURRENT"), dump: incomplete) {
        try $0.remove(manifest)
      },
      ExitCase("text for the MANIFEST", verify: found("manifest.record", manifest), dump: incomplete) {
        try $0.write(manifest, Array("this is no MANIFEST at all, only text".utf8))
      },
      ExitCase("no CURRENT", verify: found("current.dangling", "CURRENT"), dump: incomplete) {
        try $0.remove("CURRENT")
      },
    ]
    + ["", "MANIFEST-000077\n", "MANIFEST-000005", "../../etc/passwd\n", "MANIFEST-000005\n\n", "MANIFEST-+00005\n"].map
  {
    text in
    ExitCase("CURRENT: \(text)", verify: found("current.dangling", "CURRENT"), dump: incomplete) {
      try $0.write("CURRENT", Array(text.utf8))
    }
  }

  private static let logs: [ExitCase] = [
    ExitCase("a torn log", verify: (1, "wal.tail", log), dump: (1, "wal.tail", log)) { try $0.cut(log, to: -3) },
    ExitCase("a flipped log", verify: (1, "wal.", log), dump: (1, "wal.", log)) { try $0.flip(log, at: 20) },
    ExitCase("an empty log", verify: clean, dump: clean) { try $0.cut(log, to: 0) },
  ]

  private static let names: [ExitCase] = [
    ExitCase(
      "a family's table", verify: found("block.checksum", "000009.sst"), dump: (1, "block.checksum", nil),
      fixture: "main-cfs"
    ) {
      try $0.flip("000009.sst", at: 3)
    }
  ]
}
