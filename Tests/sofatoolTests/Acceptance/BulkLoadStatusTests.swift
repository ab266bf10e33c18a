/// How a load ends: what is said, and that nothing is left behind where it failed.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct BulkLoadStatusTests {
  struct Load: Sendable {
    var text: String
    var options: [String]
    var status: Int32
    var says: String
    var name = "rows.csv"
  }

  private static let loads: [Load] = [
    Load(text: "id,v\n2,a\n1,b\n", options: ["--key", "id"], status: 0, says: "2 rows read = 2 written"),
    Load(text: "id,v\n", options: ["--key", "id"], status: 0, says: "0 rows read"),
    Load(text: "id,v\r\n1,\"a\r\nb\"\r\n", options: ["--key", "id"], status: 0, says: "1 rows read"),
    Load(text: "\u{FEFF}id,v\n1,a", options: ["--key", "id"], status: 0, says: "1 rows read"),
    Load(text: "", options: ["--key", "id"], status: 3, says: "line 1"),
    Load(text: "id,v\nx,a\n", options: ["--key", "u64be(id)"], status: 3, says: "line 2"),
    Load(
      text: "id,v\n1,a\nx,a\n", options: ["--key", "u64be(id)", "--max-errors", "1"], status: 1, says: "1 rejected"),
    Load(text: "id,v\nx,a\ny,a\n", options: ["--key", "u64be(id)", "--max-errors", "1"], status: 3, says: "line 3"),
    Load(text: "id,v\n1,a,c\n", options: ["--key", "id"], status: 3, says: "3 fields"),
    Load(text: "id,v\n1,\"a\n", options: ["--key", "id"], status: 3, says: "never closed"),
    Load(text: "id,v\n1,a\n1,b\n", options: ["--key", "id"], status: 3, says: "line 3: the same key as line 2"),
    Load(
      text: "id,v\n1,a\n1,b\n", options: ["--key", "id", "--duplicates", "last"], status: 0, says: "1 duplicates"),
    Load(text: "id,v\n1,a\n", options: ["--key", "nosuch"], status: 2, says: "no column 'nosuch'"),
    Load(text: "id,id\n1,a\n", options: ["--key", "id"], status: 2, says: "several columns"),
    Load(text: "\u{1B}[31m,v\n1,a\n", options: ["--key", "id"], status: 2, says: "there are \\x1b[31m, v"),
    Load(text: "{\"id\":1}\n{\"id\":\n", options: ["--key", "id"], status: 3, says: "line 2", name: "rows.ndjson"),
    Load(text: "not JSON\n", options: ["--key", "id"], status: 3, says: "line 1", name: "rows.ndjson"),
  ]

  @Test(arguments: loads)
  func ends(load: Load) throws {
    let scratch = try ScratchDatabase()
    let file = scratch.beside(load.name)
    try Data(load.text.utf8).write(to: URL(fileURLWithPath: file))
    for destination in ["-o", "--into"] {
      let run = ToolRun(["bulk-load"] + load.options + [file, destination, scratch.path])
      #expect(run.status.code == load.status, "\(run.errors)")
      #expect((run.output + run.errors).contains(load.says), "\(run.output)\(run.errors)")
      #expect(!(run.output + run.errors).contains("\u{1B}"))
      let isMade = load.status < 2
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: scratch.folder).sorted() == (isMade ? ["db"] : []) + [
          load.name
        ])
      guard isMade else { continue }
      if destination == "--into" { #expect(ToolRun("verify", "-q", scratch.path).status == .ok) }
      // Nobody's directory is written into, unless it is empty.
      if try !FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty {
        let before = try scratch.picture()
        #expect(ToolRun(["bulk-load"] + load.options + [file, destination, scratch.path]).status == .refused)
        #expect(try scratch.picture() == before)
      }
      try FileManager.default.removeItem(atPath: scratch.path)
    }
  }

  @Test(arguments: ["/dev/null", "/dev/zero", "PIPE", "LINK", "nothing.csv"])
  func inputsThatAreNoFiles(input: String) throws {
    let scratch = try ScratchDatabase()
    #expect(mkfifo(scratch.beside("pipe.csv"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(atPath: scratch.beside("link.csv"), withDestinationPath: "/dev/zero")
    let path = ["PIPE": scratch.beside("pipe.csv"), "LINK": scratch.beside("link.csv")][input] ?? input
    let run = ToolRun("bulk-load", "--key", "id", path, "-o", scratch.path)
    #expect(run.status == .refused)
    #expect(!FileManager.default.fileExists(atPath: scratch.path))
  }

  /// Unsorted and several times as large as the memory: sorted tables, and a ledger that adds up.
  @Test func unsortedRowsBeyondTheMemory() throws {
    let scratch = try ScratchDatabase()
    var random = SeededRandom(seed: 11)
    var text = "id,v\n"
    let filler = String(repeating: "v", count: 400)
    for index in 0..<50_000 { text += "\((index &* 7_919) % 50_000),\(random.next())\(filler)\n" }
    text += "1,again\n"
    let file = scratch.beside("rows.csv")
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    let run = ToolRun(
      "bulk-load", "--key", "u64be(id)", "--value", "v", "--memory", "8MiB", "--duplicates", "first", "--json", file,
      "--into", scratch.path)
    #expect(run.status == .ok, "\(run.errors)")
    let ledger = try JSONSerialization.jsonObject(with: Data(run.bytes)) as? [String: Any]
    #expect(ledger?["rows_read"] as? Int == 50_001)
    #expect(ledger?["rows_written"] as? Int == 50_000)
    #expect(ledger?["duplicates"] as? Int == 1)
    #expect(ledger?["bytes_spilled"] as? Int ?? 0 > 8 << 20)
    #expect(ToolRun("verify", "-q", scratch.path).status == .ok)
    let keys = ToolRun("dump", "--keys-only", "--key-format", "u64be", scratch.path)
    #expect(keys.output == (0..<50_000).map { "\($0)\n" }.joined())
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder).sorted() == ["db", "rows.csv"])
  }
}
