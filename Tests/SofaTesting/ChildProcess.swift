/// Another program, run to its end: the tools of RocksDB, compilers, our own binary.
import Foundation

public enum ChildProcess {
  public struct Outcome: Sendable {
    /// Exit status, or 128 + the signal that ended it.
    public var status: Int32
    public var output: [UInt8]
    public var errors: String
    public var text: String { String(decoding: output, as: UTF8.self) }
    public var lines: [String] { text.split(separator: "\n").map(String.init) }
  }

  /// The absolute path of a program; nil when it is not installed.
  public static func find(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs `program`, an absolute path. Output and errors go through files, so no pipe can fill up. After `seconds` it
  /// is killed, and whatever it has started: each child has a group of its own.
  public static func run(
    _ program: String, _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
    seconds: Double = 300
  ) throws -> Outcome {
    let directory = try TemporaryDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    try Data(input).write(to: URL(fileURLWithPath: directory.path + "/in"))
    process.standardInput = FileHandle(forReadingAtPath: directory.path + "/in")
    process.standardOutput = try fresh(directory.path + "/out")
    process.standardError = try fresh(directory.path + "/err")
    try process.run()
    let group = process.processIdentifier
    // Not the process: its files would stay open until the time is over.
    let watchdog = DispatchWorkItem { kill(-group, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    let signalled = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: (signalled ? 128 : 0) + process.terminationStatus,
      output: [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory.path + "/out"))),
      errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: directory.path + "/err")), as: UTF8.self))
  }

  private static func fresh(_ path: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw CocoaError(.fileWriteUnknown) }
    return file
  }
}
