/// Point by point, every command that changes a database: none touches one that somebody has open, and nobody opens
/// one while a command of ours works on it. Museum H8.
import CommandKit
import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct HeldDatabaseTests {
  enum Holder: String, CaseIterable, Sendable { case rocksDB, levelDB, sofaDB }

  enum Change: String, CaseIterable, Sendable {
    case repair, compact, convert, edit, rebuild, ingest, undo, discard, load

    /// A database has two changes in its journal, and `in.sst` and `rows.csv` lie beside it.
    func arguments(_ scratch: ScratchDatabase, _ holder: Holder) -> [String] {
      switch self {
      case .repair: ["repair", "--apply", scratch.path]
      case .compact: ["compact", "--bottommost", "force", scratch.path]
      case .convert: ["convert-compression", "--to", holder == .levelDB ? "none" : "zstd", scratch.path]
      case .edit: ["manifest-edit", "--set", "next-file=7000", "--apply", scratch.path]
      case .rebuild: ["manifest-edit", "--rebuild", "--apply", scratch.path]
      case .ingest: ["ingest", "--into", scratch.path, scratch.beside("in.sst")]
      case .undo: ["undo", scratch.path, "2"]
      case .discard: ["undo", "--discard", scratch.path, "1"]
      case .load: ["bulk-load", "--key", "id", scratch.beside("rows.csv"), "--into", scratch.path]
      }
    }
  }

  /// Tables on two levels, and two changes that can be undone.
  private static func start(_ holder: Holder) throws -> ScratchDatabase {
    let scratch = try ScratchDatabase()
    let filler = [UInt8](repeating: 0x76, count: 200)
    func key(_ number: Int) -> [UInt8] { Array("key\(1000 + number)".utf8) }
    if holder == .levelDB {
      try LevelDBOracle.write(scratch.path, (0..<50).map { (key($0), filler) }, compacting: true)
      try LevelDBOracle.write(scratch.path, (20..<30).map { (key($0), filler) })
    } else {
      let oracle = try #require(RocksOracle.shared)
      let puts = { (range: Range<Int>) in range.map { "put \(hex(key($0))) \(hex(filler))" } }
      try oracle.make(scratch.path, puts(0..<50) + ["flush", "compact"] + puts(20..<30) + ["flush"])
    }
    for number in [5000, 6000] {
      let run = ToolRun("manifest-edit", "--set", "next-file=\(number)", "--apply", scratch.path)
      #expect(run.status == .ok, "\(run.errors)")
    }
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(
      file: PosixFileSystem().directory(at: scratch.folder).create("in.sst"), options: options)
    let internalKey = InternalKey(userKey: key(25), sequence: 0, kind: .value)
    try internalKey.bytes.withUnsafeBytes { key in
      try filler.withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
    }
    _ = try writer.finish()
    try Data("id,v\n1,2\n".utf8).write(to: URL(fileURLWithPath: scratch.beside("rows.csv")))
    return scratch
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// Everything below the database's folder, without the engines' own text logs.
  private static func picture(_ scratch: ScratchDatabase) throws -> [String: [UInt8]] {
    var picture: [String: [UInt8]] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: scratch.folder) {
      let name = path.split(separator: "/").last ?? ""
      var isDirectory: ObjCBool = false
      let whole = scratch.folder + "/" + path
      guard !name.hasPrefix("LOG"), FileManager.default.fileExists(atPath: whole, isDirectory: &isDirectory) else {
        continue
      }
      picture[path] = isDirectory.boolValue ? [] : [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
    }
    return picture
  }

  /// Refused with status 4, told who has it, and nothing is changed.
  private static func refuseAll(_ scratch: ScratchDatabase, _ kind: Holder, by holder: String) throws {
    let before = try picture(scratch)
    for change in Change.allCases {
      let run = ToolRun(change.arguments(scratch, kind))
      #expect(run.status == .refused, "\(change): \(run.status) \(run.errors)")
      if change != .load { #expect(run.errors.contains(holder), "\(change): \(run.errors)") }
      #expect(try picture(scratch) == before, "\(change)")
    }
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func whatRocksDBHasOpenIsLeftAlone() throws {
    let oracle = try #require(RocksOracle.shared)
    let scratch = try Self.start(.rocksDB)
    let held = try HeldDatabase(scratch.path, oracle)
    try held.write(["put 61 62"])
    try Self.refuseAll(scratch, .rocksDB, by: "process \(held.processID)")
    #expect(try held.close() == 0)
  }

  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"))
  func whatLevelDBHasOpenIsLeftAlone() throws {
    let scratch = try Self.start(.levelDB)
    let held = try HeldDatabase(levelDB: scratch.path)
    try Self.refuseAll(scratch, .levelDB, by: "process \(held.processID)")
    #expect(try held.close() == 0)
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func whatSofaDBHasOpenIsLeftAlone() throws {
    let scratch = try Self.start(.sofaDB)
    let database = try ExclusiveDatabase(scratch.path, in: PosixFileSystem())
    try Self.refuseAll(scratch, .sofaDB, by: "open")
    database.close()
  }

  // MARK: While ours works

  /// Tries to open the database with its engine whenever a command takes the time for its record.
  private final class Intruder: TimeSource {
    private let path: String
    private let holder: Holder
    let refusals = Mutex<[String]>([])

    init(_ path: String, _ holder: Holder) {
      self.path = path
      self.holder = holder
    }

    var monotonic: Double { SystemTime().monotonic }
    func sleep(_ seconds: Double) {}
    var now: UInt64 {
      refusals.withLock { $0.append(attempt()) }
      return SystemTime().now
    }

    /// What the engine said; empty when it opened the database.
    func attempt() -> String {
      do {
        if holder == .levelDB {
          _ = try LevelDBOracle.scan(path)
          return ""
        }
        let outcome = try #require(RocksOracle.shared).outcome(["reopen", path])
        return outcome.status == 0 ? "" : outcome.errors
      } catch { return "\(error)" }
    }
  }

  private static let working: [Change] = [.repair, .compact, .convert, .edit, .rebuild, .ingest]

  private static func work(_ change: Change, _ holder: Holder) throws {
    let scratch = try start(holder)
    if change == .repair {
      let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
      try scratch.flip(try #require(names.first { $0.hasSuffix(".sst") || $0.hasSuffix(".ldb") }), at: 20)
    }
    let intruder = Intruder(scratch.path, holder)
    let run = ToolRun(change.arguments(scratch, holder), time: intruder)
    #expect(run.status == .ok || run.status == .findings, "\(change): \(run.errors)")
    let refusals = intruder.refusals.withLock { $0 }
    #expect(!refusals.isEmpty, "\(change) was not met at work")
    for refusal in refusals { #expect(refusal.contains("lock"), "\(change): opened, or \(refusal)") }
    #expect(intruder.attempt().isEmpty, "\(change): the database stays locked")
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: working)
  func rocksDBCannotOpenWhatWeWorkOn(_ change: Change) throws { try Self.work(change, .rocksDB) }

  @Test(
    .enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"), arguments: working.filter { $0 != .ingest })
  func levelDBCannotOpenWhatWeWorkOn(_ change: Change) throws { try Self.work(change, .levelDB) }

  /// Undoing and discarding take no time for a record: the lock is held to their end.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func nobodyOpensWhatIsBeingUndone() throws {
    let scratch = try Self.start(.rocksDB)
    let intruder = Intruder(scratch.path, .rocksDB)
    let database = try ExclusiveDatabase(scratch.path, in: PosixFileSystem())
    try database.undo("2")
    #expect(intruder.attempt().contains("lock"))
    try database.discard("1")
    #expect(intruder.attempt().contains("lock"))
    database.close()
    #expect(intruder.attempt().isEmpty)
  }
}
