/// What operators of LSM databases ran into with other tools, one named test each.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct FieldAcceptanceTests {
  /// The blocks of r783-levels' table 000010.sst, of 8060 bytes.
  private static let table = "000010.sst"
  private static let blocks: [(block: String, offset: Int, start: Int)] = [
    ("data", 1300, 1066), ("filter", 6600, 6517), ("index", 6900, 6847), ("properties", 7200, 7028),
    ("metaindex", 7950, 7921), ("footer", 8059, 8052),
  ]

  private func records(_ run: ToolRun) throws -> [[String: Any]] {
    try run.lines.map { line in
      let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(record)
    }
  }

  @Test func aFlippedByteInADataBlockIsFoundWithItsPlaceAndKeys() throws {
    let database = try ScratchDatabase("r783-levels")
    try database.flip(Self.table, at: 1300)
    let run = ToolRun("verify", "--json", "--show-keys", database.path)
    #expect(run.status == .findings)
    let found = try records(run)
    #expect(found.count == 2)
    let finding = try #require(found.first)
    #expect(finding["code"] as? String == "block.checksum")
    #expect(finding["file"] as? String == Self.table)
    #expect(finding["offset"] as? Int == 1066)
    #expect(finding["length"] as? Int == 544)
    #expect(finding["block"] as? String == "data")
    #expect(finding["from"] as? String == "key000037")
    #expect(finding["to"] as? String == "key000057")
    let summary = try #require(found.last)
    #expect(summary["record"] as? String == "summary")
    #expect(summary["exit_status"] as? Int == 1)
  }

  @Test func aFlippedByteInEachKindOfBlockIsFoundAndNamed() throws {
    for place in Self.blocks {
      let database = try ScratchDatabase("r783-levels")
      try database.flip(Self.table, at: place.offset)
      for level in ["blocks", "full"] {
        let run = ToolRun("verify", "--json", "--level", level, database.path)
        #expect(run.status == .findings)
        let finding = try #require(try records(run).first)
        #expect(finding["block"] as? String == place.block)
        #expect(finding["offset"] as? Int == place.start)
        #expect(finding["file"] as? String == Self.table)
      }
    }
  }

  /// Partitions of indexes and filters are blocks as well.
  @Test(arguments: [
    (23_000, "filter", 22_780), (23_900, "filter", 23_844), (24_100, "index", 24_064), (24_450, "index", 24_416),
  ])
  func aFlippedByteInAPartitionIsFoundAndNamed(offset: Int, block: String, start: Int) throws {
    let database = try ScratchDatabase("r783-part-fv3")
    try database.flip("000009.sst", at: offset)
    let run = ToolRun("verify", "--json", database.path)
    #expect(run.status == .findings)
    let finding = try #require(try records(run).first)
    #expect(finding["code"] as? String == "block.checksum")
    #expect(finding["block"] as? String == block)
    #expect(finding["offset"] as? Int == start)
    guard block == "index" else { return }
    let dump = ToolRun("dump", "--json", database.path)
    #expect(dump.status == .findings)
    let gap = try #require(try records(dump).first { $0["record"] as? String == "gap" })
    #expect(gap["code"] as? String == "block.checksum")
    #expect(try records(dump).last?["complete"] as? Bool == false)
    #expect(dump.errors.contains("(index)"), "\(dump.errors)")
  }

  @Test func aDumpPastABadBlockHasTheGoodKeysAGapAndAnIncompleteTrailer() throws {
    let database = try ScratchDatabase("r783-levels")
    let whole = Set(ToolRun("dump", "--json", database.path).lines.dropFirst().dropLast())
    try database.flip(Self.table, at: 1300)
    let run = ToolRun("dump", "--json", database.path)
    #expect(run.status == .findings)
    let all = try records(run)
    let gap = try #require(all.first { $0["record"] as? String == "gap" })
    #expect(gap["file"] as? String == Self.table)
    #expect(gap["offset"] as? Int == 1066)
    #expect(gap["length"] as? Int == 544)
    #expect(gap["from"] as? String == "key000037")
    #expect(gap["to"] as? String == "key000057")
    #expect(gap["code"] as? String == "block.checksum")
    let trailer = try #require(all.last)
    #expect(trailer["record"] as? String == "trailer")
    #expect(trailer["complete"] as? Bool == false)
    // Most keys of the block are in newer tables too; of the others nothing else is missing.
    let kept = run.lines.filter { !$0.contains(#""record""#) }
    #expect(trailer["entries"] as? Int == kept.count)
    #expect(kept.count == 391)
    let lost = whole.subtracting(kept)
    for line in lost {
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let key = try #require(entry?["key"] as? String)
      #expect(key > "key000037" && key <= "key000057")
    }
    // No restoring of half a database by accident.
    let file = database.beside("dump.ndjson")
    try Data(run.bytes).write(to: URL(fileURLWithPath: file))
    let load = ToolRun("bulk-load", "--input-format", "dump", file, "--into", database.beside("copy"))
    #expect(load.status != .ok)
    #expect(!FileManager.default.fileExists(atPath: database.beside("copy")))
  }

  @Test func theGapOfAnUnreadableTableIsNamedAfterItsCause() throws {
    for place in Self.blocks.dropFirst(2) {
      let database = try ScratchDatabase("r783-levels")
      try database.flip(Self.table, at: place.offset)
      let run = ToolRun("dump", "--json", database.path)
      #expect(run.status == .findings)
      let gap = try #require(try records(run).first { $0["record"] as? String == "gap" })
      #expect(gap["code"] as? String == (place.block == "footer" ? "table.not-a-table" : "block.checksum"))
      // All of the table is lost.
      #expect(gap["offset"] as? Int == 0)
      #expect(gap["length"] as? Int == 8060)
      #expect(gap["from"] as? String == "key000000")
      #expect(run.errors.contains("(\(place.block))"), "\(run.errors)")
      #expect(run.errors.contains(" at \(place.start)"), "\(run.errors)")
    }
  }

  @Test func boundsWithSpacesAreHonoured() throws {
    let path = Fixtures.path("databases/r783-levels/db")
    let expected: [Substring] = ["key000003", "key000004"]
    #expect(ToolRun("dump", path, "--keys-only", "--from", "key000003", "--to", "key000006").lines == expected)
    #expect(ToolRun("dump", path, "--keys-only", "--from=key000003", "--to=key000006").lines == expected)
    #expect(ToolRun("dump", "--from", "key000425", "--count", path).output == "5\n")
  }

  @Test func hexDigitsWithoutAPrefixAreTextAndWrongOnesArePointedAt() throws {
    let path = Fixtures.path("databases/r783-levels/db")
    // "6b" is a text of two characters before every "key..."; 0x6b is the byte.
    #expect(
      ToolRun("dump", "--hex", "--keys-only", "--from=6b", "--limit", "1", path).output == "0x6b6579303030303030\n")
    #expect(ToolRun("dump", "--hex", "--keys-only", "--from=0x6c", path).output == "")
    for wrong in ["0x6", "0x6g", "hex:6", "base64:a2=U", "\\x1"] {
      let run = ToolRun("dump", "--hex", "--from=\(wrong)", path)
      #expect(run.status == .usage)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("^"))
    }
  }

  @Test func aMistypedPathEndsWithStatusFourAndCreatesNothing() throws {
    let database = try ScratchDatabase()
    let path = database.beside("mistyped")
    for arguments in [
      ["verify", path], ["verify", path + "/db", "--level", "quick"], ["dump", path], ["dump", "--layout", path],
      ["dump", "--properties", path], ["dump", "--wal", path], ["dump", "--manifest", path],
      ["dump", "--find", "a", path],
      ["dump", "--internal", "--db", path], ["bulk-load", "--key", "a", path, "-o", database.beside("out")],
      ["bulk-load", "--input-format", "dump", path, "--into", database.beside("out")],
      ["repair", path], ["repair", "--apply", path], ["compact", path], ["compact", "--plan", path],
      ["convert-compression", "--to", "lz4", path], ["manifest-edit", path],
      ["manifest-edit", "--rebuild", "--apply", path], ["undo", path], ["undo", path, "1"],
      ["undo", "--discard", path, "1"], ["ingest", "--into", database.beside("out"), path],
    ] {
      let run = ToolRun(arguments)
      #expect(run.status == .refused, "\(arguments)")
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("no such"), "\(arguments): \(run.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: database.folder).isEmpty)
  }

  @Test(arguments: ["r783-levels", "r783-cfwals", "l123-wal", "r783-blob", "sofadb-go-engine"])
  func commandsThatReadLeaveAReadOnlyDirectoryAsItWas(fixture: String) throws {
    let database = try ScratchDatabase(fixture)
    try database.setReadOnly(true)
    defer { #expect(throws: Never.self) { try database.setReadOnly(false) } }
    let before = try database.picture()
    let runs = [
      ["verify"], ["verify", "--level", "quick"], ["verify", "--level", "blocks", "--json"], ["dump"],
      ["dump", "--json"], ["dump", "--internal"], ["dump", "--layout"], ["dump", "--properties"],
      ["dump", "--manifest"], ["dump", "--wal"], ["dump", "--find", "key000001"], ["dump", "--count"],
      ["repair"], ["compact", "--plan"], ["convert-compression", "--to", "zstd", "--plan"], ["manifest-edit"],
      ["manifest-edit", "--rebuild"], ["undo", "--list"],
    ]
    for arguments in runs {
      let run = ToolRun(arguments + [database.path])
      if fixture != "sofadb-go-engine" { #expect(run.status == .ok, "\(arguments): \(run.errors)") }
    }
    #expect(try database.picture() == before)
  }

  @Test(arguments: ["l123-levels", "l123-snappy", "l123-none", "r783-fv0-zlib", "r783-fv1-lz4"])
  func tablesOfOldFormatsAreReadAndVerified(name: String) throws {
    let fixture = try #require(FixtureDatabase.all.first { $0.name == name })
    let verify = ToolRun("verify", "--json", fixture.path)
    #expect(verify.status == .ok)
    #expect(verify.lines.count == 1)
    let entries = try #require(fixture.live?.families.first?.entries)
    #expect(ToolRun("dump", "--count", fixture.path).output == "\(entries)\n")
    let database = try ScratchDatabase(name)
    let names = try FileManager.default.contentsOfDirectory(atPath: database.path).sorted()
    let table = try #require(names.first { $0.hasSuffix(".sst") || $0.hasSuffix(".ldb") })
    try database.flip(table, at: 7, 0x20)
    let damaged = ToolRun("verify", database.path)
    #expect(damaged.status == .findings)
    #expect(damaged.output.contains("block.checksum: \(table) at 0+"), "\(damaged.output)")
  }
}
