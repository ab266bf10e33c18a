/// The built tool, killed at its first, second, third... call of each kind that changes a directory: the database is as
/// before or as after, the same command completes, and undo brings the old directory back.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite(.enabled(if: SystemCalls.isPossible, "skipped: no strace, no built sofatool, or tracing is forbidden"))
struct KillTests {
  enum Work: String, CaseIterable, Sendable {
    case repair, compact, convert, edit, rebuild, ingest, link, undo, discard

    func arguments(_ scratch: ScratchDatabase) -> [String] {
      switch self {
      case .repair: ["repair", "--apply", scratch.path]
      case .compact: ["compact", "-j", "1", "--bottommost", "force", scratch.path]
      case .convert: ["convert-compression", "-j", "1", "--to", "zstd", scratch.path]
      case .edit: ["manifest-edit", "--set", "last-sequence=5000", "--apply", scratch.path]
      case .rebuild: ["manifest-edit", "--rebuild", "--apply", scratch.path]
      case .ingest: ["ingest", "--into", scratch.path, scratch.beside("in.sst")]
      case .link: ["ingest", "--mode", "link", "--into", scratch.path, scratch.beside("in.sst")]
      case .undo: ["undo", scratch.path, "1"]
      case .discard: ["undo", "--discard", scratch.path, "1"]
      }
    }
  }

  private static let calls = ["mkdirat", "write", "fsync", "linkat", "renameat2", "unlinkat"]

  /// Debug builds are slow and take a sample.
  private static var step: Int {
    #if DEBUG
      4
    #else
      1
    #endif
  }

  private static func start(_ work: Work) throws -> ScratchDatabase {
    let scratch = try ScratchDatabase("r783-levels")
    if work == .repair || work == .rebuild { try scratch.remove("CURRENT") }
    if work == .ingest || work == .link {
      var options = TableOptions()
      options.external = true
      let folder = try PosixFileSystem().directory(at: scratch.folder)
      let writer = try TableWriter(file: folder.create("in.sst"), options: options)
      let key = InternalKey(userKey: Array("key000001".utf8), sequence: 0, kind: .value)
      try key.bytes.withUnsafeBytes { key in
        try Array("ingested".utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
      _ = try writer.finish()
    }
    if work == .undo || work == .discard {
      #expect(ToolRun("manifest-edit", "--set", "last-sequence=5000", "--apply", scratch.path).status == .ok)
    }
    return scratch
  }

  private static func copy(_ scratch: ScratchDatabase) throws -> ScratchDatabase {
    let copy = try ScratchDatabase()
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.folder) {
      try FileManager.default.copyItem(atPath: scratch.beside(name), toPath: copy.beside(name))
    }
    return copy
  }

  /// The database's files, without LOCK and the journal.
  private static func files(_ scratch: ScratchDatabase) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    where name != "LOCK" && name != Journal.name { files[name] = try scratch.bytes(name) }
    return files
  }

  private static func digest(_ scratch: ScratchDatabase) throws -> String {
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: scratch.path))
    return try FamilyScan(view.cursor(view.families[0])).digest
  }

  /// Museum G1 among them: the source of a linked table keeps its bytes, whatever an engine writes later.
  @Test(arguments: Work.allCases) func killedAtEveryChange(_ work: Work) throws {
    let strace = try #require(ChildProcess.find("strace"))
    let tool = try #require(BuiltTool.path)
    let original = try Self.start(work)
    let before = try Self.files(original)
    let done = try Self.copy(original)
    let status = ToolRun(work.arguments(done)).status
    // A missing CURRENT is a finding of the state that was there.
    #expect(status == (work == .rebuild ? .findings : .ok))
    let after = try Self.digest(done)
    var kills = 0
    for call in Self.calls {
      for number in stride(from: 1, to: 200, by: Self.step) {
        let scratch = try Self.copy(original)
        let run = try ChildProcess.run(
          strace,
          [
            "-f", "-qq", "-o", "/dev/null", "-e", "trace=?\(call)", "-e",
            "inject=?\(call):signal=SIGKILL:when=\(number)", tool,
          ] + work.arguments(scratch), seconds: 60)
        if run.status == Int32(status.code) { break }
        #expect(run.status == 128 + 9, "\(work) \(call) \(number): \(run.status) \(run.errors)")
        kills += 1
        try Self.check(work, scratch, before, after, "\(work), killed at \(call) \(number)")
        guard run.status == 137 else { break }
      }
    }
    #expect(kills >= 10 / Self.step, "\(work): \(kills) kills")
  }

  private static func check(
    _ work: Work, _ scratch: ScratchDatabase, _ before: [String: [UInt8]], _ after: String, _ place: String
  ) throws {
    // The next command, whichever, settles what was cut off.
    try ExclusiveDatabase(scratch.path, in: PosixFileSystem()).close()
    let isBefore = try files(scratch) == before
    let found = isBefore ? after : try digest(scratch)
    #expect(found == after, "\(place): neither as before nor as after")
    let source = work == .link ? try Data(contentsOf: URL(fileURLWithPath: scratch.beside("in.sst"))) : nil
    if work == .undo || work == .discard {
      let again = ToolRun(work.arguments(scratch))
      #expect(again.status == .ok || again.errors.contains("there is nothing to undo"), "\(place): \(again.errors)")
    } else {
      let again = ToolRun(work.arguments(scratch))
      #expect(again.status == .ok || work == .rebuild, "\(place): \(again.output)\(again.errors)")
      #expect(try digest(scratch) == after, "\(place)")
      #expect(ToolRun("verify", "-q", scratch.path).status == .ok, "\(place)")
      for change in try Journal.entries(of: PosixFileSystem().readableDirectory(at: scratch.path)).reversed() {
        let undo = ToolRun("undo", scratch.path, change.id)
        #expect(undo.status == .ok, "\(place): \(undo.errors)")
      }
      #expect(try files(scratch) == before, "\(place): undo gives another directory")
    }
    if let source {
      if let oracle = RocksOracle.shared {
        try oracle.make(scratch.path, (0..<20).map { "put 6b\(10 + $0) 76" } + ["flush", "compact"])
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.beside("in.sst"))) == source, "\(place)")
    }
  }
}
