import CommandKit
import Testing

struct HelpPageTests {
  @Test func theWholeTextOfACommand() {
    #expect(HelpPage([SampleTool.tool, SampleTool.verify], width: 80).text == Self.verify)
  }

  private static let verify = """
    sofatool verify - reads every byte and says what is wrong

    Usage: sofatool verify [OPTIONS] PATH...

    The first paragraph isn't short, so that it has to be broken into two lines at
    least, if not into three; it has a \\ in it.

    .A second one begins with a dot.

      sofatool verify 'db'   # kept

    Operands:
      PATH...  a database or tables

    Scope:
      --level quick|blocks|full
                              how deep to look: [deeper] is slower (default: full)
                                quick   names & sizes only: it's "fast", costs $0
                                blocks  every checksum
                                full    everything
      --column-family NAME, --cf NAME
                              only this family (repeatable)
      --from KEY, --start KEY
                              first key
      --limit N               at most so many
      --manifest[=FILE]       prints the MANIFEST

    Running:
      --format text|json|csv, --json
                              form of the output (default: text; --json is --format
                              json)
      -j N, --jobs N          threads (default: the machine's)
      --memory SIZE           for sorting (default: 64MiB)
      --max-time TIME         stop after this long
      -q, --quiet             no messages
      -v, --verbose           more messages

    Instead of operands:
      --db PATH               the same as PATH (repeatable)

    General:
      -h, --help              prints this text
      --version               prints the version

    Examples:
      sofatool verify --level=quick db
          Looks at names and sizes.

    Environment:
      SOFA_X  What it is for.

    Exit status:
      0    The work is complete and nothing is wrong.
      1    Something is wrong with a file.
      2    The command line is wrong; nothing was done.
      3    The work or the check is incomplete: a budget is spent or a part cannot
           be read.
      4    The environment refused: locked, permission, no space, I/O error,
           unsupported feature. Nothing was changed.
      70   A bug in the tool.
      130  Interrupted by SIGINT; the state is saved.
      143  Ended by SIGTERM or SIGHUP; the state is saved.

    """

  @Test(arguments: [40, 60, 80, 100, 200])
  func linesKeepTheWidthAndHaveNoTrailingSpaces(width: Int) {
    for chain in [[SampleTool.tool], [SampleTool.tool, SampleTool.verify], [SampleTool.tool, SampleTool.copy]] {
      for line in HelpPage(chain, width: width).text.split(separator: "\n") {
        #expect(!line.hasSuffix(" "))
        // A single word, a term or an example is never broken.
        if width >= 80 { #expect(line.count <= width) }
      }
    }
  }

  @Test func helpIsTheSameHoweverItIsAskedFor() {
    let text = SampleTool.run(["verify", "--help"]).output
    for arguments in [
      ["verify", "-h"], ["help", "verify"], ["verify", "db", "-qh"], ["verify", "x", "--help", "--y"],
    ] {
      #expect(SampleTool.run(arguments).output == text)
      #expect(SampleTool.run(arguments).status == .ok)
    }
    #expect(SampleTool.run(["help"]).output == SampleTool.run(["--help"]).output)
    #expect(SampleTool.run(["help", "vrify"]).status == .usage)
  }

  @Test func requiredOptionsStandInTheUsageLine() {
    let usage = "Usage: sofatool copy --output PATH [OPTIONS] [TABLE...] DIR"
    #expect(SampleTool.run(["copy", "-h"]).output.contains(usage))
  }

  @Test func theVersionIsPrinted() {
    #expect(SampleTool.run(["--version"]).output == "sofatool 1.2.3\n")
    #expect(SampleTool.run(["verify", "--version"]).output == "sofatool 1.2.3\n")
  }
}
