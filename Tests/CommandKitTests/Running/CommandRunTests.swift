import CommandKit
import Testing

@Test func helpIsShownAndCountsAsSuccess() {
  let output = MemoryOutput()
  let tool = Command(
    name: "sofatool", summary: "offline tools",
    subcommands: [
      Command(name: "verify", summary: "reads every byte", run: { (_: Invocation, _: Console) in .findings })
    ])
  let console = Console(name: "sofatool", output: output, errors: MemoryOutput())
  #expect(tool.run(arguments: ["--help"], context: console) == .ok)
  #expect(output.text.contains("verify  reads every byte"))
  #expect(tool.run(arguments: ["verify"], context: console) == .findings)
}
