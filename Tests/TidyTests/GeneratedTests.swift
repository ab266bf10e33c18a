import CommandKit
import Foundation
import Testing

@testable import sofatool

/// `man/`, `completions/` and README's list of commands are what the declaration says. `SOFA_REWRITE=1` writes the
/// first two anew.
struct GeneratedTests {
  private static var expected: [(path: String, text: String)] {
    let tool = Sofatool.command
    let bash = BashCompletion(tool)
    let zsh = ZshCompletion(tool)
    let fish = FishCompletion(tool)
    return ManualPage.all(tool).map { ("man/" + $0.fileName, $0.source) } + [
      ("completions/" + bash.fileName, bash.script), ("completions/" + zsh.fileName, zsh.script),
      ("completions/" + fish.fileName, fish.script),
    ]
  }

  @Test func generatedFilesAreCurrent() throws {
    let rewrite = ProcessInfo.processInfo.environment["SOFA_REWRITE"] == "1"
    var offences = Offences()
    let expected = Self.expected
    for (path, text) in expected {
      if rewrite { try Self.write(text, to: path) }
      switch try SourceTree.project.text(path) {
      case text: break
      case nil: offences.add(path, "is missing; SOFA_REWRITE=1 swift test writes it")
      default: offences.add(path, "is not what the declaration says; SOFA_REWRITE=1 swift test writes it")
      }
    }
    for folder in ["man", "completions"] {
      for file in try SourceTree.project.files(below: folder, ending: [""]) {
        guard !expected.contains(where: { $0.path == file.path }) else { continue }
        offences.add(file.path, "belongs to no command; delete it")
      }
    }
    offences.expectNone()
  }

  private static func write(_ text: String, to path: String) throws {
    let url = SourceTree.project.root.appending(path: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: true, encoding: .utf8)
  }

  /// The table whose rows begin with the command in backquotes, in the declaration's order.
  @Test func theReadmeListsTheCommands() throws {
    guard let readme = try SourceTree.project.text("README.md") else { return }
    #expect(Self.commands(in: readme) == Sofatool.command.subcommands.map(\.name))
  }

  private static func commands(in readme: String) -> [String] {
    readme.split(separator: "\n").compactMap { row in
      guard row.hasPrefix("| `") else { return nil }
      let name = row.dropFirst(3).prefix { $0 != "`" }
      let cell = row.dropFirst(4 + name.count).prefix { $0 == " " || $0 == "|" }
      // Other tables of the README have options, paths or types in their first column.
      let isCommand = cell.contains("|") && name.allSatisfy { $0.isLowercase || $0 == "-" } && !name.hasPrefix("-")
      return isCommand ? String(name) : nil
    }
  }

  @Test func theCheckReadsTheReadmesTable() {
    let text = "# T\n\n| Command | Does |\n|---|---|\n| `info` | one |\n| `bulk-load` | two |\n| `--yes` | no |\n"
    #expect(Self.commands(in: text) == ["info", "bulk-load"])
  }
}
