/// Keys and values are the user's: they do not appear in findings, errors or ledgers unless asked for.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct SecretTests {
  private static let key = "SECRETKEY"
  private static let value = "SECRETVALUE"

  /// 500 rows, every key and value marked, in blocks of 256 bytes that are not compressed.
  private func marked() throws -> ScratchDatabase {
    let database = try ScratchDatabase()
    let rows = (1000..<1500).map { "\(Self.key)\($0),\(Self.value)\($0)" }
    let file = database.beside("rows.csv")
    try Data(("id,secret\n" + rows.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
    let load = ToolRun(
      "bulk-load", "--key", "id", "--value", "secret", "--block-size", "256", "--compression", "none", file, "--into",
      database.path)
    #expect(load.status == .ok)
    #expect(!(load.output + load.errors).contains("SECRET"))
    return database
  }

  @Test func noDamageBringsKeysIntoReports() throws {
    let whole = try marked()
    let names = try FileManager.default.contentsOfDirectory(atPath: whole.path)
    var findings = 0
    for name in names.sorted() {
      let bytes = try whole.bytes(name)
      guard !bytes.isEmpty else { continue }
      for step in 0..<12 {
        var damaged = bytes
        damaged[bytes.count * step / 12] ^= 0x11
        try whole.write(name, damaged)
        for arguments in [["verify"], ["verify", "--json"], ["verify", "--level", "blocks"]] {
          let run = ToolRun(arguments + [whole.path])
          if run.status != .ok { findings += 1 }
          #expect(!(run.output + run.errors).contains("SECRET"), "\(name) at \(step): \(run.output)")
        }
        #expect(!ToolRun("dump", whole.path).errors.contains("SECRET"))
      }
      try whole.write(name, bytes)
    }
    #expect(findings > 30)
  }

  @Test func keysAreShownWhenAskedFor() throws {
    let database = try marked()
    let names = try FileManager.default.contentsOfDirectory(atPath: database.path)
    let table = try #require(names.first { $0.hasSuffix(".sst") })
    try database.flip(table, at: 1000)
    let run = ToolRun("verify", "--json", "--show-keys", database.path)
    #expect(run.output.contains(#""from":"SECRETKEY"#))
    #expect(!run.output.contains(Self.value))
  }

  @Test func badRowsAreNamedByTheirLine() throws {
    let scratch = try ScratchDatabase()
    let file = scratch.beside("rows.csv")
    let bad = [
      ("id,v\n\(Self.key),\(Self.value)\n", "u64be(id)"), ("id,v\n\(Self.key),\(Self.value),\(Self.value)\n", "id"),
      ("id,v\n\(Self.key),a\n\(Self.key),\(Self.value)\n", "id"), ("id,v\n\"\(Self.key),\(Self.value)\n", "id"),
      ("id,v\n\(Self.key),\(Self.value)\n", "time(id)"), ("id,v\n\(Self.key),\(Self.value)\n", "uuid(id)"),
      ("id,v\n\(Self.key),\(Self.value)\n", "hex(v)"),
    ]
    for (text, key) in bad {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      let run = ToolRun("bulk-load", "--key", key, file, "-o", scratch.beside("out"))
      #expect(run.status == .incomplete)
      #expect(run.errors.contains("line "))
      #expect(!(run.output + run.errors).contains("SECRET"), "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder) == ["rows.csv"])
    }
  }
}
