/// The built tool as a process: pipes whose reader leaves, full disks, closed descriptors, bytes that are no text.
import Foundation
import SofaTesting
import Testing

@Suite(.enabled(if: BuiltTool.isBuilt, "\(BuiltTool.missing)"))
struct ProcessTests {
  private static let database = Fixtures.path("databases/r783-levels/db")
  private static let printing = [
    ["dump"], ["dump", "--json"], ["dump", "--layout"], ["dump", "--format", "raw"], ["verify", "--json"], ["verify"],
  ]

  /// Three: not all was delivered. Not a word about it.
  @Test(arguments: printing)
  func aReaderThatLeavesIsNoError(arguments: [String]) throws {
    let run = try BuiltTool.shell(
      #"{ "$TOOL" "$@"; echo "status $?" >&2; } | true"#, arguments + [Self.database])
    #expect(run.errors == "status 3\n" || run.errors == "status 0\n")
  }

  @Test func aReaderThatWantsOneLineGetsIt() throws {
    let run = try BuiltTool.shell(#""$TOOL" dump "$@" | head -n 1"#, [Self.database])
    #expect(run.text.hasPrefix("key000000\t"))
    #expect(run.lines.count == 1)
    #expect(run.errors.isEmpty)
  }

  @Test(arguments: printing + [["explain"], ["--help"]])
  func aFullDiskEndsWithStatusFour(arguments: [String]) throws {
    let paths = arguments.first == "explain" || arguments.first == "--help" ? [] : [Self.database]
    let run = try BuiltTool.shell(#"exec "$TOOL" "$@" > /dev/full"#, arguments + paths)
    #expect(run.status == 4)
    #expect(run.errors.contains("No space left on device"))
  }

  @Test(arguments: printing)
  func aClosedOutputEndsWithStatusFour(arguments: [String]) throws {
    #expect(try BuiltTool.shell(#"exec "$TOOL" "$@" >&-"#, arguments + [Self.database]).status == 4)
    let deaf = try BuiltTool.shell(#"exec "$TOOL" "$@" <&- 2>&-"#, arguments + [Self.database])
    #expect(deaf.status == 0)
    #expect(!deaf.output.isEmpty)
  }

  /// Where every standard descriptor is closed, the next file opened must not become one of them.
  @Test func nothingIsWrittenIntoTheDatabaseWithoutStandardDescriptors() throws {
    let database = try ScratchDatabase("r783-levels")
    try database.flip("000010.sst", at: 100)
    let before = try database.picture()
    for command in ["verify", "dump"] {
      let run = try BuiltTool.shell(#"exec "$TOOL" "$@" <&- >&- 2>&-"#, [command, database.path])
      #expect(run.status == 4 || run.status == 1)
    }
    #expect(try database.picture() == before)
  }

  @Test func theStatusOfFindingsSurvivesAFullDisk() throws {
    let database = try ScratchDatabase("r783-levels")
    try database.flip("000010.sst", at: 100)
    #expect(try BuiltTool.shell(#"exec "$TOOL" verify "$@" > /dev/full"#, [database.path]).status == 4)
    #expect(try BuiltTool.run(["verify", "-q", database.path]).status == 1)
  }

  @Test func argumentsThatAreNoTextAreRefused() throws {
    let run = try BuiltTool.shell(#"exec "$TOOL" verify "$(printf '\377\033[31m')""#, [])
    #expect(run.status == 2)
    #expect(run.errors.contains("is not UTF-8"))
    #expect(!run.errors.contains("\u{1B}"))
  }

  /// Cron's environment is empty.
  @Test func worksWithoutAnEnvironment() throws {
    let run = try BuiltTool.shell(#"cd / && exec env -i "$TOOL" verify -q "$@""#, [Self.database])
    #expect(run.status == 0)
    #expect(run.output.isEmpty && run.errors.isEmpty)
  }
}
