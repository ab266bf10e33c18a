/// The binary `sofatool` that was built with the tests, run as a process of its own: what signals, pipes and the
/// kernel see of it.
import Foundation
import SofaTesting

enum BuiltTool {
  /// nil where only the tests were built.
  static let path = BuiltProgram.path("sofatool")

  static var isBuilt: Bool { path != nil }
  static let missing = "sofatool is not built beside the tests"

  struct NotBuilt: Error {}

  static func run(_ arguments: [String], input: [UInt8] = []) throws -> ChildProcess.Outcome {
    guard let path else { throw NotBuilt() }
    return try ChildProcess.run(path, arguments, input: input, seconds: 60)
  }

  /// Runs a line of `sh` in which `"$TOOL"` is the binary and `"$1"`, `"$2"`... are `arguments`.
  static func shell(_ line: String, _ arguments: [String]) throws -> ChildProcess.Outcome {
    guard let path else { throw NotBuilt() }
    return try ChildProcess.run(
      "/bin/sh", ["-c", line, "sh"] + arguments, environment: ["TOOL": path], seconds: 60)
  }
}
