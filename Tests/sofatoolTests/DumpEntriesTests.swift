import CommandKit
import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

private let names: [String] = {
  do {
    return try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("databases")).sorted()
  } catch {
    return []
  }
}()

/// Databases that can be put in order and decoded, undamaged or not.
private let readable = names.filter { name in
  let unreadable = ["r783-comp-bzip2", "r984-comp-bzip2", "sofadb-go-torn-key"]
  let database = Fixtures.path("databases/\(name)/db")
  return FileManager.default.fileExists(atPath: database) && !unreadable.contains(name)
    && !name.hasPrefix("l123-customcmp") && name != "r783-wals-flip-first"
}

private func path(_ name: String) -> String { Fixtures.path("databases/\(name)/db") }

private func listing(_ path: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
    let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return "\(name) \(attributes[.size] ?? 0) \(attributes[.modificationDate] ?? 0)"
  }
}

@Suite struct DumpEntriesTests {
  @Test(arguments: readable)
  func showsWhatTheEngineShows(name: String) throws {
    let before = try listing(path(name))
    for family in try FixtureDatabase(name).live?.families ?? [] {
      let run = ToolRun("dump", path(name), "--raw", "--cf", family.name)
      #expect(run.status.code <= 1, "\(run.errors)")
      let digest = run.bytes.withUnsafeBytes { SHA256.digest($0) }
      #expect(TextFormat.hex.text(digest) == family.digest, "\(family.name)")
      let count = ToolRun("dump", path(name), "--count", "--cf", family.name)
      #expect(count.output == "\(family.entries)\n")
    }
    #expect(try listing(path(name)) == before)
  }

  @Test(arguments: readable)
  func ndjsonGivesEverythingBack(name: String) throws { try check(name, ["--json"]) }

  @Test(arguments: ["r783-merge-u64", "r783-entity", "l123-levels"], TextFormat.allCases)
  func ndjsonInEveryFormat(name: String, format: TextFormat) throws {
    try check(name, ["--json", "--key-format", format.rawValue, "--value-format", format.rawValue])
  }

  private func check(_ name: String, _ options: [String]) throws {
    let run = ToolRun(["dump", path(name)] + options)
    #expect(run.bytes.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 < 0x7F })
    let records = try DumpRecords(run.output)
    let entries = try FixtureDatabase(name).live?.families.reduce(0) { $0 + $1.entries }
    #expect(records.entries.count == entries)
    #expect(records.trailer?["entries"] as? Int == entries)
    #expect(records.trailerDigest == records.digest.hex)
    #expect(records.trailer?["complete"] as? Bool == (run.status == .ok || run.errors.contains("warning: wal.tail")))
  }

  @Test(arguments: ["r783-levels", "r783-levels-rev", "r1075-u64ts", "r1075-u64ts-rev", "r783-cfs", "l123-levels"])
  func rangesAreParts(name: String) throws {
    for family in try FixtureDatabase(name).live?.families ?? [] {
      func dump(_ options: String...) -> [Substring] {
        ToolRun(["dump", path(name), "--cf", family.name] + options).lines
      }
      let all = dump().filter { !$0.hasPrefix("\t") }
      #expect(dump().count == family.entries)
      guard all.count > 10 else { continue }
      let keys = all.map { String($0.prefix { $0 != "\t" }) }
      #expect(dump("--from", keys[3], "--to", keys[7]) == Array(all[3..<7]))
      #expect(dump("--to", keys[2]).suffix(2) == Array(all[..<2]))
      #expect(dump("--from", keys[5], "--limit", "2") == Array(all[5..<7]))
      #expect(dump("--from", keys[7], "--to", keys[3]).isEmpty)
      #expect(dump("--keys-only").map(String.init) == keys)
      let prefix = String(keys[4].dropLast())
      #expect(dump("--prefix", prefix) == zip(all, keys).filter { $0.1.hasPrefix(prefix) }.map(\.0))
    }
  }

