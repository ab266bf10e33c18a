/// A database that RocksDB or LevelDB itself has open for writing, in a process of its own, until it is closed.
import Foundation

public final class HeldDatabase {
  private let process = Process()
  private let operations = Pipe()
  public let path: String

  /// Opens the database at `path`, which is made if missing.
  public init(_ path: String, _ oracle: RocksOracle) throws {
    self.path = path
    process.executableURL = URL(fileURLWithPath: oracle.program)
    process.arguments = ["mk", path]
    process.standardInput = operations
    process.standardOutput = FileHandle.nullDevice
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
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let answer = try output.fileHandleForReading.read(upToCount: 5) ?? Data()
    guard answer == Data("open\n".utf8) else {
      throw RocksOracle.Failure("LevelDB does not open \(path): \(String(decoding: answer, as: UTF8.self))")
    }
  }

  public var processID: Int32 { process.processIdentifier }

  /// Hands over operations, one a line as the driver describes, and waits until a flush behind them has made a table.
  public func write(_ lines: [String]) throws {
    let before = try tables()
    let text = (lines + ["flush"]).joined(separator: "\n") + "\n"
    try operations.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    let deadline = Date(timeIntervalSinceNow: 30)
    while try tables() == before {
      guard process.isRunning, Date() < deadline else { throw RocksOracle.Failure("the writer wrote no table") }
      usleep(5_000)
    }
  }

  private func tables() throws -> Set<String> {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return Set(try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".sst") })
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
