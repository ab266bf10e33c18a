import Foundation
import Testing

/// `.ci/run` leaves out what passed and nothing else, keeps the status, and ends with the runner's own line.
struct QuietLogTests {
  /// Runs the script over a `make` that prints `log` and ends with `status`.
  private func run(_ log: String, status: Int32) throws -> (lines: [String], status: Int32) {
    let files = FileManager.default
    let place = files.temporaryDirectory.appending(path: "sofadb-ci-\(UUID().uuidString)")
    defer {
      do { try files.removeItem(at: place) } catch { Issue.record(error) }
    }
    try files.createDirectory(at: place.appending(path: ".ci"), withIntermediateDirectories: true)
    try files.copyItem(at: SourceTree.project.root.appending(path: ".ci/run"), to: place.appending(path: ".ci/run"))
    try log.write(to: place.appending(path: "log"), atomically: false, encoding: .utf8)
    let make = place.appending(path: "make")
    try "#!/bin/sh\ncat log\necho 'make: *** [Makefile:1: test] Error 1' >&2\nexit \(status)\n".write(
      to: make, atomically: false, encoding: .utf8)
    try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: make.path)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = [place.appending(path: ".ci/run").path]
    process.environment = ["PATH": "\(place.path):/usr/local/bin:/usr/bin:/bin"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (output.split(separator: "\n").map(String.init), process.terminationStatus)
  }

  private static let started = """
    [1/2] Compiling SofaDB
    warning: something
    ◇ Test run started.
    ↳ Testing Library Version: 6
    ◇ Suite Some started.
    ◇ Test good() started.
    ◇ Test bad(name:) started.
    ◇ Test case passing 1 argument name → a to bad(name:) started.
    ➜ Test later() skipped: "not here"

    """

  @Test func whatPassedIsLeftOut() throws {
    let log =
      Self.started + """
        ✔ Test good() passed after 0.001 seconds.
        ✘ Test bad(name:) recorded an issue at A.swift:1:1: Expectation failed
        ✘ Test bad(name:) with 2 test cases failed after 0.1 seconds with 1 issue.
        ✔ Suite Some passed after 0.2 seconds.
        ✘ Test run with 3 tests in 1 suite failed after 0.3 seconds with 1 issue.

        """
    let (lines, status) = try run(log, status: 2)
    #expect(
      lines == [
        "warning: something", "↳ Testing Library Version: 6",
        "➜ Test later() skipped: \"not here\"",
        "✘ Test bad(name:) recorded an issue at A.swift:1:1: Expectation failed",
        "✘ Test bad(name:) with 2 test cases failed after 0.1 seconds with 1 issue.",
        "✘ Test run with 3 tests in 1 suite failed after 0.3 seconds with 1 issue.",
      ])
    #expect(status == 2)
    let passed = try run("✔ Test run with 3 tests in 1 suite passed after 0.3 seconds.\n", status: 0)
    #expect(passed.status == 0 && passed.lines == ["✔ Test run with 3 tests in 1 suite passed after 0.3 seconds."])
  }

  @Test func aCrashIsShownWithTheTestsThatWereRunning() throws {
    let log = Self.started + "✔ Test good() passed after 0.001 seconds.\n💣 Program crashed: Illegal instruction\n"
    let (lines, status) = try run(log, status: 1)
    #expect(lines.suffix(2) == ["💣 Program crashed: Illegal instruction", "was running: bad(name:)"])
    #expect(status == 1)
  }
}
