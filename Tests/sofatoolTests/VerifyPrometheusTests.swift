/// `verify --prometheus`: what monitoring sees is whole, true, and outlives a failing run.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct VerifyPrometheusTests {
  private struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  private static let prefix = "sofatool_verify_"

  private func read(_ path: String) throws -> PrometheusText {
    try PrometheusText(String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self))
  }

  @Test func aCleanRun() throws {
    let database = try ScratchDatabase("r783-levels")
    let file = database.beside("db.prom")
    let time = ManualTime(now: 1_800_000_000)
    let run = ToolRun("verify", "-q", "--prometheus", file, database.path, time: time)
    #expect(run.status == .ok && run.output.isEmpty && run.errors.isEmpty, "\(run.errors)")
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o644)
    let metrics = try read(file)
    func value(_ name: String) -> Double? { metrics[Self.prefix + name, database.path] }
    #expect(value("last_run_timestamp_seconds") == 1_800_000_000)
    #expect(value("last_success_timestamp_seconds") == 1_800_000_000)
    #expect(value("exit_code") == 0 && value("complete") == 1 && value("corrupt_blocks") == 0)
    #expect(value("bytes_checked") == value("bytes_in_scope") && (value("bytes_checked") ?? 0) > 0)
    #expect(value("duration_seconds") == 0)
    for severity in ["info", "warning", "error"] {
      #expect(metrics[Self.prefix + "findings", database.path, ["severity": severity]] == 0)
    }
    #expect(metrics["sofatool_pending_transactions", database.path] == 0)
    #expect(metrics["sofatool_build_info", database.path, ["version": Sofatool.version]] == 1)
    #expect(metrics.samples.count == 13)
    let names = try FileManager.default.contentsOfDirectory(atPath: database.folder)
    #expect(Set(names) == ["db", "db.prom"])
  }

  @Test func theLastSuccessOutlivesFailures() throws {
    let database = try ScratchDatabase("r783-levels")
    let file = database.beside("db.prom")
    let time = ManualTime(now: 1_800_000_000)
    func metrics(_ status: CommandKit.ExitStatus, _ more: String...) throws -> (String) -> Double? {
      time.advance(100)
      let run = ToolRun(["verify", "--prometheus", file] + more + [database.path], time: time)
      #expect(run.status == status, "\(run.output)\(run.errors)")
      let metrics = try read(file)
      return { metrics[Self.prefix + $0, database.path] }
    }
    var value = try metrics(.ok)
    #expect(value("last_success_timestamp_seconds") == 1_800_000_100)
    try database.flip(ExitCase.table, at: 100)
    value = try metrics(.findings)
    #expect(value("last_run_timestamp_seconds") == 1_800_000_200)
    #expect(value("last_success_timestamp_seconds") == 1_800_000_100)
    #expect(value("exit_code") == 1 && value("complete") == 1 && value("corrupt_blocks") == 1)
    #expect(try read(file)[Self.prefix + "findings", database.path, ["severity": "error"]] == 1)
    try database.flip(ExitCase.table, at: 100)
    value = try metrics(.incomplete, "--max-time", "0s", "-j", "1")
    #expect(value("exit_code") == 3 && value("complete") == 0)
    #expect((value("bytes_checked") ?? 0) < (value("bytes_in_scope") ?? 0))
    #expect(value("last_success_timestamp_seconds") == 1_800_000_100)
    // A commit under the check leaves no verdict.
    let manifest = try database.bytes(ExitCase.manifest)
    let path = database.file(ExitCase.manifest)
    func commit() {
      time.atLook(3) {
        do { try Data(manifest + [0]).write(to: URL(fileURLWithPath: path)) } catch { Issue.record(error) }
      }
    }
    commit()
    value = try metrics(.refused, "--max-time", "1h", "-j", "1")
    #expect(value("exit_code") == 4 && value("complete") == 0)
    #expect(value("last_success_timestamp_seconds") == 1_800_000_100)
    try database.write(ExitCase.manifest, manifest)
    try database.flip(ExitCase.table, at: 100)
    // Of another database, or torn, there is nothing to carry over.
    try Data("\(Self.prefix)last_success_timestamp_seconds{db=\"other\"} 5\n".utf8)
      .write(to: URL(fileURLWithPath: file))
    #expect(try metrics(.findings)("last_success_timestamp_seconds") == 0)
    let text = "\(Self.prefix)last_success_timestamp_seconds{db=\"\(database.path)\"} x\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    #expect(try metrics(.findings)("last_success_timestamp_seconds") == 0)
  }

  @Test func nothingIsWrittenBeforeTheScopeIsKnown() throws {
    let database = try ScratchDatabase("r783-levels")
    let file = database.beside("db.prom")
    #expect(ToolRun("verify", "--prometheus", file, database.beside("none")).status == .refused)
    try database.makePipe("CURRENT")
    #expect(ToolRun("verify", "--prometheus", file, database.path).status == .refused)
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func refusals() throws {
    let database = try ScratchDatabase("r783-levels")
    for path in ["db.txt", "db.prom.tmp", ".prom", "db/x.prom", "prom"] {
      let run = ToolRun("verify", "--prometheus", database.beside(path), database.path)
      #expect(run.status == .usage && run.output.isEmpty, "\(path)")
    }
    let two = ToolRun("verify", "--prometheus", database.beside("x.prom"), database.path, database.path)
    #expect(two.status == .usage)
    let missing = ToolRun("verify", "--prometheus", database.beside("none/x.prom"), database.path)
    #expect(missing.status == .refused)
  }

  @Test func labelsAreEscapedAndCut() throws {
    #expect(PrometheusFile.label("a\"b\\c\nd") == "a\\\"b\\\\c\\nd")
    #expect(PrometheusFile.label(String(repeating: "\"", count: 300)).utf8.count == 512)
    #expect(PrometheusFile.label(String(repeating: "x", count: 255) + "ü").utf8.count == 255)
    let database = try ScratchDatabase("r783-empty")
    let odd = database.beside("a\"b\\c\nd")
    try FileManager.default.moveItem(atPath: database.path, toPath: odd)
    let file = database.beside("db.prom")
    for _ in 0..<2 {
      #expect(ToolRun("verify", "--prometheus", file, odd).status == .ok)
      #expect((try read(file)[Self.prefix + "last_success_timestamp_seconds", odd] ?? 0) > 0)
    }
  }

  @Test func theFileIsOldOrNewAndNeverHalf() throws {
    let system = try SimulatedFileSystem(copying: Fixtures.path("databases/r783-empty/db"))
    let time = ManualTime(now: 1_800_000_000)
    func verify(_ system: SimulatedFileSystem) throws {
      let run = ToolRun(
        "verify", "-q", "-j", "1", "--prometheus", "out/db.prom", "db", fileSystem: system, time: time)
      guard run.status == .ok else { throw Broken(description: run.errors) }
    }
    func lastRun(_ system: SimulatedFileSystem) throws -> Double {
      guard let bytes = try system.content(of: "out/db.prom") else { throw Broken(description: "no file") }
      let metrics = try PrometheusText(String(decoding: bytes, as: UTF8.self))
      guard metrics.samples.count == 13, metrics[Self.prefix + "last_success_timestamp_seconds", "db"] ?? 0 > 1 else {
        throw Broken(description: "half a file")
      }
      return metrics[Self.prefix + "last_run_timestamp_seconds", "db"] ?? 0
    }
    try verify(system)
    system.settle()
    time.advance(50)
    let crashes = enumerateCrashes(from: system.disk) { system in
      try verify(system)
      system.milestone += 1
    } check: { image in
      let run = try lastRun(image.fileSystem)
      guard run == 1_800_000_050 || run == 1_800_000_000 && image.milestone == 0 else {
        throw Broken(description: "\(run)")
      }
    }
    #expect(crashes.failures.isEmpty && crashes.distinct > 5, "\(crashes)")
    let faults = enumerateFaults(from: system.disk) {
      try verify($0)
    } check: { outcome in
      let run = try lastRun(outcome.fileSystem)
      if outcome.error == nil, run != 1_800_000_050 { throw Broken(description: "claimed and not there") }
    }
    #expect(faults.failures.isEmpty, "\(faults)")
  }
}
