/// Every status means what the manual says, and every report says where. Museum H9: tools ended with 0 for files that
/// are no tables and for those that could not be read.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct ExitStatusTests {
  /// Printable text, tabs and newlines; nothing that steers a terminal.
  private func expectHarmless(_ run: ToolRun) {
    for text in [run.output, run.errors] {
      for scalar in text.unicodeScalars {
        let isHarmless =
          scalar == "\n" || scalar == "\t" || scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
        #expect(isHarmless && !(0x202A...0x202E).contains(scalar.value), "\(scalar.value)")
      }
    }
  }

  private func expect(_ run: ToolRun, _ verdict: ExitCase.Verdict, in text: String) {
    #expect(run.status.code == verdict.status, "\(run.output.suffix(500))\(run.errors)")
    if let code = verdict.code { #expect(text.contains(": " + code) || text.contains("\"code\":\"" + code), "\(text)") }
    if let file = verdict.file { #expect(text.contains(file), "\(text)") }
    expectHarmless(run)
  }

  @Test(arguments: ExitCase.all)
  func verifyOfDamage(damage: ExitCase) throws {
    let database = try ScratchDatabase(damage.fixture)
    try damage.damage(database)
    let run = ToolRun("verify", database.path)
    expect(run, damage.verify, in: run.output + run.errors)
    #expect((run.status == .refused) == !run.errors.isEmpty)

    let quiet = ToolRun("verify", "-q", database.path)
    #expect(quiet.status == run.status)
    if quiet.status == .ok { #expect(quiet.output.isEmpty && quiet.errors.isEmpty) }

    let json = ToolRun("verify", "--json", database.path)
    expect(json, damage.verify, in: json.output + json.errors)
    let records = try json.lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    // A report without a summary was cut.
    let isWhole = json.status != .refused
    #expect((records.last??["record"] as? String == "summary") == isWhole)
    if isWhole { #expect(records.last??["exit_status"] as? Int32 == json.status.code) }
    #expect(json.bytes.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 < 0x7F })
  }

  @Test(arguments: ExitCase.all)
  func dumpOfDamage(damage: ExitCase) throws {
    let database = try ScratchDatabase(damage.fixture)
    try damage.damage(database)
    let run = ToolRun("dump", "--json", database.path)
    expect(run, damage.dump, in: run.errors)
    let trailer = run.lines.last.map(String.init) ?? ""
    // What can be read is printed, or nothing is.
    let isPrinted = run.status == .ok || damage.dump.code != nil
    switch run.status {
    case .ok: #expect(trailer.contains(#""complete":true"#) && run.errors.isEmpty)
    // Behind a torn tail there is nothing that an engine would show.
    case .findings: #expect(trailer.contains(#""complete":\#(damage.dump.code?.hasSuffix(".tail") == true)"#))
    default: #expect(run.output.contains("trailer") == isPrinted && !run.output.contains(#""complete":true"#))
    }
    #expect(ToolRun("dump", database.path).status == run.status)
    // What went wrong ends in no file.
    let file = database.beside("out")
    #expect(ToolRun("dump", "-q", database.path, "-o", file).status == run.status)
    #expect(FileManager.default.fileExists(atPath: file) == isPrinted)
    #expect(!FileManager.default.fileExists(atPath: database.beside(".out.partial")))
  }

  // MARK: Paths

  @Test func pathsThatAreNoDatabase() throws {
    let scratch = try ScratchDatabase()
    let files = FileManager.default
    for folder in ["empty", "texts"] {
      try files.createDirectory(atPath: scratch.beside(folder), withIntermediateDirectories: false)
    }
    try Data("a".utf8).write(to: URL(fileURLWithPath: scratch.beside("texts/a.txt")))
    try Data().write(to: URL(fileURLWithPath: scratch.beside("empty.sst")))
    try Data(count: 100).write(to: URL(fileURLWithPath: scratch.beside("\u{1B}[31m.sst")))
    #expect(mkfifo(scratch.beside("pipe.sst"), 0o600) == 0)
    let fixture = Fixtures.path("databases/r783-levels/db")
    try files.createSymbolicLink(atPath: scratch.beside("link"), withDestinationPath: fixture)
    try files.createSymbolicLink(atPath: scratch.beside("link.sst"), withDestinationPath: fixture + "/000010.sst")
    try files.createSymbolicLink(atPath: scratch.beside("loop"), withDestinationPath: "loop")
    let cases: [(path: String, status: Int32, text: String)] = [
      ("empty", 4, "neither a database nor"), ("texts", 4, "neither a database nor"), ("nothing", 4, "no such file"),
      ("pipe.sst", 4, "pipe"), ("link.sst", 4, "symbolic link"), ("loop", 4, "loop"), ("nothing/db", 4, "no such file"),
      ("empty.sst", 1, "table.truncated"), ("texts/a.txt", 1, "table.truncated"), ("empty.sst/db", 4, "empty.sst"),
      ("\u{1B}[31m.sst", 1, "table.not-a-table: \\x1b[31m.sst"), ("link", 0, ""),
    ]
    let before = try scratch.picture()
    for (path, status, text) in cases {
      for command in ["verify", "dump"] {
        let run = ToolRun(command, scratch.beside(path))
        #expect(run.status.code == status, "\(command) \(path): \(run.errors)")
        let report = run.output + run.errors
        #expect(text.isEmpty || report.contains(text), "\(command) \(path): \(report)")
        expectHarmless(run)
      }
    }
    for device in ["/dev/null", "/dev/zero"] {
      for command in ["verify", "dump"] { #expect(ToolRun(command, device).status == .refused) }
    }
    #expect(try scratch.picture() == before)
  }

  /// A table that is passed over would seem checked.
  @Test func aLinkAmongLooseTablesIsTold() throws {
    let scratch = try ScratchDatabase()
    try FileManager.default.copyItem(atPath: Fixtures.path("databases/r783-sst/files"), toPath: scratch.path)
    #expect(ToolRun("verify", scratch.path).status == .ok)
    try scratch.makeLink("zzz.sst", to: "/dev/null")
    for command in ["verify", "info", "dump"] {
      let run = ToolRun(command, scratch.path)
      #expect(run.status == .incomplete)
      #expect((run.output + run.errors).contains("file.special"), "\(command)")
    }
    // All that was named.
    for command in ["verify", "dump"] { #expect(ToolRun(command, scratch.file("zzz.sst")).status == .refused) }
  }

  // MARK: Command lines

  @Test(arguments: [
    [], ["frobnicate"], ["--no-such-option"], ["verify"], ["verify", ""], ["verify", "--level", "deep", "DB"],
    ["verify", "--level", "DB"], ["verify", "--jsn", "DB"], ["verify", "-j", "0", "DB"],
    ["verify", "--json", "--json"],
    ["verify", "-j", "-1", "DB"], ["verify", "-Z", "DB"], ["verify", "--json=yes", "DB"], ["dump"],
    ["dump", "--from", "DB"], ["dump", "--frm", "a", "DB"], ["dump", "--from", "a", "--from", "b", "DB"],
    ["dump", "--limit", "-1", "DB"], ["dump", "--limit", "99999999999999999999", "DB"], ["dump", "--limit", "x", "DB"],
    ["dump", "--key-format", "octal", "DB"], ["dump", "--from=0x6", "DB"],
    ["dump", "--prefix", "a", "--to", "b", "DB"],
    ["dump", "--cf", "nosuch", "DB"], ["dump", "--format", "xml", "DB"], ["dump", "--layout", "--find", "a", "DB"],
    ["bulk-load"], ["bulk-load", "x.csv"], ["bulk-load", "--key", "a", "x.csv"],
    ["bulk-load", "--key", "a(", "x.csv", "-o", "o"], ["bulk-load", "--key", "frob(a)", "x.csv", "-o", "o"],
    ["bulk-load", "--key", "a", "x.csv", "-o", "o", "--into", "p"], ["bulk-load", "--key", "a", "x.csv", "-o", ""],
    ["bulk-load", "--key", "a", "--memory", "1", "x.csv", "-o", "o"], ["explain", "no.such"],
    ["bulk-load", "--key", "a", "--delimiter", "ab", "x.csv", "-o", "o"],
    ["bulk-load", "--key", "a", "-", "-", "-o", "o"],
    ["bulk-load", "--key", "a", "--compression", "brotli", "x.csv", "-o", "o"],
    ["bulk-load", "--key", "a", "--format-version", "9", "x.csv", "-o", "o"],
    ["bulk-load", "--key", "a", "a.csv", "b.tsv", "-o", "o"],
  ])
  func wrongCommandLines(arguments: [String]) {
    let run = ToolRun(arguments.map { $0 == "DB" ? Fixtures.path("databases/r783-levels/db") : $0 })
    #expect(run.status == .usage)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("sofatool"))
    expectHarmless(run)
  }
}
