/// `verify --content-digest`: what readers see, as one number, the same as dump's trailer and bulk-load's ledger.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct VerifyContentTests {
  struct Content {
    var value: String?
    var entries: Int?
    var isComplete: Bool?
    var families: [[String: Any]] = []
    var status: Int?

    init(_ run: ToolRun) throws {
      let last = try #require(run.lines.last.map(String.init))
      let summary = try #require(JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
      status = summary["exit_status"] as? Int
      let content = try #require(summary["content"] as? [String: Any])
      #expect(content["algorithm"] as? String == "xxh3-128-sum")
      value = content["value"] as? String
      entries = content["entries"] as? Int
      isComplete = content["complete"] as? Bool
      families = content["families"] as? [[String: Any]] ?? []
    }
  }

  @Test(arguments: FixtureDatabase.all.filter { $0.damage == nil && !$0.name.hasPrefix("sofadb-go") })
  func agreesWithDump(fixture: FixtureDatabase) throws {
    let content = try Content(ToolRun("verify", "--level", "quick", "--json", "--content-digest", fixture.path))
    // What nobody here can put in order, or decompress, has no digest.
    guard !fixture.name.contains("customcmp"), !fixture.name.contains("bzip2") else {
      #expect(content.isComplete == false && content.status != 0)
      return
    }
    let dump = try DumpRecords(ToolRun("dump", "--json", fixture.path).output)
    #expect(content.value == dump.trailerDigest)
    #expect(content.entries == dump.trailer?["entries"] as? Int)
    #expect(content.isComplete == dump.trailer?["complete"] as? Bool)
  }

  @Test func familiesAddUp() throws {
    let path = Fixtures.path("databases/r783-cfs/db")
    let content = try Content(ToolRun("verify", "--json", "--content-digest", "-j", "3", path))
    #expect(content.status == 0 && content.isComplete == true)
    #expect(content.families.count > 1)
    for family in content.families {
      let name = try #require(family["cf"] as? String)
      let dump = try DumpRecords(ToolRun("dump", "--json", "--cf", name, path).output)
      #expect(family["value"] as? String == dump.trailerDigest)
      #expect(family["entries"] as? Int == dump.entries.count)
    }
    let text = ToolRun("verify", "--content-digest", path)
    #expect(text.output.contains("content xxh3-128-sum:\(content.value ?? "")"))
    #expect(text.lines.filter { $0.hasPrefix("content of ") }.count == content.families.count)
    let quiet = ToolRun("verify", "-q", "--content-digest", path)
    #expect(quiet.output.isEmpty && quiet.errors.isEmpty && quiet.status == .ok)
  }

  @Test func agreesWithTheLedgerOfALoad() throws {
    let scratch = try ScratchDatabase()
    let rows = scratch.beside("rows.csv")
    try Data(("id,name\n" + (0..<500).map { "\($0),name \($0)\n" }.joined()).utf8).write(to: URL(fileURLWithPath: rows))
    let load = ToolRun("bulk-load", "--key", "id", rows, "--into", scratch.path)
    #expect(load.status == .ok, "\(load.errors)")
    let content = try Content(ToolRun("verify", "--json", "--content-digest", scratch.path))
    #expect(content.entries == 500)
    #expect((load.output + load.errors).contains("xxh3-128-sum:\(content.value ?? "-")"))
  }

  @Test func damageMakesItIncomplete() throws {
    let database = try ScratchDatabase("r783-levels")
    try database.flip("000010.sst", at: 100)
    let damaged = try Content(ToolRun("verify", "--json", "--content-digest", database.path))
    #expect(damaged.status == 1 && damaged.isComplete == false)
    let text = ToolRun("verify", "--level", "quick", "--content-digest", database.path)
    // The quick look finds nothing; the digest met the damage.
    #expect(text.status == .incomplete)
    #expect(text.output.contains("entries, incomplete"))
    try database.remove("CURRENT")
    let lost = try Content(ToolRun("verify", "--json", "--content-digest", database.path))
    #expect(lost.status == 1 && lost.isComplete == false && lost.entries == 0)
  }
}
