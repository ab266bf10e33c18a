import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// LevelDB itself after `undo` and `undo --discard`: it knows nothing of the journal and must find a database in which
/// nothing is missing and nothing is left over.
@Suite(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"))
struct UndoLevelDBTests {
  private static let fixtures = ["l123-levels", "l123-snapshots"]

  /// What LevelDB reads in a copy, since its open changes a directory.
  private static func scan(_ scratch: ScratchDatabase, _ name: String) throws -> [String] {
    let copy = scratch.beside(name)
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy)
    return try LevelDBOracle.scan(copy).map { "\($0.key) \($0.value)" }
  }

  private static func files(_ scratch: ScratchDatabase) throws -> [String: [UInt8]] {
    let directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: scratch.path))
    return directory.files.filter { $0.key != "LOCK" }.mapValues(\.content)
  }

  @Test(arguments: fixtures) func levelDBOpensWhatUndoBroughtBack(fixture: String) throws {
    let scratch = try ScratchDatabase(fixture)
    let wanted = try Self.scan(scratch, "before")
    let before = try Self.files(scratch)
    #expect(!wanted.isEmpty)
    #expect(ToolRun("compact", "--bottommost", "force", scratch.path).status == .ok)
    #expect(try Self.scan(scratch, "compacted") == wanted)
    #expect(ToolRun("undo", scratch.path, "1").status == .ok)
    #expect(try Self.files(scratch) == before, "undo restores every byte")
    #expect(try Self.scan(scratch, "undone") == wanted)
  }

  @Test(arguments: fixtures) func levelDBOpensWhatDiscardLeft(fixture: String) throws {
    let scratch = try ScratchDatabase(fixture)
    let wanted = try Self.scan(scratch, "before")
    #expect(ToolRun("compact", "--bottommost", "force", scratch.path).status == .ok)
    #expect(ToolRun("undo", "--discard", scratch.path, "1").status == .ok)
    #expect(try Self.scan(scratch, "discarded") == wanted)
    #expect(ToolRun("undo", scratch.path, "1").status != .ok)
    try LevelDBOracle.write(scratch.path, [(key: [0], value: [1])], compacting: true)
    #expect(try LevelDBOracle.scan(scratch.path).count == wanted.count + 1)
    #expect(ToolRun("verify", scratch.path).status == .ok)
  }

  @Test func repairsOfLevelDBAreUndoneToo() throws {
    let scratch = try ScratchDatabase("l123-levels")
    let wanted = try Self.scan(scratch, "before")
    try scratch.remove("CURRENT")
    let damaged = try Self.files(scratch)
    #expect(ToolRun("repair", "--apply", scratch.path).status == .ok)
    #expect(try Self.scan(scratch, "repaired") == wanted)
    #expect(ToolRun("undo", scratch.path, "1").status == .ok)
    #expect(try Self.files(scratch) == damaged)
  }
}
