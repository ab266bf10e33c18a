import CommandKit
import Testing

struct OptionTests {
  /// A syntax of a tool's own, with a position in its error.
  private static let hexadecimal = ValueSyntax<[UInt8]>(placeholder: "HEX") { (text) throws(ValueError) in
    var bytes: [UInt8] = []
    for (index, character) in text.enumerated() {
      guard let digit = character.hexDigitValue else { throw ValueError("is not hexadecimal", at: index) }
      bytes.append(UInt8(digit))
    }
    return bytes
  }

  private static let key = Option<[UInt8]?>("key", hexadecimal, help: "a key")
  private static let number = Option<UInt64>("number", .unsigned, default: 7, help: "a number")
  private static let ratio = Option<Double>("ratio", .number(in: 0...1), default: 0.5, help: "a ratio")

  private static let tool = Command(
    name: "one", summary: "has no subcommands", options: [OptionGroup("All", [key, number, ratio])],
    run: { (invocation: Invocation, console: Console) in
      let isGiven = invocation.isGiven(number) ? "given" : "default"
      try console.output.write("\(invocation[key] ?? []) \(invocation[number]) \(isGiven) \(invocation[ratio])")
      return .ok
    })

  @Test func toolsAddTheirOwnSyntax() {
    #expect(SampleTool.run(["--key=0aF"], tool: Self.tool).output == "[0, 10, 15] 7 default 0.5")
    #expect(
      SampleTool.run(["--key", "0x"], tool: Self.tool).errors
        == "one: --key: '0x' is not hexadecimal\n  0x\n   ^\nTry 'one --help'.\n")
  }

  @Test func givenIsToldFromTheDefault() {
    #expect(SampleTool.run(["--number", "7"], tool: Self.tool).output == "[] 7 given 0.5")
  }

  private enum Codec: String, CommandLineChoice { case none, snappy, zlib, lz4, lz4hc, zstd }

  @Test func choicesAreShownHoweverTheirValueIsCalled() {
    let long = Option<Codec>("to", .choice, help: "the codec")
    let named = Option<Codec>("from", .choice, placeholder: "CODEC", help: "the codec")
    let tool = Command(
      name: "one", summary: "has no subcommands", options: [OptionGroup("All", [long, named])],
      run: { (_: Invocation, _: Console) in .ok })
    let help = SampleTool.run(["--help"], tool: tool).output
    #expect(help.contains("--to WORD               the codec (one of none, snappy, zlib, lz4, lz4hc, zstd; required)"))
    #expect(help.contains("--from CODEC            the codec (one of none, snappy, zlib, lz4, lz4hc, zstd; required)"))
  }

  @Test(arguments: ["nan", "inf", "1.1", "-0.1", "x", ""])
  func numbersAreFiniteAndInRange(text: String) {
    #expect(SampleTool.run(["--ratio", text], tool: Self.tool).status == .usage)
  }
}
