import CommandKit
import Testing

struct ArgumentParserTests {
  private let defaults = "full text  - - 4 67108864 - - loud db\n"

  @Test func defaultsAreReadWithoutOptions() {
    let result = run(["verify", "db"])
    #expect(result.output == defaults)
    #expect(result.status == .findings)
    #expect(result.errors == "")
  }

  @Test func everySpellingOfAValueIsTheSame() {
    let expected = run(["verify", "db", "--jobs=8"]).output
    for spelling in [["--jobs", "8"], ["-j8"], ["-j", "8"], ["-j=8"]] {
      #expect(run(["verify"] + spelling + ["db"]).output == expected)
      #expect(run(["verify", "db"] + spelling).output == expected)
    }
    #expect(run(["verify", "-qj8", "db"]).output.contains("quiet"))
  }

  @Test func underscoresCountAsHyphensInNamesOnly() {
    #expect(run(["verify", "--column_family=a_b", "--cf", "c", "db"]).output.contains(" a_b+c "))
  }

  @Test func shorthandsSetTheirOption() {
    #expect(run(["verify", "--json", "db"]).output.contains("full json"))
    #expect(
      run(["verify", "--json", "--format", "csv", "db"]).errors
        .contains("options '--json' and '--format' set the same thing twice"))
    #expect(run(["verify", "--json=yes", "db"]).errors.contains("option '--json' takes no value"))
  }

  @Test func anOptionalValueFollowsOnlyWithAnEqualsSign() {
    #expect(run(["verify", "--manifest", "db"]).output.hasSuffix(" CURRENT loud db\n"))
    #expect(run(["verify", "--manifest=M", "db"]).output.hasSuffix(" M loud db\n"))
  }

  @Test func dashesMayBeValuesAndOperands() {
    #expect(run(["verify", "--from", "-", "--limit", "-5", "-"]).output == "full text  - -5 4 67108864 - - loud -\n")
    #expect(run(["verify", "-3", "-.5"]).output.hasSuffix("-3+-.5\n"))
    #expect(run(["verify", "--", "--level", "-h"]).output.hasSuffix("--level+-h\n"))
    #expect(run(["verify", "--from", "-x-", "--limit=1", "db"]).output.contains(" -x- "))
  }

  @Test func aForgottenValueIsNotSwallowed() {
    let result = run(["verify", "--from", "--cf", "a", "db"])
    #expect(result.status == .usage)
    #expect(result.errors.contains("option '--from' needs a value, and '--cf' is an option"))
    #expect(run(["verify", "--limit=1", "--from=--cf", "db"]).output.contains(" --cf "))
    #expect(run(["verify", "db", "--from"]).errors.contains("option '--from' needs a value: --from=KEY"))
  }

  @Test(arguments: [
    (["verify", "--lvel=full", "db"], "unknown option '--lvel'; did you mean '--level'?"),
    (["verify", "--startt", "db"], "unknown option '--startt'; did you mean '--start'?"),
    (["verify", "-level", "db"], "unknown option '-level'; did you mean '--level'?"),
    (["verify", "-x", "db"], "unknown option '-x'"),
    (["verify", "--\u{1B}[2J", "db"], "unknown option '--\\x1B[2J'"),
    (["vrify", "db"], "unknown command 'vrify'; did you mean 'verify'?"),
    (["--level", "full", "verify", "db"], "option '--level' must come after the command 'verify'"),
    ([], "a command is missing: verify, copy, show"),
    (["verify"], "PATH is missing: a database or tables"),
    (["show"], "DIR is missing: the database"),
    (["show", "a", "b", "c"], "unexpected argument 'c' after DIR [LAST]"),
    (["verify", "--level", "full", "--level=quick", "db"], "option '--level' is given twice"),
    (["verify", "--from", "a", "--start", "b", "db"], "options '--from' and '--start' set the same thing twice"),
    (["verify", "--quiet=yes", "db"], "option '--quiet' takes no value"),
    (["verify", "--level", "quik", "db"], "--level: 'quik' is none of quick, blocks, full; did you mean quick?"),
    (["verify", "-j", "65", "db"], "-j: '65' is not between 1 and 64"),
    (["verify", "--memory=1k", "db"], "--memory: '1k' is not between 1MiB and 1TiB"),
    (["verify", ""], "PATH: '' is an empty path"),
    (["verify", "-q", "-v", "db"], "options '--quiet' and '--verbose' exclude each other"),
    (["verify", "--from", "a", "db"], "option '--from' needs '--limit'"),
    (["copy", "db"], "option '--output' is required"),
  ])
  func mistakesAreNamed(arguments: [String], message: String) {
    let result = run(arguments)
    #expect(result.status == .usage)
    #expect(result.output == "")
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.errors.contains("--help'."))
  }

  @Test func theCaretPointsAtTheWrongByte() {
    #expect(
      run(["verify", "--max-time", "2h3x", "db"]).errors == """
        sofatool verify: --max-time: '2h3x' has an unknown unit; use ms, s, m, h or d
          2h3x
             ^
        Try 'sofatool verify --help'.

        """)
    let long = String(repeating: "9", count: 300) + "x"
    let lines = run(["verify", "--limit", long, "db"]).errors.split(separator: "\n")
    #expect(lines.allSatisfy { $0.utf8.count < 300 })
    #expect(lines[2].last == "^")
  }

  @Test func aCombiningMarkBehindASignIsPartOfTheValue() {
    #expect(run(["verify", "--limit=1", "--from=\u{301}a", "db"]).output.contains(" \u{301}a 1 "))
    #expect(run(["copy", "-o=\u{301}a", "db"]).output == "\u{301}a db\n")
    #expect(run(["verify", "--\u{301}a", "db"]).status == .usage)
  }

  @Test func repeatedFlagsAreHarmless() {
    #expect(run(["verify", "-q", "-q", "--quiet", "db"]).output.contains(" quiet "))
  }

  @Test func operandsShareWhatIsThere() {
    #expect(run(["copy", "-o", "x", "a.sst", "b.sst", "db"]).output == "x db\n")
    #expect(run(["copy", "-o", "x", "db"]).output == "x db\n")
    #expect(run(["show", "a"]).output == "a -\n")
    #expect(run(["show", "a", "b"]).output == "a b\n")
    #expect(run(["verify", "b", "--db", "a"]).output.hasSuffix(" a+b\n"))
    #expect(run(["verify", "--db=a"]).output.hasSuffix(" a\n"))
  }

  @Test func noArgumentsCanTrap() {
    var random = SystemRandomNumberGenerator()
    let words = [
      "verify", "copy", "--", "-", "=", "--=", "--=x", "-=", "-q=", "--level", "--level=", "-j", "-j=", "--db", "é",
      "--é", "-é", "--manifest=", "--from=\u{0}", "18446744073709551616", "--memory=9e",
      "--limit=-9223372036854775809", "--max-time=99999999999999999999d", "--memory=1.9999999999999E", "help", "-hh",
      "--version", "\u{301}", "-\u{301}",
    ]
    for _ in 0..<5000 {
      let arguments = (0..<Int.random(in: 0..<6, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
      let status = run(["verify"] + arguments).status
      #expect([.ok, .findings, .usage].contains(status), "\(arguments)")
    }
  }

  private func run(_ arguments: [String]) -> SampleTool.Result { SampleTool.run(arguments) }
}
