/// RocksDB 9.8 and 10.7 as judges, through the Python packages rocksdict and pyrex-rocksdb. They are installed with pip
/// on first use into a folder under `.build`; where that cannot be done `installed` is nil, and tests say so.
import Foundation

public struct NewerRocksDB: Sendable {
  public enum Package: String, Sendable, CaseIterable {
    case rocksdict
    case pyrex

    var name: String { self == .rocksdict ? "rocksdict==0.3.29" : "pyrex-rocksdb==0.6.0" }
    /// The newest format_version that it reads.
    public var newestFormat: Int { self == .rocksdict ? 6 : 7 }
    public var readsZlib: Bool { self != .rocksdict }
  }

  private let python: String
  private let folder: String
  public let package: Package

  public static let rocksdict = installed(.rocksdict)
  public static let pyrex = installed(.pyrex)

  public static func installed(_ package: Package) -> NewerRocksDB? {
    do {
      return try NewerRocksDB(package)
    } catch {
      print("no \(package.name) to compare with: \(error)")
      return nil
    }
  }

  private init(_ package: Package) throws {
    guard let python = ChildProcess.find("python3") else { throw RocksOracle.Failure("no python3") }
    self.python = python
    self.package = package
    folder = try RocksOracle.cache() + "/" + package.rawValue
    let import_ = ["-c", "import \(package.rawValue)"]
    if try ChildProcess.run(python, import_, environment: ["PYTHONPATH": folder]).status == 0 { return }
    let install = [
      "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1", "--timeout",
      "15",
      "--root-user-action", "ignore", "--target", folder, package.name,
    ]
    let outcome = try ChildProcess.run(python, install, seconds: 120)
    let imported = try ChildProcess.run(python, import_, environment: ["PYTHONPATH": folder])
    guard imported.status == 0 else { throw RocksOracle.Failure("\(outcome.errors.suffix(300))") }
  }

  /// What it reads from each database: "ENTRIES DIGEST" or "error TEXT", by directory. The directories are opened for
  /// writing. A crash ends the list early.
  public func judge(_ directories: [String]) throws -> [String: String] {
    let outcome = try run(package.rawValue, Array((directories.joined(separator: "\n") + "\n").utf8))
    var answers: [String: String] = [:]
    for line in outcome.lines {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      if parts.count == 2, directories.contains(parts[0]) { answers[parts[0]] = parts[1] }
    }
    if outcome.status != 0 { print("\(package.name) ended with \(outcome.status): \(outcome.errors.suffix(500))") }
    return answers
  }
  func run(_ command: String, _ input: [UInt8]) throws -> ChildProcess.Outcome {
    try ChildProcess.run(
      python, [RocksOracle.source("newer_rocksdb.py"), command], input: input, environment: ["PYTHONPATH": folder])
  }
}
