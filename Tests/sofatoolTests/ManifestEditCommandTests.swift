/// `manifest-edit` as it is called: what it prints, its statuses, and that nothing changes without --apply.
import CommandKit
import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

@Suite struct ManifestEditCommandTests {
  @Test func theStateIsShownAndChecked() throws {
    let path = try FixtureDatabase("r783-levels").path
    let run = ToolRun("manifest-edit", path)
    #expect(run.status == .ok && run.errors.isEmpty)
    #expect(run.lines.first?.hasSuffix(": MANIFEST-000005, 16 edits") == true)
    #expect(run.output.contains("\n  L1 000017.sst, 3451 bytes, seq 608..677, created"))
    #expect(!run.output.contains("key0"))
    #expect(ToolRun("manifest-edit", "--show-keys", "--db", path).output.contains("key0"))
    let json = ToolRun("manifest-edit", path, "--json")
    #expect(json.lines.first?.hasPrefix("{\"record\":\"state\",\"schema\":1,") == true)
    #expect(json.lines.last?.contains("\"verdict\":\"ok\",\"exit_status\":0") == true)
    #expect(!json.output.contains("smallest"))
  }

  @Test func aPlanChangesNothing() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let before = try scratch.picture()
    let run = ToolRun("manifest-edit", scratch.path, "--drop-file", "17", "--set=last-sequence=800")
    #expect(run.status == .ok)
    #expect(run.output.contains("\n- default L1 000017.sst, 3451 bytes"))
    #expect(run.output.contains("\n  default: 65 keys show an older version\n"))
    #expect(run.lines.last == "nothing was changed: --apply commits it")
    let stale = ToolRun("manifest-edit", scratch.path, "--move-file", "21:4", "--json")
    #expect(stale.status == .findings && stale.output.contains("\"code\":\"level.sequence\""))
    #expect(stale.output.contains("\"obstacles\":1"))
    #expect(try scratch.picture() == before)
    // Also where nothing could be written.
    try scratch.setReadOnly(true)
    defer { do { try scratch.setReadOnly(false) } catch { Issue.record(error) } }
    #expect(ToolRun("manifest-edit", scratch.path, "--drop-file", "17").status == .ok)
  }

  @Test func anAppliedEditIsCommitted() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let run = ToolRun("manifest-edit", scratch.path, "--drop-file", "17", "--apply")
    #expect(run.status == .ok && run.errors.isEmpty)
    #expect(run.lines.last == "committed as 1-manifest-edit; `sofatool undo` brings the state before it back")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("000017.sst")))
    #expect(ToolRun("verify", "-q", scratch.path).status == .ok)
    let old = scratch.file("sofatool.undo/1-manifest-edit/old/MANIFEST-000005")
    let difference = ToolRun("manifest-edit", scratch.path, "--diff", old)
    #expect(difference.status == .findings)
    #expect(difference.lines.count == 2 && difference.lines[1].hasPrefix("- default L1 000017.sst"))
    let other = ToolRun("manifest-edit", scratch.path, "--diff", try FixtureDatabase("r783-levels").path, "--json")
    #expect(other.output.contains("\"what\":\"table\",\"change\":\"dropped\",\"cf\":\"default\",\"number\":17"))
    #expect(ToolRun("manifest-edit", scratch.path, "--diff", scratch.path).output == "no difference\n")
    let json = ToolRun("manifest-edit", scratch.path, "--move-file=10:5", "--apply", "--json")
    #expect(
      json.status == .ok && json.output.contains("{\"record\":\"change\",\"schema\":1,\"id\":\"2-manifest-edit\"}"))
  }

  @Test func whatBreaksARuleNeedsForce() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let before = try scratch.picture()
    let refused = ToolRun("manifest-edit", scratch.path, "--move-file", "21:4", "--apply")
    #expect(refused.status == .refused && refused.lines.last == "nothing was changed")
    #expect(refused.errors.contains("--force-invalid"))
    #expect(try scratch.picture() == before)
    let forced = ToolRun("manifest-edit", scratch.path, "--move-file", "21:4", "--apply", "--force-invalid")
    #expect(forced.status == .findings && forced.output.contains("committed as 1-manifest-edit"))
    #expect(ToolRun("manifest-edit", scratch.path).status == .ok, "tables of one level are apart")
    #expect(ToolRun("verify", "-q", scratch.path).status == .findings)
  }

  @Test func aScriptIsRead() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let script = scratch.beside("plan.medit")
    try "# out with it\ndrop-file 17\n--set last-sequence=900 # higher\n".write(
      toFile: script, atomically: true, encoding: .utf8)
    let run = ToolRun("manifest-edit", scratch.path, "--script", script, "--move-file", "10:5", "--apply")
    #expect(run.status == .ok, "\(run.errors)")
    let state = ToolRun("manifest-edit", scratch.path).output
    #expect(state.contains("last-sequence 900") && state.contains("L5 000010.sst") && !state.contains("000017"))
    try "drop-file 21\nmove-file 14\n".write(toFile: script, atomically: true, encoding: .utf8)
    let wrong = ToolRun("manifest-edit", scratch.path, "--script", script, "--apply")
    #expect(wrong.status == .usage && wrong.errors.contains("line 2: move-file: not FILE:LEVEL"))
  }

  private static let wrong: [([String], CommandKit.ExitStatus)] = [
    (["--drop-file", "x"], .usage), (["--drop-file"], .usage), (["--drop-file", "99"], .usage),
    (["--move-file", "17"], .usage), (["--move-file", "17:64"], .usage), (["--move-file", "17:7"], .usage),
    (["--move-file", "17:1"], .usage), (["--add-file", "17"], .usage), (["--add-file", "98"], .usage),
    (["--set", "x=1"], .usage), (["--set", "next-file=5"], .usage), (["--set", "last-sequence=-1"], .usage),
    (["--drop-family", "default"], .usage), (["--drop-family", "nobody"], .usage), (["--at-edit", "0"], .usage),
    (["--at-edit", "99"], .usage), (["--at-edit", "1"], .usage), (["--script", "/nonexistent"], .refused),
    (["--diff", "@99"], .usage), (["--diff", "@"], .usage), (["--diff", "/nonexistent"], .refused),
    (["--diff", "@3", "--drop-file", "17"], .usage), (["--force-invalid"], .usage), ([], .usage),
    (["--drop-file", "17", "--drop-file", "17"], .usage), (["--move-file", "10:3"], .refused),
  ]

  @Test(arguments: wrong.indices)
  func aWrongEditChangesNothing(_ index: Int) throws {
    let (arguments, status) = Self.wrong[index]
    let scratch = try ScratchDatabase("r783-levels")
    let before = try scratch.picture()
    let apply = arguments.contains("--diff") || arguments.contains("--force-invalid") ? [] : ["--apply"]
    let run = ToolRun(["manifest-edit", scratch.path] + apply + arguments)
    #expect(run.status == status && !run.errors.isEmpty, "\(arguments): \(run.status) \(run.errors)")
    // LOCK may have been touched, nothing else.
    #expect(
      try scratch.picture().filter { !$0.hasPrefix(" ") && !$0.hasPrefix("db ") }
        == before.filter { !$0.hasPrefix(" ") && !$0.hasPrefix("db ") })
  }

  @Test func whatIsNoDatabaseIsRefused() throws {
    let scratch = try ScratchDatabase("r783-levels")
    for apply in [[], ["--apply"]] {
      #expect(ToolRun(["manifest-edit", scratch.path + "x", "--drop-file", "1"] + apply).status == .refused)
      let loose = try FixtureDatabase("r783-sst").path
      #expect(ToolRun(["manifest-edit", loose, "--drop-file", "1"] + apply).status == .usage)
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "x"))
  }

  /// rocksdb R:1129, as the command sees it: no CURRENT, and a table is gone.
  @Test func museumH12ABrokenDatabaseIsEdited() throws {
    let scratch = try ScratchDatabase("r1075-levels")
    let level = ToolRun("manifest-edit", scratch.path).lines.first { $0.contains("  L3 ") }
    let name = try #require(level?.split(separator: " ")[1].dropLast())
    try scratch.remove("CURRENT")
    try scratch.remove(String(name))
    let shown = ToolRun("manifest-edit", scratch.path)
    #expect(shown.status == .findings)
    #expect(shown.output.contains("error: current.dangling") && shown.output.contains("error: file.missing: \(name)"))
    let run = ToolRun("manifest-edit", scratch.path, "--drop-file", String(name), "--apply")
    #expect(run.status == .findings && run.output.contains("committed as 1-manifest-edit"), "\(run.errors)")
    #expect(ToolRun("manifest-edit", scratch.path).status == .ok)
    #expect(ToolRun("verify", "-q", scratch.path).status == .ok)
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func anOpenDatabaseIsLeftAlone() throws {
    guard let oracle = RocksOracle.shared else { return }
    let scratch = try ScratchDatabase()
    let writer = try HeldDatabase(scratch.path, oracle)
    try writer.write((0..<200).map { "put \(hex("key\($0)")) \(hex("value"))" })
    let state = ToolRun("manifest-edit", scratch.path)
    #expect(state.status == .ok, "\(state.output)\(state.errors)")
    let table = try #require(state.lines.first { $0.contains("  L0 ") }?.split(separator: " ")[1].dropLast())
    let before = try scratch.picture()
    let run = ToolRun("manifest-edit", scratch.path, "--drop-file", String(table), "--apply")
    #expect(run.status == .refused && run.errors.contains("\(writer.processID)"), "\(run.status) \(run.errors)")
    #expect(try scratch.picture() == before)
    #expect(try writer.close() == 0)
    #expect(ToolRun("manifest-edit", scratch.path, "--drop-file", String(table), "--apply").status == .ok)
    #expect(ToolRun("dump", "--count", scratch.path).output == "0\n")
  }

  private func hex(_ text: String) -> String {
    text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Without CURRENT and MANIFEST, from the files alone; told as a plan first, and undone.
  @Test func theStateIsRebuilt() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let count = ToolRun("dump", "--count", scratch.path).output
    try scratch.remove("CURRENT")
    try scratch.remove("MANIFEST-000005")
    let plan = ToolRun("manifest-edit", "--rebuild", scratch.path)
    #expect(plan.status == .findings && plan.output.contains("no MANIFEST\nthe state that tables"), "\(plan.output)")
    #expect(plan.output.contains("current.dangling") && plan.output.contains("--apply commits it"))
    let json = ToolRun("manifest-edit", "--rebuild", "--json", scratch.path)
    #expect(json.lines.first?.contains(#""rebuild":true"#) == true, "\(json.output)")
    #expect(ToolRun("manifest-edit", "--rebuild", "--apply", scratch.path).status == .findings)
    #expect(ToolRun("dump", "--count", scratch.path).output == count)
    #expect(ToolRun("manifest-edit", scratch.path).status == .ok)
    #expect(ToolRun("undo", scratch.path, "1").status == .ok)
    #expect(!FileManager.default.fileExists(atPath: scratch.file("CURRENT")))
    #expect(ToolRun("manifest-edit", "--rebuild", "--at-edit", "3", scratch.path).status == .usage)
  }
}
