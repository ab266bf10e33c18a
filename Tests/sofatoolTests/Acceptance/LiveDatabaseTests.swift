/// Readers beside a running RocksDB: they work or say that they cannot, and never stand in its way.
import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

@Suite struct LiveDatabaseTests {
  private static func puts(_ numbers: Range<Int>) -> [String] {
    numbers.map { "put \(hex("key\($0)")) \(hex("value of \($0)"))" }
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func readingBesideAWriter() throws {
    guard let oracle = RocksOracle.shared else { return }
    let scratch = try ScratchDatabase()
    let writer = try HeldDatabase(scratch.path, oracle)
    for round in 1...3 {
      try writer.write(Self.puts(round * 1000..<(round * 1000 + 500)))
      let run = ToolRun("verify", scratch.path)
      #expect(run.status == .ok, "\(run.output)\(run.errors)")
      let dump = ToolRun("dump", "--json", scratch.path)
      #expect(dump.status == .ok, "\(dump.errors)")
      #expect(dump.lines.last?.contains("\"entries\":\(round * 500),") == true, "\(dump.lines.last ?? "")")
    }
    // It went on all the while and closes in peace.
    #expect(try writer.close() == 0)
    #expect(ToolRun("dump", "--count", scratch.path).output == "1500\n")
    #expect(ToolRun("verify", "-q", scratch.path).status == .ok)
  }

  /// A dump that waits for its reader holds nothing that RocksDB needs to open and to write.
  @Test(.enabled(if: RocksOracle.isAvailable && BuiltTool.isBuilt, "\(RocksOracle.missing), or no sofatool"))
  func aWriterOpensWhileWeRead() throws {
    guard let oracle = RocksOracle.shared, let tool = BuiltTool.path else { return }
    let scratch = try ScratchDatabase()
    try oracle.make(scratch.path, Self.puts(10_000..<30_000) + ["flush"])
    let reader = Process()
    let output = Pipe()
    reader.executableURL = URL(fileURLWithPath: tool)
    reader.arguments = ["dump", "-j", "1", scratch.path]
    reader.standardOutput = output
    try reader.run()
    let first = try #require(try output.fileHandleForReading.read(upToCount: 1))
    // More than a pipe takes is still to come.
    #expect(reader.isRunning)
    let writer = try HeldDatabase(scratch.path, oracle)
    try writer.write(Self.puts(50_000..<50_100))
    #expect(try writer.close() == 0)
    let rest = try #require(try output.fileHandleForReading.readToEnd())
    reader.waitUntilExit()
    #expect(reader.terminationStatus == 0)
    // The state when the dump began.
    #expect((first + rest).count { $0 == 0x0A } == 20_000)
    #expect(ToolRun("dump", "--count", scratch.path).output == "20100\n")
  }

  /// Compacts the database when the first bytes come.
  private final class CompactingOutput: DumpOutput {
    private let path: String
    private let oracle: RocksOracle

    init(_ path: String, _ oracle: RocksOracle) {
      self.path = path
      self.oracle = oracle
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
      guard bytes.count > 1000 else { return }
      do {
        // Written from end to end, so that no table stays as it is.
        try oracle.make(path, ["10000", "29999"].map { "put \(hex($0)) 00" } + ["compact"])
      } catch {
        throw DatabaseError(.unsupported, file: path, "\(error)")
      }
    }

    func report(_ finding: Finding) { Issue.record("\(finding.line)") }
  }

  /// Tables that a compaction deletes under a reader are no damage.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func tablesThatAnEngineDeletesAreNotCalledMissing() throws {
    guard let oracle = RocksOracle.shared else { return }
    let scratch = try ScratchDatabase()
    let filler = String(repeating: "v", count: 400)
    let rows = (10_000..<30_000).map { "\($0),\(filler)" }.joined(separator: "\n")
    let file = scratch.beside("rows.csv")
    try Data("id,v\n\(rows)\n".utf8).write(to: URL(fileURLWithPath: file))
    // More tables than stay open.
    let load = ToolRun(
      "bulk-load", "--key", "id", "--target-file-size", "100000", "--compression", "none", file, "--into", scratch.path)
    #expect(load.status == .ok)
    let view = try DatabaseView(database: try PosixFileSystem().readableDirectory(at: scratch.path))
    #expect(view.families[0].tables.count > 60)
    let dump = DumpEntries(
      view, source: "", style: EntryStyle(), selection: DumpEntries.Selection(), jobs: 1, pieceSize: 500_000)
    do throws(DatabaseError) {
      _ = try dump.run(CompactingOutput(scratch.path, oracle))
      Issue.record("the dump ended well")
    } catch {
      #expect(error.kind == .locked, "\(error)")
      #expect(error.detail.contains("dump a checkpoint"))
    }
  }

  /// No verdict about what changed under the check.
  @Test func aDatabaseThatChangesGetsNoVerdict() throws {
    let database = try ScratchDatabase("r783-levels")
    var verify = Verify(database: try PosixFileSystem().readableDirectory(at: database.path))
    let manifest = database.file("MANIFEST-000005")
    verify.progress = { _, _ in
      guard let file = FileHandle(forWritingAtPath: manifest) else { return }
      file.seekToEndOfFile()
      file.write(Data([0]))
      file.closeFile()
    }
    do throws(DatabaseError) {
      _ = try verify.run { _ in }
      Issue.record("there was a verdict")
    } catch {
      #expect(error.kind == .locked)
      #expect(error.exitStatus == .refused)
    }
  }

  /// LOCK is not even opened for locking: also while somebody else holds it, a read is a read.
  @Test func aHeldLockIsNoHindrance() throws {
    let database = try ScratchDatabase("r783-levels")
    let lock = try PosixFileSystem().directory(at: database.path).lock("LOCK")
    #expect(ToolRun("verify", "-q", database.path).status == .ok)
    #expect(ToolRun("dump", "--count", database.path).output == "397\n")
    withExtendedLifetime(lock) {}
  }
}

private func hex(_ text: String) -> String {
  text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
