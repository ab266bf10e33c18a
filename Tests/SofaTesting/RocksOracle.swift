/// RocksDB itself as the judge: `Tests/Oracle/rocks_oracle.cc`, compiled on first use against the installed library and
/// kept under `.build`. Where there is no compiler or no RocksDB, `shared` is nil and tests say so:
///
///     @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
///
/// The commands and options are described in the driver. Debian's RocksDB 7.8.3 has assertions: a rule broken by a
/// writer shows as an abort, status 134.
import Foundation

public struct RocksOracle: Sendable {
  let program: String

  /// The compiled driver.
  public static let shared: RocksOracle? = {
    do {
      return try RocksOracle()
    } catch {
      print("no RocksDB to compare with: \(error)")
      return nil
    }
  }()

  public static var isAvailable: Bool { shared != nil }
  public static let missing = "no RocksDB library, or no C++ compiler, is installed"

  /// Why a command did not succeed.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
  }

  public struct Family: Sendable, Equatable {
    public var id: UInt32
    public var name: String
    public var entries: Int
    /// SHA-256 of the live pairs as the fixtures define it, in hexadecimal.
    public var digest: String

    public init(id: UInt32, name: String, entries: Int, digest: String) {
      self.id = id
      self.name = name
      self.entries = entries
      self.digest = digest
    }
  }

  private init() throws {
    program = try RocksOracle.compiled()
  }

  /// The folder under `.build` for what tests compile or install.
  public static func cache() throws -> String {
    let root = Fixtures.path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    let path = root.joined(separator: "/") + "/.build/oracle"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  static func source(_ name: String) -> String {
    Fixtures.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      + "/Oracle/" + name
  }

  /// Compiles under a name of its own, then renames: test processes may race.
  private static func compiled() throws -> String {
    guard let compiler = ChildProcess.find("g++") ?? ChildProcess.find("clang++") else {
      throw Failure("no C++ compiler")
    }
    let wanted = try cache() + "/rocks_oracle"
    let sources = ["rocks_oracle.cc", "sha256.h"].map(source)
    if let built = try modified(wanted), try sources.allSatisfy({ try modified($0).map { $0 < built } ?? false }) {
      return wanted
    }
    let fresh = wanted + "-\(ProcessInfo.processInfo.processIdentifier)"
    let outcome = try ChildProcess.run(
      compiler, ["-O1", "-std=c++17", "-Wall", "-Werror", sources[0], "-lrocksdb", "-o", fresh])
    guard outcome.status == 0 else { throw Failure("rocks_oracle.cc: \(outcome.errors.prefix(600))") }
    guard rename(fresh, wanted) == 0 else { throw CocoaError(.fileWriteUnknown) }
    return wanted
  }

  private static func modified(_ path: String) throws -> Date? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
  }

  // MARK: Commands

  /// Runs one command to whatever end.
  public func outcome(_ arguments: [String], input: [UInt8] = []) throws -> ChildProcess.Outcome {
    try ChildProcess.run(program, arguments, input: input)
  }

  /// Runs one command that must succeed; returns its standard output.
  @discardableResult
  public func run(_ arguments: [String], input: [UInt8] = []) throws -> ChildProcess.Outcome {
    let outcome = try outcome(arguments, input: input)
    guard outcome.status == 0 else {
      let words = arguments.prefix(3).joined(separator: " ")
      throw Failure("rocks_oracle \(words): status \(outcome.status): \(outcome.errors.prefix(800))")
    }
    return outcome
  }

  /// The families of a database as RocksDB reads them: `digest`, or `reopen`, `compact` which change the directory.
  public func families(_ command: String = "digest", _ directory: String, _ options: [String] = []) throws -> [Family] {
    RocksOracle.families(try run([command, directory] + options))
  }

  /// Ingests tables, in one call, into a database that is made if missing.
  public func ingest(_ files: [String], into directory: String, _ options: [String] = []) throws -> [Family] {
    RocksOracle.families(try run(["ingest", directory] + files + options))
  }

  /// Makes a database from operations, one a line as the driver describes.
  @discardableResult
  public func make(_ directory: String, _ operations: [String], _ options: [String] = []) throws -> [Family] {
    let input = Array((operations.joined(separator: "\n") + "\n").utf8)
    return RocksOracle.families(try run(["mk", directory] + options, input: input))
  }

  /// Finds every key by every way of reading; returns the counters that the driver prints.
  public func getAll(_ directory: String, _ options: [String] = []) throws -> [String: Int] {
    var counters: [String: Int] = [:]
    for line in try run(["get-all", directory] + options).lines {
      let words = line.split(separator: " ")
      counters[String(words[0])] = Int(words[1])
    }
    return counters
  }

  /// The properties of a table, as RocksDB names them in its reports.
  public func properties(_ file: String) throws -> [String: String] {
    var properties: [String: String] = [:]
    for line in try run(["properties", file]).lines {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { properties[String(parts[0])] = String(parts[1]) }
    }
    return properties
  }

  static func families(_ outcome: ChildProcess.Outcome) -> [Family] {
    outcome.lines.compactMap { line in
      let words = line.split(separator: " ", maxSplits: 4).map(String.init)
      guard words.count == 5, words[0] == "cf", let id = UInt32(words[1]), let entries = Int(words[2]) else {
        return nil
      }
      return Family(id: id, name: words[4], entries: entries, digest: words[3])
    }
  }
}
