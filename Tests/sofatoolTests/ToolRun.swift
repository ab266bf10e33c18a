import CommandKit
import SofaDB

@testable import sofatool

/// One run of the tool inside the test's process.
struct ToolRun {
  let status: ExitStatus
  let output: String
  let bytes: [UInt8]
  let errors: String

  /// Runs `sofatool` with `arguments` on the real file system, or on `fileSystem`.
  init(
    _ arguments: String..., fileSystem: any FileSystem = PosixFileSystem(), terminal: Terminal = .none,
    interruption: Interruption = Interruption(), time: any TimeSource = SystemTime()
  ) {
    self.init(arguments, fileSystem: fileSystem, terminal: terminal, interruption: interruption, time: time)
  }

  init(
    _ arguments: [String], fileSystem: any FileSystem = PosixFileSystem(), terminal: Terminal = .none,
    interruption: Interruption = Interruption(), time: any TimeSource = SystemTime()
  ) {
    let output = MemoryOutput()
    let errors = MemoryOutput()
    status = Sofatool.run(
      arguments, fileSystem: fileSystem, output: output, errors: errors, terminal: terminal,
      interruption: interruption, time: time)
    bytes = output.contents
    self.output = output.text
    self.errors = errors.text
  }

  var lines: [Substring] { output.split(separator: "\n") }
}
