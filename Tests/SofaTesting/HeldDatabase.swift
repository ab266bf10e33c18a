/// A database that RocksDB or LevelDB itself has open for writing, in a process of its own, until it is closed.
import Foundation

public final class HeldDatabase {
  private let process = Process()
  private let operations = Pipe()
  private let answers = Pipe()
  public let path: String

  /// Opens the database at `path`, which is made if missing.
  public init(_ path: String, _ oracle: RocksOracle) throws {
    self.path = path
    process.executableURL = URL(fileURLWithPath: oracle.program)
    process.arguments = ["mk", path]
    process.standardInput = operations
    process.standardOutput = answers
    try process.run()
  }

  /// Opens the LevelDB database at `path`; returns when it is open.
  public init(levelDB path: String) throws {
    self.path = path
    let script = """
      import sys, plyvel
      db = plyvel.DB(sys.argv[1])
      print('open', flush=True)
      sys.stdin.read()
      db.close()
      """
    process.executableURL = URL(fileURLWithPath: LevelDBOracle.python)
    process.arguments = ["-c", script, path]
    process.standardInput = operations
    process.standardOutput = answers
    try process.run()
    try expect("open")
  }

  public var processID: Int32 { process.processIdentifier }

  /// Hands over operations, one a line as the driver describes. Returns when RocksDB has flushed them and has nothing
  /// left to do: the directory stays as it is until the next call.
  public func write(_ lines: [String]) throws {
    let text = (lines + ["flush", "settle"]).joined(separator: "\n") + "\n"
    try operations.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try expect("settled")
  }

  /// Waits for a line of the engine's process, or for its end.
  private func expect(_ line: String) throws {
    let wanted = Data("\(line)\n".utf8)
    let answer = try answers.fileHandleForReading.read(upToCount: wanted.count) ?? Data()
    guard answer == wanted else {
      throw RocksOracle.Failure("\(path): no '\(line)' but '\(String(decoding: answer, as: UTF8.self))'")
    }
  }

  /// Lets the writer close the database; its exit status.
  public func close() throws -> Int32 {
    try operations.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }

  deinit {
    if process.isRunning { process.terminate() }
  }
}