  @Test(arguments: ["r783-levels", "r783-rangedel", "r1075-u64ts", "l123-levels", "l123-customcmp", "r783-entity"])
  func versionsHoldWhatIsVisible(name: String) throws {
    let run = ToolRun("dump", path(name), "--internal", "--json")
    #expect(run.errors.isEmpty || name == "l123-customcmp")
    let records = try DumpRecords(run.output)
    let tables = try FixtureDatabase(name).live?.tables ?? []
    #expect(records.entries.count >= tables.reduce(0) { $0 + Int($1.entries) })
    #expect(records.trailer?["entries"] as? Int == records.entries.count)
    for entry in records.entries { #expect(entry["seq"] is Int && entry["op"] is String) }
  }

  @Test func severalFamiliesGetAColumn() throws {
    let run = ToolRun("dump", path("r783-cfs"))
    #expect(run.lines.allSatisfy { $0.split(separator: "\t", omittingEmptySubsequences: false).count == 3 })
    #expect(ToolRun("dump", path("r783-cfs"), "--raw").status == .usage)
    let unknown = ToolRun("dump", path("r783-cfs"), "--cf", "nobody")
    #expect(unknown.status == .usage)
    #expect(unknown.errors.contains("there are: default"))
  }

  @Test func anUnknownOrderIsSaid() {
    let run = ToolRun("dump", path("l123-customcmp"))
    #expect(run.status == .findings)
    #expect(run.errors.contains("warning: env.comparator-unknown"))
    #expect(ToolRun("dump", path("l123-customcmp"), "--raw").status == .refused)
  }

  @Test func looseTablesAndSingleFiles() throws {
    let external = try FixtureDatabase("r783-sst")
    #expect(ToolRun("dump", external.path).status == .ok)
    let file = try #require(external.externals.first)
    let run = ToolRun("dump", external.path + "/" + file.file, "--raw")
    #expect(TextFormat.hex.text(run.bytes.withUnsafeBytes { SHA256.digest($0) }) == file.digest)
    #expect(ToolRun("dump", path("main-basic") + "/000009.sst").lines.count == 226)
  }

  @Test func findTellsEveryPlace() throws {
    let run = ToolRun("dump", path("r783-levels"), "--find", "key000002")
    #expect(run.status == .ok)
    #expect(run.lines.first == "default\t000021.sst\t0\tlive\t743\tdelete")
    #expect(run.lines.last == "default\t-\t-\tvisible\t-\tnothing")
    #expect(run.output.contains("\thistory\t-\tadded\t000010.sst"))
    let covered = ToolRun("dump", path("r783-rangedel"), "--find", "key000012")
    #expect(covered.output.contains("range-delete\tkey000010 .. key000030"))
    let logged = ToolRun("dump", path("r783-wal"), "--find", "key000001", "--json")
    #expect(logged.output.contains(#""file":"000004.log""#))
    #expect(ToolRun("dump", path("l123-customcmp"), "--find", "lkey000001").output.contains("\tlive\t2\tput\t"))
  }

  @Test func timestampsAreKept() throws {
    let records = try DumpRecords(ToolRun("dump", path("r1075-u64ts"), "--json").output)
    #expect(!records.entries.isEmpty)
    for entry in records.entries { #expect(entry["timestamp"] is Int) }
  }

  @Test func rawBytesAreNotForTerminals() {
    var terminal = Terminal.none
    terminal.isOutput = true
    #expect(ToolRun("dump", "--raw", path("main-basic"), terminal: terminal).status == .usage)
    #expect(ToolRun("dump", path("main-basic"), terminal: terminal).status == .ok)
  }

  @Test func aReaderWhoLeavesEndsItQuietly() {
    final class Leaving: TextOutput {
      func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) { throw .readerLeft }
      func flush() throws(OutputError) {}
    }
    let errors = MemoryOutput()
    let status = Sofatool.run(
      ["dump", path("main-basic")], fileSystem: PosixFileSystem(), output: Leaving(), errors: errors)
    #expect(status == .incomplete)
    #expect(errors.text.isEmpty)
  }
}
