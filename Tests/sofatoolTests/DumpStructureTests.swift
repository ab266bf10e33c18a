import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

/// The directories of `Tests/Fixtures/databases`.
private let fixtures: [String] = {
  do {
    return try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("databases")).sorted()
  } catch {
    return []
  }
}()

private func directory(_ fixture: String) -> String {
  let database = Fixtures.path("databases/\(fixture)/db")
  return FileManager.default.fileExists(atPath: database) ? database : Fixtures.path("databases/\(fixture)/files")
}

/// Names, sizes and times of everything in a directory.
private func listing(_ path: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
    let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return "\(name) \(attributes[.size] ?? 0) \(attributes[.modificationDate] ?? 0)"
  }
}

@Suite struct DumpStructureTests {
  @Test func thereAreFixtures() { #expect(fixtures.count > 100) }

  @Test(arguments: fixtures, ["--layout", "--properties", "--manifest", "--wal"])
  func everyFormOfEveryFixture(fixture: String, form: String) throws {
    let path = directory(fixture)
    let before = try listing(path)
    let text = ToolRun("dump", form, path)
    #expect([0, 1, 3, 4].contains(text.status.code), "\(text.errors)")
    #expect(text.status.code != 1 || text.errors.contains(": "))
    for byte in text.bytes { #expect(byte == 0x0A || byte == 0x09 || byte >= 0x20) }
    let json = ToolRun("dump", form, "--json", path)
    #expect(json.status == text.status)
    for line in json.lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["record"] is String)
    }
    #expect(json.bytes.allSatisfy { $0 == 0x0A || $0 >= 0x20 && $0 < 0x7F })
    #expect(try listing(path) == before)
  }

  @Test func layoutListsEveryByteOfATable() throws {
    let run = ToolRun("dump", "--layout", "--json", directory("main-basic"))
    #expect(run.status == .ok)
    var end = 0
    for line in run.lines.dropFirst() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["offset"] as? Int == end)
      #expect(object["ok"] as? Bool == true)
      let isFooter = object["kind"] as? String == "footer"
      end = try #require(object["offset"] as? Int) + (try #require(object["stored"] as? Int)) + (isFooter ? 0 : 5)
    }
    #expect(end == 7537)
  }

  @Test func aFlippedBitIsFoundInEveryBlock() throws {
    let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory("main-basic") + "/000009.sst")))
    let scratch = try TemporaryDirectory()
    let path = scratch.path + "/000009.sst"
    let places: [(offset: Int, block: String)] = [
      (10, "data"), (5700, "filter"), (6100, "index"), (6400, "properties"), (7400, "metaindex"),
    ]
    for (offset, block) in places {
      var damaged = original
      damaged[offset] ^= 0x10
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let run = ToolRun("dump", "--layout", "--json", path)
      #expect(run.status == .findings)
      #expect(run.output.contains(#""code":"block.checksum""#))
      #expect(run.output.contains(#""block":"\#(block)""#), "\(run.output)")
    }
    try Data(original.prefix(5000)).write(to: URL(fileURLWithPath: path))
    #expect(ToolRun("dump", "--layout", path).errors.contains("table.not-a-table"))
  }

  @Test func damageInTheManifestIsTold() throws {
    let scratch = try TemporaryDirectory()
    let path = scratch.path + "/MANIFEST-000005"
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory("main-basic") + "/MANIFEST-000005")))
    try Data(bytes.prefix(230)).write(to: URL(fileURLWithPath: path))
    let torn = ToolRun("dump", "--manifest", path)
    #expect(torn.status == .findings)
    #expect(torn.errors.contains("warning: manifest.tail: MANIFEST-000005 at 227"))
    bytes[60] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let damaged = ToolRun("dump", "--manifest", scratch.path)
    #expect(damaged.status == .findings)
    #expect(damaged.errors.contains("error: current.dangling: CURRENT"))
    #expect(damaged.errors.contains("error: manifest.record: MANIFEST-000005"))
  }

  @Test(arguments: [
    ["dump"], ["dump", "--layout", "--wal", "x"], ["dump", "--find", "0x6", "x"], ["dump", "--format", "xml", "x"],
    ["dump", "--csv-text", "x"], ["dump", "--layout", "--format", "raw", "x"],
    ["dump", "--hex", "--key-format", "hex", "x"], ["dump", "--layout", "--limit", "3", "x"],
    ["dump", "--wal", "--cf", "default", "x"], ["dump", "--overwrite", "x"], ["dump", "--internal", "--raw", "x"],
  ])
  func usageErrors(arguments: [String]) {
    let run = ToolRun(arguments)
    #expect(run.status == .usage)
    #expect(run.output.isEmpty)
    #expect(!run.errors.isEmpty)
  }

  @Test func aWrongKeyIsPointedAt() {
    let run = ToolRun("dump", "--find", "0x6g", "x")
    #expect(run.errors.contains("  0x6g\n     ^"), "\(run.errors)")
  }

  @Test func aMistypedPathIsRefusedAndCreatesNothing() throws {
    let scratch = try TemporaryDirectory()
    for form in ["--layout", "--manifest", "--wal"] {
      #expect(ToolRun("dump", form, scratch.path + "/nothing").status == .refused)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  @Test func outputGoesToAFileThatMustNotExist() throws {
    let scratch = try TemporaryDirectory()
    let path = scratch.path + "/out"
    #expect(ToolRun("dump", "--properties", directory("main-basic"), "-o", path).status == .ok)
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(!first.isEmpty)
    #expect(ToolRun("dump", "--layout", directory("main-basic"), "-o", path).status == .refused)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    #expect(ToolRun("dump", "--layout", directory("main-basic"), "-o", path, "--overwrite").status == .ok)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != first)
    #expect(ToolRun("dump", "--layout", scratch.path + "/no", "-o", scratch.path + "/b").status == .refused)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["out"])
  }
}
