/// Failures of other systems' ingestion, tried on ours; the numbers are those of the list that they come from.
import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct IngestMuseumTests {
  private static func key(_ number: Int) -> [UInt8] { Array("k\(1000 + number)".utf8) }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// An external table of `keys` and range deletions, beside the database.
  private static func table(
    _ scratch: ScratchDatabase, _ name: String, _ keys: [Int], ranges: [(Int, Int)] = []
  ) throws -> String {
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(
      file: PosixFileSystem().directory(at: scratch.folder).create(name), options: options)
    for number in keys {
      let internalKey = InternalKey(userKey: key(number), sequence: 0, kind: .value)
      try internalKey.bytes.withUnsafeBytes { key in
        try Array("ingested".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
    }
    for (begin, end) in ranges { try writer.addRangeTombstone(begin: key(begin), end: key(end), sequence: 0) }
    _ = try writer.finish()
    return scratch.beside(name)
  }

  /// G2: a table that was ingested twice after a crash put back what had been overwritten in between.
  @Test func G2_theSameTableTwiceIsNothingNew() throws {
    let scratch = try ScratchDatabase("r783-levels")
    let file = try Self.table(scratch, "in.sst", [1, 2, 3])
    #expect(ToolRun("ingest", "--into", scratch.path, file).status == .ok)
    let later = try Self.table(scratch, "later.sst", [2])
    #expect(ToolRun("ingest", "--into", scratch.path, later).status == .ok)
    for mode in ["copy", "link"] {
      let run = ToolRun("ingest", "--mode", mode, "--into", scratch.path, file)
      #expect(run.status == .ok && run.errors.contains("already"), "\(run.errors)")
    }
    #expect(try Journal.entries(of: PosixFileSystem().readableDirectory(at: scratch.path)).count == 2)
  }

  /// G3: bounds of ingested tables left out range deletions that reach beyond the keys, so that reads and compactions
  /// passed them over.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: [[], [25], [10, 60]])
  func museumG3BoundsReachAsFarAsRangeDeletions(_ keys: [Int]) throws {
    let oracle = try #require(RocksOracle.shared)
    let scratch = try ScratchDatabase()
    let puts = (0..<80).map { "put \(Self.hex(Self.key($0))) 6f6c64" }
    try oracle.make(scratch.path, puts + ["flush", "compact"])
    let file = try Self.table(scratch, "in.sst", keys, ranges: [(20, 30), (40, 50)])
    let copy = scratch.beside("copy")
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy)
    let wanted = try oracle.ingest([file], into: copy)
    let run = ToolRun("ingest", "--into", scratch.path, file)
    #expect(run.status == .ok, "\(run.errors)")
    let version = try ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: scratch.path)).version
    let table = try #require(version.families[0].tables.max { $0.number < $1.number })
    #expect(table.smallest.userKey == Self.key(min(20, keys.first ?? 20)))
    #expect(table.largest.userKey == Self.key(max(50, keys.last ?? 50)))
    #expect(ToolRun("verify", scratch.path).status == .ok)
    for command in ["digest", "reopen", "compact"] {
      #expect(try oracle.families(command, scratch.path) == wanted, "\(command)")
    }
  }

  /// G6: after an ingestion into several families, later writes to the ingested keys were dropped.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func museumG6LaterWritesToSeveralFamiliesCount() throws {
    let oracle = try #require(RocksOracle.shared)
    let scratch = try ScratchDatabase()
    let puts = (0..<40).map { "put \(Self.hex(Self.key($0))) 6f6c64" }
    try oracle.make(scratch.path, puts + ["cf other"] + puts + ["flush"])
    for (name, keys) in [("default", Array(10..<30)), ("other", Array(20..<50))] {
      let file = try Self.table(scratch, name + ".sst", keys)
      let run = ToolRun("ingest", "--cf", name, "--into", scratch.path, file)
      #expect(run.status == .ok, "\(run.errors)")
    }
    let later = (15..<25).map { "put \(Self.hex(Self.key($0))) \(Self.hex(Array("later".utf8)))" }
    let families = try oracle.make(scratch.path, later + ["cf other"] + later + ["flush"])
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: scratch.path))
    for family in view.families {
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      var values: [[UInt8]: Int] = [:]
      while cursor.isValid {
        values[[UInt8](cursor.value), default: 0] += 1
        try cursor.next()
      }
      #expect(values[Array("later".utf8)] == 10, "\(family.name)")
      #expect(values[Array("ingested".utf8)] == (family.id == 0 ? 10 : 25), "\(family.name)")
    }
    #expect(try oracle.families("compact", scratch.path) == families)
  }

  /// H6: the OPTIONS of a copied database name the directories of the original, and a tool worked on both.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func museumH6PathsInOptionsLeadNowhere() throws {
    let original = try ScratchDatabase("r783-levels")
    let copy = try ScratchDatabase("r783-levels")
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: copy.path).filter { $0.hasPrefix("OPTIONS-") }.max())
    let lines = String(decoding: try copy.bytes(name), as: UTF8.self).split(separator: "\n")
    let text =
      lines.filter { !$0.contains("wal_dir=") && !$0.contains("db_log_dir=") }.map { line in
        line == "[DBOptions]" ? line + "\n  wal_dir=\(original.path)\n  db_log_dir=\(original.path)" : String(line)
      }.joined(separator: "\n") + "\n"
    #expect(text.contains(original.path))
    try copy.write(name, Array(text.utf8))
    try copy.remove("CURRENT")
    let before = try original.picture()
    let file = try Self.table(copy, "in.sst", [1])
    for arguments in [
      ["repair", "--apply", copy.path], ["compact", "--bottommost", "force", copy.path],
      ["convert-compression", "--to", "zstd", copy.path], ["ingest", "--into", copy.path, file],
      ["manifest-edit", "--set", "next-file=9000", "--apply", copy.path], ["undo", copy.path, "5"],
      ["undo", "--discard", copy.path, "1"], ["verify", copy.path],
    ] {
      let run = ToolRun(arguments)
      #expect(run.status == .ok, "\(arguments): \(run.output)\(run.errors)")
      #expect(try original.picture() == before, "\(arguments)")
    }
  }

  private static func flip(_ path: String) {
    guard let file = FileHandle(forUpdatingAtPath: path) else { return }
    var bytes = [UInt8](file.readData(ofLength: 20))
    bytes[15] ^= 1
    file.seek(toFileOffset: 0)
    file.write(Data(bytes))
    file.closeFile()
  }

  /// K2: a copy went on although what was copied had been found damaged, or had changed since it was checked.
  @Test(arguments: Ingest.Mode.allCases) func C17_K2_aSourceThatChangesIsNotTaken(mode: Ingest.Mode) throws {
    let scratch = try ScratchDatabase("r783-levels")
    let file = try Self.table(scratch, "in.sst", Array(0..<50))
    let before = try scratch.picture().filter { !$0.hasPrefix("in.sst") }
    let target = try #require(try FileTarget.file(at: file, PosixFileSystem()))
    var ingest = Ingest([target])
    ingest.mode = mode
    let database = try ExclusiveDatabase(scratch.path, in: PosixFileSystem())
    defer { database.close() }
    // The first look at whether to go on comes when the table is checked.
    let changed = Mutex(false)
    ingest.isCancelled = {
      let isFirst = changed.withLock { changed in
        defer { changed = true }
        return !changed
      }
      if isFirst { Self.flip(file) }
      return false
    }
    let error = #expect(throws: DatabaseError.self) { _ = try ingest.run(database, sources: PosixFileSystem()) }
    #expect(error?.kind == .corruption && error?.detail.contains("changed") == true, "\(String(describing: error))")
    #expect(try Journal.entries(of: database.directory).isEmpty)
    let after = try scratch.picture().filter { !$0.hasPrefix("in.sst") }
    func contents(_ picture: [String]) -> [String] { picture.filter { $0.hasPrefix("db/") && !$0.contains("LOCK") } }
    #expect(contents(after) == contents(before))
  }
}
