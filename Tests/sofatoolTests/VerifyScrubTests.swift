/// `verify --max-time --resume`: every file once a round, oldest check first, and nothing that was found is forgotten.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct VerifyScrubTests {
  private struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// The summary of a run.
  private struct Summary {
    var round: Int?
    var files = 0
    var filesInScope = 0
    var bytes = 0
    var bytesBefore = 0
    var bytesInScope = 0
    var isComplete = false
    var status = -1

    init(_ run: ToolRun) throws {
      let line = try #require(run.lines.last.map(String.init), "\(run.errors)")
      let json = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      round = json["round"] as? Int
      files = json["files"] as? Int ?? 0
      filesInScope = json["files_in_scope"] as? Int ?? 0
      bytes = json["bytes"] as? Int ?? 0
      bytesBefore = json["bytes_before"] as? Int ?? 0
      bytesInScope = json["bytes_in_scope"] as? Int ?? 0
      isComplete = json["complete"] as? Bool ?? false
      status = json["exit_status"] as? Int ?? -1
    }
  }

  /// A clock that moves on by a second a file.
  private func night(
    _ database: String, _ state: String, seconds: Int = 2, time: ManualTime = ManualTime(step: 1),
    _ more: [String] = [], interruption: Interruption = Interruption()
  ) -> ToolRun {
    ToolRun(
      ["verify", "--json", "-j", "1", "--max-time", "\(seconds)s", "--resume", state] + more + [database],
      interruption: interruption, time: time)
  }

  @Test(arguments: ["r783-levels", "l123-levels", "r783-blob", "main-cfs"])
  func aRoundTakesNights(fixture: String) throws {
    let database = try ScratchDatabase(fixture)
    let state = database.beside("state")
    var covered = 0
    for round in 1...2 {
      var nights = 0
      while true {
        nights += 1
        let run = night(database.path, state)
        let summary = try Summary(run)
        #expect(summary.round == round && summary.status == Int(run.status.code))
        #expect(summary.bytesBefore <= summary.bytes && summary.bytes <= summary.bytesInScope)
        if nights == 1 { #expect(summary.bytesBefore == 0) } else { #expect(summary.bytes >= covered) }
        covered = summary.bytes
        if run.status == .ok {
          #expect(summary.isComplete && summary.files == summary.filesInScope && covered == summary.bytesInScope)
          break
        }
        try #require(run.status == .incomplete && nights < 100, "\(run.output)\(run.errors)")
        #expect(!summary.isComplete && summary.files <= summary.filesInScope)
      }
      #expect(nights > 1)
    }
    let mode = try FileManager.default.attributesOfItem(atPath: state)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // Without a limit, a run is a round.
    #expect(ToolRun("verify", "-q", "--resume", state, database.path).status == .ok)
  }

  @Test func withoutAStateEveryRunStartsAnew() throws {
    let path = Fixtures.path("databases/r783-levels/db")
    for _ in 0..<2 {
      let run = ToolRun("verify", "-j", "1", "--max-time", "2s", path, time: ManualTime(step: 1))
      #expect(run.status == .incomplete)
      #expect(run.output.contains("incomplete, 5 of "), "\(run.output)")
    }
    #expect(ToolRun("verify", "--max-time", "1h", path).status == .ok)
  }

  @Test func whatWasFoundIsNotForgotten() throws {
    let database = try ScratchDatabase("r783-levels")
    let state = database.beside("state")
    let tables = try FileManager.default.contentsOfDirectory(atPath: database.path).filter { $0.hasSuffix(".sst") }
    try #require(tables.count > 4)
    try database.flip(ExitCase.table, at: 100)
    var seen = false
    var nights = 0
    while true {
      nights += 1
      let run = night(database.path, state)
      let names = run.output.contains("\"block.checksum\",\"file\":\"\(ExitCase.table)\"")
      #expect(names || !seen, "forgotten in night \(nights)")
      seen = seen || names
      #expect(run.status == (seen ? .findings : .incomplete))
      if try Summary(run).isComplete { break }
      try #require(nights < 100)
    }
    #expect(seen && nights > 2)
    // The next round looks again, and a file that changed is looked at at once.
    try database.flip(ExitCase.table, at: 100)
    #expect(ToolRun("verify", "-q", "--resume", state, database.path).status == .ok)
  }

  @Test func aFileThatChangesIsCheckedAgain() throws {
    let database = try ScratchDatabase("r783-levels")
    let state = database.beside("state")
    // All but the pass over the levels, which is left to the next night.
    let first = night(database.path, state, seconds: 1000, time: ManualTime(step: 30))
    #expect(first.status == .incomplete || first.status == .ok)
    try database.flip(ExitCase.table, at: 100)
    let second = ToolRun("verify", "--resume", state, database.path)
    #expect(second.status == .findings && second.output.contains("block.checksum"))
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func aSignalSavesTheState(signal: Int32, status: Int32) throws {
    let database = try ScratchDatabase("r783-levels")
    let state = database.beside("state")
    let interruption = Interruption()
    let time = ManualTime(step: 1)
    time.atLook(4) { interruption.request(signal: signal) }
    let run = night(database.path, state, seconds: 1000, time: time, interruption: interruption)
    #expect(run.status.code == status)
    #expect(!run.output.contains("summary"))
    let saved = try ScrubState(
      PosixFileSystem().readableDirectory(at: database.folder).open("state"))
    #expect(!saved.files.isEmpty && saved.round == 1)
    let next = try Summary(ToolRun("verify", "--json", "--resume", state, database.path))
    #expect(next.status == 0 && next.bytesBefore > 0)
  }

  /// There is no verdict, and yet no table has to be read again.
  @Test func aDatabaseThatIsWrittenToKeepsItsState() throws {
    let database = try ScratchDatabase("r783-levels")
    let state = database.beside("state")
    let time = ManualTime(step: 1)
    let manifest = try database.bytes(ExitCase.manifest)
    let path = database.file(ExitCase.manifest)
    time.atLook(4) {
      do { try Data(manifest + [0]).write(to: URL(fileURLWithPath: path)) } catch { Issue.record(error) }
    }
    #expect(night(database.path, state, seconds: 1000, time: time).status == .refused)
    try database.write(ExitCase.manifest, manifest)
    let next = try Summary(ToolRun("verify", "--json", "--resume", state, database.path))
    #expect(next.status == 0 && next.round == 1 && next.bytesBefore > 0)
  }

  @Test func refusals() throws {
    let database = try ScratchDatabase("r783-levels")
    let state = database.beside("state")
    for arguments in [
      ["--resume", state, "--seal", database.beside("seal")], ["--max-time", "1h", "--content-digest"],
      ["--resume", state, "--against-seal", state], ["--max-time", "soon"], ["--max-time", "-1s"],
      ["--resume", database.file("state")], ["--resume", database.folder], ["--resume", state, database.path],
      ["--max-time", "1h", database.path],
    ] {
      let run = ToolRun(["verify"] + arguments + [database.path])
      #expect(run.status == .usage && run.output.isEmpty, "\(arguments): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: state))
    // A file of somebody else is not replaced.
    try Data("dear diary\n".utf8).write(to: URL(fileURLWithPath: state))
    let run = ToolRun("verify", "--resume", state, database.path)
    #expect(run.status == .incomplete && run.errors.contains("not a state of verify"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: state)) == Data("dear diary\n".utf8))
  }

  @Test func quietMeansNoMailFromAPartThatWentWell() throws {
    let database = try ScratchDatabase("r783-levels")
    let run = ToolRun(
      "verify", "-q", "-j", "1", "--max-time", "2s", "--resume", database.beside("state"), database.path,
      time: ManualTime(step: 1))
    #expect(run.status == .incomplete && run.output.isEmpty && run.errors.isEmpty)
    try database.flip(ExitCase.table, at: 100)
    let bad = ToolRun("verify", "-q", database.path)
    #expect(bad.status == .findings && bad.output.contains("block.checksum"))
    #expect(bad.errors.split(separator: "\n").count == 1 && bad.errors.contains("findings"))
  }

  // MARK: Crashes and faults

  @Test func aStateIsOldOrNewAndNeverHalf() throws {
    let system = try SimulatedFileSystem(copying: Fixtures.path("databases/r783-empty/db"))
    let time = ManualTime()
    func scrub(_ system: SimulatedFileSystem) throws {
      let run = ToolRun("verify", "-q", "-j", "1", "--resume", "out/state", "db", fileSystem: system, time: time)
      guard run.status == .ok else { throw Broken(description: run.errors) }
    }
    func round(_ system: SimulatedFileSystem) throws -> UInt64 {
      try ScrubState(system.readableDirectory(at: "out").open("state")).round
    }
    try scrub(system)
    system.settle()
    let crashes = enumerateCrashes(from: system.disk) { system in
      try scrub(system)
      system.milestone += 1
    } check: { image in
      let found = try round(image.fileSystem)
      guard found == 3 || found == 2 && image.milestone == 0 else { throw Broken(description: "round \(found)") }
    }
    #expect(crashes.failures.isEmpty && crashes.distinct > 5, "\(crashes)")
    let faults = enumerateFaults(from: system.disk) {
      try scrub($0)
    } check: { outcome in
      let found = try round(outcome.fileSystem)
      guard found == 3 || found == 2 && outcome.error != nil else { throw Broken(description: "round \(found)") }
    }
    #expect(faults.failures.isEmpty, "\(faults)")
  }
}
