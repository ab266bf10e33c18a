import CommandKit
import Foundation
import Testing

struct CommandRunTests {
  private struct Refusal: CommandFailure {
    var exitStatus: ExitStatus { .refused }
    var failureMessage: String { "db: locked by another process" }
  }

  private struct Unforeseen: Error {}

  private func run(
    _ output: any TextOutput = MemoryOutput(), body: @escaping @Sendable (Console) throws -> ExitStatus
  ) -> (status: ExitStatus, errors: String) {
    let errors = MemoryOutput()
    let tool = Command(
      name: "tool", summary: "runs", run: { (_: Invocation, console: Console) in try body(console) })
    let status = tool.run(arguments: [], context: Console(name: "tool", output: output, errors: errors))
    return (status, errors.text)
  }

  @Test func everyErrorHasItsStatus() {
    #expect(run { _ in .incomplete }.status == .incomplete)
    let refusal = run { _ in throw Refusal() }
    #expect(refusal.status == .refused)
    #expect(refusal.errors == "tool: db: locked by another process\n")
    let unforeseen = run { _ in throw Unforeseen() }
    #expect(unforeseen.status == .bug)
    #expect(unforeseen.errors.contains("internal error: Unforeseen()"))
    let usage = run { _ in throw UsageError("--a needs --b") }
    #expect(usage.status == .usage)
    #expect(usage.errors == "tool: --a needs --b\nTry 'tool --help'.\n")
  }

  @Test(arguments: [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated), (SIGHUP, .terminated)])
  func aStopThatWasAskedForHasItsStatus(signal: Int32, expected: ExitStatus) {
    let result = run { console in
      try console.interruption.check()
      console.interruption.request(signal: signal)
      #expect(console.interruption.isRequested)
      try console.interruption.check()
      return .ok
    }
    #expect(result.status == expected)
  }

  @Test func aReaderThatLeftEndsTheRunQuietly() throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let output = DescriptorOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor, buffering: .full)
    let result = run(output) { console in
      for _ in 0..<100_000 { try console.output.writeLine("entry") }
      return .ok
    }
    #expect(result.status == .incomplete)
    #expect(result.errors == "")
  }

  /// The last bytes leave when the command has already said that all is well.
  @Test func aFullDiskIsNoticedAtTheVeryEnd() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let output = DescriptorOutput(descriptor: descriptor, buffering: .full)
    for status in [ExitStatus.ok, .findings] {
      let result = run(output) { console in
        try console.output.writeLine("all is well")
        return status
      }
      #expect(result.status == .refused)
      #expect(result.errors == "tool: standard output: No space left on device\n")
    }
  }

  @Test func stderrThatCannotBeWrittenChangesNothing() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let errors = DescriptorOutput(descriptor: descriptor, buffering: .none)
    let tool = Command(
      name: "tool", summary: "runs",
      run: { (_: Invocation, console: Console) in
        console.warn("nobody hears this")
        return .findings
      })
    let console = Console(name: "tool", output: MemoryOutput(), errors: errors)
    #expect(tool.run(arguments: [], context: console) == .findings)
  }
}
