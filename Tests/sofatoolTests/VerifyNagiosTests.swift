/// `verify --nagios`: one line, performance data, a plugin's status.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct VerifyNagiosTests {
  private func expect(_ run: ToolRun, _ status: Int32, _ start: String) {
    #expect(run.status.code == status, "\(run.output)\(run.errors)")
    #expect(run.lines.count == 1 && run.output.hasSuffix("\n"), "\(run.output)")
    #expect(run.output.hasPrefix(start), "\(run.output)")
    let parts = run.output.dropLast().split(separator: "|")
    #expect(parts.count == 2)
    let data = parts.last?.split(separator: " ").map { $0.prefix { $0 != "=" } } ?? []
    #expect(data == ["bad", "files", "bytes", "time"])
    #expect(run.output.dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
  }

  @Test func states() throws {
    let database = try ScratchDatabase("r783-levels")
    let path = database.path
    expect(ToolRun("verify", "--nagios", path), 0, "SOFADB OK - ")
    expect(ToolRun("verify", "--nagios", "-q", path), 0, "SOFADB OK - ")
    expect(ToolRun("verify", "--nagios", "--max-time", "0s", "-j", "1", path), 3, "SOFADB UNKNOWN - ")
    try database.cut(ExitCase.log, to: -3)
    expect(ToolRun("verify", "--nagios", path), 1, "SOFADB WARNING - 1 finding in 1 of ")
    try database.flip(ExitCase.table, at: 100)
    let both = ToolRun("verify", "--nagios", path)
    expect(both, 2, "SOFADB CRITICAL - 2 findings in 2 of ")
    #expect(both.output.contains("1 block.checksum, 1 wal.tail | bad=2;0;0 files="))
    #expect(both.errors.isEmpty)
    // What was found outweighs what could not be looked into, which alone is no verdict.
    try database.makePipe("000011.sst")
    expect(ToolRun("verify", "--nagios", path), 2, "SOFADB CRITICAL - 3 findings in 3 of ")
    let other = try ScratchDatabase("r783-levels")
    try other.makePipe("000011.sst")
    expect(ToolRun("verify", "--nagios", other.path), 3, "SOFADB UNKNOWN - 1 finding in 1 of ")
  }

  @Test func withoutADatabaseTheStateIsUnknown() throws {
    let scratch = try ScratchDatabase()
    expect(ToolRun("verify", "--nagios", scratch.beside("no|ne\n\u{1B}[31m")), 3, "SOFADB UNKNOWN - ")
    expect(ToolRun("verify", "--nagios", scratch.folder), 3, "SOFADB UNKNOWN - ")
    let interruption = Interruption()
    interruption.request()
    let path = Fixtures.path("databases/r783-levels/db")
    expect(ToolRun("verify", "--nagios", path, interruption: interruption), 3, "SOFADB UNKNOWN - ")
    for arguments in [["--json"], [path]] {
      let run = ToolRun(["verify", "--nagios"] + arguments + [path])
      #expect(run.status == .usage && run.output.isEmpty)
    }
  }

  @Test func textIsPlain() {
    #expect(NagiosLine.plain("a|b\nc\td\u{9B}e") == "ab\\nc\\td\\x9be" || !NagiosLine.plain("a|b\n").contains("|"))
    #expect(NagiosLine.plain("x\ny\r|z").unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "|" })
  }
}
