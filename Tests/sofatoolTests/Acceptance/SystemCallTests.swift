/// A command that reads makes no call that could write, lock, start a program or reach a network. Museum H1 to H5:
/// tools that only read deleted tables and logs, cut logs, wrote MANIFESTs and moved CURRENT.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite(.enabled(if: SystemCalls.isPossible, "skipped: no strace, no built sofatool, or tracing is forbidden"))
struct SystemCallTests {
  private static let reading: [[String]] = [
    ["verify", "DB"], ["verify", "--level", "quick", "DB"], ["verify", "--level", "blocks", "--json", "DB"],
    ["verify", "-q", "-j", "4", "DB"], ["verify", "DB/000010.sst"], ["dump", "DB"],
    ["dump", "--json", "-j", "4", "DB"],
    ["dump", "--internal", "DB"], ["dump", "--format", "csv", "DB"], ["dump", "--format", "raw", "DB"],
    ["dump", "--layout", "DB"], ["dump", "--properties", "DB"], ["dump", "--manifest", "DB"], ["dump", "--wal", "DB"],
    ["dump", "--find", "key000001", "DB"], ["dump", "--count", "DB"], ["dump", "DB/000010.sst"], ["explain"],
    ["explain", "block.checksum"], ["--help"], ["--version"],
    // Plans of commands that change something when they are told to.
    ["repair", "DB"], ["compact", "--plan", "DB"], ["convert-compression", "--to", "zstd", "--plan", "DB"],
    ["convert-compression", "--estimate", "DB"], ["manifest-edit", "DB"], ["manifest-edit", "--rebuild", "DB"],
    ["undo", "--list", "DB"], ["undo", "DB"], ["verify", "--content-digest", "DB"],
  ]

  /// `info` where it is built in.
  private static var commands: [[String]] {
    let hasInfo = Sofatool.command.subcommands.contains { $0.name == "info" }
    return reading + (hasInfo ? [["info", "DB"], ["info", "--json", "DB"], ["info", "DB/000010.sst"]] : [])
  }

  @Test(arguments: commands)
  func readsOnly(arguments: [String]) throws {
    let database = try ScratchDatabase("r783-levels")
    try database.setReadOnly(true)
    defer { #expect(throws: Never.self) { try database.setReadOnly(false) } }
    let before = try database.picture()
    let run = try SystemCalls(arguments.map { $0.replacingOccurrences(of: "DB", with: database.path) })
    #expect(run.outcome.status == 0, "\(run.outcome.errors)")
    #expect(run.calls.contains { $0.hasPrefix("execve(") } && run.calls.contains { $0.hasPrefix("openat(") })
    #expect(run.offences == [])
    #expect(try database.picture() == before)
  }

  /// Also where there is something to tell.
  @Test(arguments: [
    ["verify", "--show-keys", "--json"], ["dump", "--json"], ["dump", "--layout"], ["dump", "--wal"],
  ])
  func readsOnlyWhenThereIsDamage(arguments: [String]) throws {
    let database = try ScratchDatabase("r783-levels")
    for name in ["000010.sst", "000020.log"] { try database.flip(name, at: 20) }
    let run = try SystemCalls(arguments + [database.path])
    #expect(run.outcome.status == 1, "\(run.outcome.errors)")
    #expect(run.offences == [])
  }

  /// Nothing outside of the database and the system's own files is opened, whatever CURRENT and OPTIONS say.
  @Test func pathsInsideFilesLeadNowhere() throws {
    let database = try ScratchDatabase("r783-levels")
    try database.write("CURRENT", Array("../../../etc/passwd\n".utf8))
    try database.write(
      "OPTIONS-000007", Array("[Version]\n  options_file_version=1.1\n[DBOptions]\n  wal_dir=/etc/wal\n".utf8))
    for command in ["verify", "dump"] {
      let run = try SystemCalls([command, database.path])
      #expect(run.outcome.status == (command == "verify" ? 1 : 3))
      #expect(!run.calls.contains { $0.contains("passwd") || $0.contains("/etc/wal") })
      #expect(run.offences == [])
    }
  }

  /// The one who writes is seen writing: the test can fail.
  @Test func aLoadIsSeenToWrite() throws {
    let database = try ScratchDatabase()
    let file = database.beside("rows.csv")
    try Data("id,name\n1,a\n".utf8).write(to: URL(fileURLWithPath: file))
    let run = try SystemCalls(["bulk-load", "--key", "id", file, "-o", database.beside("out")])
    #expect(run.outcome.status == 0, "\(run.outcome.errors)")
    #expect(!run.offences.isEmpty)
    #expect(!run.calls.contains { $0.hasPrefix("socket") || $0.hasPrefix("connect") })
    #expect(run.calls.count { $0.hasPrefix("execve(") } == 1)
  }
}
