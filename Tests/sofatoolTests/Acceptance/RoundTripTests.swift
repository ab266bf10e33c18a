/// dump, load, dump: the same lines, whatever the bytes; and RocksDB reads the copy like the original.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct RoundTripTests {
  /// The header names where the dump came from; everything else must be the same.
  private static func lines(_ run: ToolRun) -> [Substring] {
    var lines = run.lines
    guard let header = lines.first, let start = header.range(of: #""source":""#) else { return lines }
    let rest = header[start.upperBound...]
    guard let end = rest.range(of: #"",""#) else { return lines }
    lines[0] = header[..<start.lowerBound] + rest[end.upperBound...]
    return lines
  }

  private func expectSameAfterLoading(_ path: String, _ scratch: ScratchDatabase, _ options: [String]) throws {
    let dump = ToolRun(["dump", "--json"] + options + [path])
    #expect(dump.status == .ok, "\(dump.errors)")
    let file = scratch.beside("dump.ndjson")
    try Data(dump.bytes).write(to: URL(fileURLWithPath: file))
    let copy = scratch.beside("copy")
    let load = ToolRun("bulk-load", "--input-format", "dump", file, "--into", copy)
    #expect(load.status == .ok, "\(options): \(load.errors)")
    guard load.status == .ok else { return }
    let again = ToolRun(["dump", "--json"] + options + [copy])
    #expect(again.status == .ok, "\(again.errors)")
    #expect(Self.lines(again) == Self.lines(dump))
    let verify = ToolRun("verify", "--json", copy)
    #expect(verify.status == .ok && verify.lines.count == 1, "\(verify.output)")
    // Under the same name even the header is the same.
    let twin = scratch.beside("elsewhere/" + path.split(separator: "/").last!)
    try FileManager.default.createDirectory(atPath: scratch.beside("elsewhere"), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: copy, toPath: twin)
    #expect(ToolRun(["dump", "--json"] + options + [twin + "/"]).bytes == dump.bytes)
    try FileManager.default.removeItem(atPath: twin)
  }

  /// Puts, deletions, single deletions, merges, range deletions, entities, families, timestamps, other orders.
  @Test(arguments: [
    "r783-merge-append", "r783-merge-u64", "r783-rangedel", "r783-rangedel-wal", "r783-entity", "r783-cfs",
    "r783-single", "r783-levels-rev", "r783-cfwals", "r783-empty", "r783-wal", "r783-blob", "l123-levels", "l123-wal",
    "main-levels", "main-cfs", "r1075-entity", "r984-rangedel",
  ])
  func visibleEntriesOfRealDatabases(fixture: String) throws {
    try expectSameAfterLoading(Fixtures.path("databases/\(fixture)/db"), try ScratchDatabase(), [])
  }

  /// With every version, its sequence number and its tombstones; files and levels are the copy's own.
  @Test(arguments: [
    "r783-merge-append", "r783-rangedel", "r783-entity", "r783-cfs", "r783-single", "r783-levels-rev", "r783-dups",
    "l123-levels",
  ])
  func everyVersion(fixture: String) throws {
    let scratch = try ScratchDatabase()
    let path = Fixtures.path("databases/\(fixture)/db")
    let dump = ToolRun("dump", "--json", "--internal", path)
    let file = scratch.beside("dump.ndjson")
    try Data(dump.bytes).write(to: URL(fileURLWithPath: file))
    let load = ToolRun("bulk-load", "--input-format", "dump", file, "--into", scratch.path)
    #expect(load.status == .ok, "\(load.errors)")
    let again = ToolRun("dump", "--json", "--internal", scratch.path)
    #expect(again.status == .ok, "\(again.errors)")
    #expect(Self.placeless(again) == Self.placeless(dump))
    #expect(ToolRun("verify", "-q", scratch.path).status == .ok)
    #expect(ToolRun("dump", scratch.path).bytes == ToolRun("dump", path).bytes)
  }

  /// The lines without file and level, in an order that does not depend on those.
  private static func placeless(_ run: ToolRun) -> [String] {
    let places = ["\"file\":", "\"level\":"]
    return lines(run).map { line in
      let members = line.replacing("}", with: "").split(separator: ",")
      return members.filter { member in !places.contains { member.hasPrefix($0) } }.joined(separator: ",")
    }.sorted()
  }

  /// Museum H11: a dump ended at the first byte that it could not print.
  @Test func valuesThatBreakOtherFormats() throws {
    let scratch = try ScratchDatabase()
    let values: [[UInt8]] = [
      Array("two\nlines".utf8), [0], [0, 0, 0], Array("a ==> b".utf8), Array("\\".utf8), Array("\\x41".utf8), [],
      Array("\"quoted\"".utf8), Array("0x41".utf8), Array("\u{1B}[31mred".utf8), Array("\u{202E}gnp".utf8),
      [0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80], Array("é\u{301}漢字😀".utf8), Array(" spaces\t".utf8),
      [UInt8](0...255), Array("\r\n".utf8), Array("{\"record\":\"trailer\"}".utf8), Array("base64:AA==".utf8),
    ]
    var rows = "k,v\n"
    for (index, value) in values.enumerated() {
      // Every value is a key too.
      rows += "\(Self.hex(value + [UInt8(index)])),\(Self.hex(value))\n"
    }
    let file = scratch.beside("rows.csv")
    try Data(rows.utf8).write(to: URL(fileURLWithPath: file))
    let load = ToolRun("bulk-load", "--key", "hex(k)", "--value", "hex(v)", file, "--into", scratch.path)
    #expect(load.status == .ok, "\(load.errors)")
    try expectSameAfterLoading(scratch.path, scratch, [])
    try expectSameAfterLoading(scratch.path, scratch, ["--hex"])
    try expectSameAfterLoading(scratch.path, scratch, ["--key-format", "base64", "--value-format", "hex"])
    // Byte by byte.
    let pairs: [[String]] = ToolRun("dump", "--hex", scratch.path).lines.map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0).replacing("0x", with: "") }
    }
    let expected = values.enumerated().map { [Self.hex($1 + [UInt8($0)]), Self.hex($1)] }
    #expect(pairs.count == expected.count)
    for pair in expected { #expect(pairs.contains(pair), "\(pair)") }
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: 1...3)
  func randomOperationsReadAlikeByRocksDB(seed: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let scratch = try ScratchDatabase()
    var random = SeededRandom(seed: UInt64(seed))
    var operations: [String] = []
    for index in 0..<2000 {
      let key = Self.hex(
        (0..<Int.random(in: 1...3, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
      let length = Int.random(in: 1...40, using: &random)
      let value = Self.hex((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<12: operations.append("put \(key) \(value)")
      case 12..<15: operations.append("merge \(key) \(value)")
      case 15..<18: operations.append("del \(key)")
      case 18: operations.append("range \(key) \(key)ff")
      default: operations.append(index % 3 == 0 ? "flush" : "cf \(index % 2 == 0 ? "default" : "other")")
      }
    }
    let original = try oracle.make(scratch.path, operations, ["merge=stringappend"])
    let dump = ToolRun("dump", "--json", scratch.path)
    #expect(dump.status == .ok, "\(dump.errors)")
    let file = scratch.beside("dump.ndjson")
    try Data(dump.bytes).write(to: URL(fileURLWithPath: file))
    let copy = scratch.beside("copy")
    let load = ToolRun("bulk-load", "--input-format", "dump", file, "--into", copy)
    #expect(load.status == .ok, "\(load.errors)")
    #expect(try oracle.families("digest", copy, ["merge=stringappend"]) == original)
    try FileManager.default.removeItem(atPath: copy)
    try expectSameAfterLoading(scratch.path, scratch, [])
  }

  /// Half a dump is no database.
  @Test func aDumpWithoutItsTrailerIsRefused() throws {
    let scratch = try ScratchDatabase()
    let whole = ToolRun("dump", "--json", Fixtures.path("databases/r783-levels/db")).bytes
    let file = scratch.beside("dump.ndjson")
    let lines = whole.split(separator: 0x0A).map { Array($0) + [0x0A] }
    let damaged: [[UInt8]] = [
      Array(whole.dropLast(1)).dropLast(40), lines.dropLast().flatMap { $0 }, lines.dropFirst().flatMap { $0 },
      (lines[..<100] + lines[101...]).flatMap { $0 }, (lines[..<100] + lines[99...]).flatMap { $0 }, [],
      (lines + [lines[5]]).flatMap { $0 },
    ]
    for bytes in damaged {
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      let load = ToolRun("bulk-load", "--input-format", "dump", file, "--into", scratch.path)
      #expect(load.status == .incomplete, "\(load.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder) == ["dump.ndjson"])
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
