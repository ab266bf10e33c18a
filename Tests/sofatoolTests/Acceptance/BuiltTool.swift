/// The binary `sofatool` that was built with the tests, run as a process of its own: what signals, pipes and the
/// kernel see of it.
import Foundation
import SofaTesting

enum BuiltTool {
  /// nil where only the tests were built.
  static let path: String? = {
    guard let maps = FileManager.default.contents(atPath: "/proc/self/maps") else { return nil }
    // The library that this code is in.
    let own = UInt(bitPattern: #dsohandle)
    for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5)
      let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words.count == 6, bounds.count == 2, bounds[0] <= own, own < bounds[1] else { continue }
      let image = URL(fileURLWithPath: words[5].trimmingCharacters(in: .whitespaces))
      let tool = image.deletingLastPathComponent().appendingPathComponent("sofatool").path
      return FileManager.default.isExecutableFile(atPath: tool) ? tool : nil
    }
    return nil
  }()

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
