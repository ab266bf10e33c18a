import CommandKit
import Foundation
import Testing

/// The scripts are judged by the shells themselves: bash always, zsh and fish where they are installed.
struct CompletionTests {
  private static let options = [
    "--column-family", "--cf", "--from", "--start", "--level", "--limit", "--manifest", "--format", "--json", "--jobs",
    "--memory", "--max-time", "--quiet", "--verbose", "--db", "--help", "--version",
  ]

  @Test(arguments: [
    (["sofatool", ""], ["--help", "--version", "-h", "copy", "show", "verify"]),
    (["sofatool", "ve"], ["verify"]),
    (["sofatool", "verify", "--le"], ["--level"]),
    (["sofatool", "verify", "--"], options),
    (["sofatool", "verify", "--level", ""], ["blocks", "full", "quick"]),
    (["sofatool", "verify", "--level", "=", "q"], ["quick"]),
    (["sofatool", "verify", "--level", "="], ["blocks", "full", "quick"]),
    (["sofatool", "verify", "--column_family", ""], []),
    (["sofatool", "verify", "--from", "x", "--fo"], ["--format"]),
    (["sofatool", "verify", ""], ["sub dir", "table one.sst"]),
    (["sofatool", "verify", "sub dir/"], ["sub dir/x.ldb"]),
    (["sofatool", "verify", "--manifest", ""], ["sub dir", "table one.sst"]),
    (["sofatool", "verify", "--manifest", "=", "no"], ["notes.txt"]),
    (["sofatool", "show", ""], ["sub dir"]),
    (["sofatool", "copy", "-o", "no"], ["notes.txt"]),
  ])
  func bashCompletes(words: [String], expected: [String]) throws {
    let directory = try Self.makeDirectory()
    defer { Self.remove(directory) }
    let script = """
      \(BashCompletion(SampleTool.tool).script)
      COMP_WORDS=(\(words.map { "'\($0)'" }.joined(separator: " ")))
      COMP_CWORD=\(words.count - 1)
      _sofatool
      [[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
      """
    let found = try Shell.run(["/bin/bash", "-u"], input: script, in: directory).output.split(separator: "\n")
    #expect(found.map(String.init).sorted() == expected.sorted())
  }

  @Test(
    .enabled(if: Shell.isInstalled("/usr/bin/fish"), "fish is not installed"),
    arguments: [
      ("sofatool ", ["copy\tcopies tables", "show\tshows one", "verify\treads every byte and says what is wrong"]),
      ("sofatool verify --lev", ["--level\thow deep to look: [deeper] is slower"]),
      (
        "sofatool verify --level ",
        ["blocks\tevery checksum", "full\teverything", "quick\tnames & sizes only: it's \"fast\", costs $0"]
      ),
      ("sofatool verify --format=j", ["--format=json\tform of the output"]),
      ("sofatool verify ta", ["table one.sst"]),
      ("sofatool show ", ["sub dir/\tDirectory"]),
    ])
  func fishCompletes(line: String, expected: [String]) throws {
    let directory = try Self.makeDirectory()
    defer { Self.remove(directory) }
    try FishCompletion(SampleTool.tool).script.write(
      to: directory.appending(path: ".fish"), atomically: false, encoding: .utf8)
    let found = try Shell.run(
      ["/usr/bin/fish", "-N", "-c", "source .fish; complete -C '\(line)'"], input: "", in: directory)
    #expect(found.output.split(separator: "\n").map(String.init).sorted() == expected.sorted())
  }

  @Test(.enabled(if: Shell.isInstalled("/usr/bin/zsh"), "zsh is not installed"))
  func zshReadsTheScript() throws {
    let script = ZshCompletion(SampleTool.tool).script
    #expect(try Shell.run(["/usr/bin/zsh", "-n"], input: script).output == "")
  }

  @Test func zshExcludesWhatIsAlreadyGiven() {
    let script = ZshCompletion(SampleTool.tool).script
    #expect(script.contains("'(-j --jobs)-j+[threads]:N: '"))
    #expect(script.contains("'*--cf=[only this family]:NAME: '"))
    #expect(script.contains("'(--manifest)--manifest=-[prints the MANIFEST]::FILE:_files'"))
    #expect(script.contains("how deep to look\\: \\[deeper\\] is slower"))
  }

  /// Names with spaces, and one file that no table completion should offer.
  private static func makeDirectory() throws -> URL {
    let directory = FileManager.default.temporaryDirectory.appending(path: "completion-\(UUID().uuidString)")
    let inner = directory.appending(path: "sub dir")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    for url in [directory.appending(path: "table one.sst"), directory.appending(path: "notes.txt")] {
      try Data().write(to: url)
    }
    try Data().write(to: inner.appending(path: "x.ldb"))
    return directory
  }

  private static func remove(_ directory: URL) {
    do { try FileManager.default.removeItem(at: directory) } catch { Issue.record(error) }
  }
}
