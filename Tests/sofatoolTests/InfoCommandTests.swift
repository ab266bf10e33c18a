import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

@Suite struct InfoCommandTests {
  private static func listing(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
      let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
      return "\(name) \(attributes[.size] ?? 0) \(attributes[.modificationDate] ?? 0)"
    }
  }

  private static func records(_ run: ToolRun) throws -> [[String: Any]] {
    try run.lines.map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  private static func path(_ fixture: String) throws -> String { try FixtureDatabase(fixture).path }

  @Test(arguments: FixtureDatabase.all) func everyFixture(fixture: FixtureDatabase) throws {
    let before = try InfoCommandTests.listing(fixture.path)
    let text = ToolRun("info", fixture.path)
    let json = ToolRun("info", "--json", fixture.path)
    #expect(text.status.code == 0 || text.status.code == 1)
    #expect(text.errors.isEmpty && json.errors.isEmpty)
    for byte in text.bytes { #expect(byte == 0x0A || byte >= 0x20) }
    let records = try InfoCommandTests.records(json)
    #expect(records.allSatisfy { $0["schema"] as? Int == 1 })
    #expect(records.first?["record"] as? String == "info")
    #expect(records.last?["record"] as? String == "summary")
    #expect(records.last?["exit_status"] as? Int == Int(text.status.code))
    let tables = records.filter { $0["record"] as? String == "table" }
    let sums = try #require(records.first?["tables"] as? [String: Any])
    #expect(sums["files"] as? Int == tables.count)
    #expect(sums["bytes"] as? Int == tables.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) })
    #expect(tables.allSatisfy { $0["from"] == nil && $0["to"] == nil })
    let hasFindings = records.contains {
      $0["record"] as? String == "finding" && $0["severity"] as? String != "info"
    }
    #expect(hasFindings == (text.status == .findings))
    #expect(try InfoCommandTests.listing(fixture.path) == before)
  }

  @Test func theScreenSaysWhatMatters() throws {
    let run = ToolRun("info", try InfoCommandTests.path("main-levels"))
    #expect(run.status == .ok)
    for part in [
      ": RocksDB database\n", "  opens with     RocksDB 10.4 and newer (format_version 7)\n",
      "  L6         2  12.2 KiB      420          0  0          2026-11-22T10:48:50Z\n",
      "logs: 1 to replay, 727 B, 10 entries that no table has\n",
    ] { #expect(run.output.contains(part), "\(run.output)") }
    let old = ToolRun("info", try InfoCommandTests.path("l123-levels"))
    #expect(old.output.contains("opens with     LevelDB; RocksDB 4.1 or newer, before 11.0 (format_version 0)\n"))
  }

  @Test func oneTable() throws {
    let path = try InfoCommandTests.path("main-levels") + "/000014.sst"
    let run = ToolRun("info", path)
    #expect(run.status == .ok && run.output.hasPrefix("\(path): a table of RocksDB\n"))
    let records = try InfoCommandTests.records(ToolRun("info", "--json", "--show-keys", path))
    #expect(records.count == 3)
    #expect(records[1]["from"] as? String == "key000000" && records[1]["to"] as? String == "key000419")
  }

  @Test func damageSetsTheStatus() throws {
    let scratch = try TemporaryDirectory()
    let path = scratch.path + "/db"
    try FileManager.default.copyItem(atPath: try InfoCommandTests.path("main-levels"), toPath: path)
    try FileManager.default.removeItem(atPath: path + "/CURRENT")
    try FileManager.default.removeItem(atPath: path + "/000014.sst")
    let run = ToolRun("info", path)
    #expect(run.status == .findings)
    #expect(run.output.contains("damaged RocksDB database"))
    #expect(run.output.contains("error: current.dangling"))
    #expect(run.output.contains("error: file.missing: 000014.sst"))
    #expect(ToolRun("info", path, try InfoCommandTests.path("main-levels")).status == .findings)
  }

  @Test func wrongPathsAndOptions() throws {
    let scratch = try TemporaryDirectory()
    #expect(ToolRun("info", scratch.path + "/nothing").status == .refused)
    #expect(ToolRun("info", scratch.path).status == .refused)
    #expect(ToolRun("info").status == .usage)
    #expect(ToolRun("info", "--overwrite", scratch.path).status == .usage)
    #expect(ToolRun("info", "--html", scratch.path + "/map.html", scratch.path).status == .refused)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  // MARK: The page

  private func page(_ arguments: String...) throws -> String {
    let scratch = try TemporaryDirectory()
    let run = ToolRun(["info", "--html", scratch.path + "/map.html"] + arguments)
    #expect(run.status.code <= 1, "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["map.html"])
    return try String(contentsOfFile: scratch.path + "/map.html", encoding: .utf8)
  }

  @Test(arguments: ["main-levels", "l123-customcmp", "r783-cfs", "r783-sst", "sofadb-go-engine", "r783-empty"])
  func thePageHoldsEverything(fixture: String) throws {
    let page = try page(try InfoCommandTests.path(fixture))
    #expect(page.hasPrefix("<!doctype html>\n") && page.hasSuffix("</html>\n"))
    for word in ["http:", "https:", "src=", "href=", "url(", "@import"] { #expect(!page.contains(word)) }
    let start = try #require(page.range(of: "id=\"tables\">"))
    let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
    let data = Data(page[start.upperBound..<end.lowerBound].utf8)
    let tables = try #require(try JSONSerialization.jsonObject(with: data) as? [[Any]])
    let report = try Inspect(PosixFileSystem().readableDirectory(at: InfoCommandTests.path(fixture))).run()
    #expect(tables.count == report.tables.count)
    for index in tables.indices { #expect(page.contains("data-i=\"\(index)\"")) }
    #expect(page.components(separatedBy: "<rect ").count - 1 == tables.count)
    #expect(!page.contains("key000"))
  }

  @Test func keysAppearWhenAskedFor() throws {
    #expect(try page("--show-keys", try InfoCommandTests.path("main-levels")).contains("key000419"))
  }

  @Test func namesAreText() throws {
    let scratch = try TemporaryDirectory()
    let name = "<img onerror='x' \"&.sst"
    try FileManager.default.copyItem(
      atPath: try InfoCommandTests.path("main-levels") + "/000014.sst", toPath: scratch.path + "/" + name)
    let page = try page(scratch.path)
    #expect(!page.contains("<img"))
    #expect(page.contains("&lt;img onerror=&#39;x&#39; &quot;&amp;.sst"))
    #expect(page.contains("\\u003cimg"))
  }

  @Test func thePageIsReplacedOnlyWhenAskedFor() throws {
    let scratch = try TemporaryDirectory()
    let file = scratch.path + "/map.html"
    let path = try InfoCommandTests.path("main-basic")
    #expect(ToolRun("info", "--html", file, path).status == .ok)
    #expect(ToolRun("info", "--html", file, path).status == .refused)
    #expect(ToolRun("info", "--html", file, "--overwrite", path).status == .ok)
  }
}
