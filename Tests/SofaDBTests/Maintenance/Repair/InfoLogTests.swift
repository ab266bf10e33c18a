import SofaTesting
import Testing

@testable import SofaDB

/// LOG as engines write it, and as nobody should.
@Suite struct InfoLogTests {
  private static func told(
    _ lines: [String], sizes: [UInt64: UInt64], isLevelDB: Bool = false, older: [String: [String]] = [:]
  ) throws -> InfoLog {
    var files = older.mapValues { Array(($0.joined(separator: "\n") + "\n").utf8) }
    files["LOG"] = Array(lines.joined(separator: "\n").utf8)
    return try InfoLog(MemoryDirectory(files), sizes: sizes, isLevelDB: isLevelDB)
  }

  private static func event(_ job: Int, _ name: String, _ fields: String) -> String {
    "2026/11/23-13:33:05.239158 5880 (Original Log Time 2026/11/23-13:33:05.239659) EVENT_LOG_v1 {\"time_micros\": 1, "
      + "\"cf_name\": \"default\", \"job\": \(job), \"event\": \"\(name)\", \(fields)}"
  }

  private static func made(_ job: Int, _ table: Int, _ size: Int) -> String {
    event(job, "table_file_creation", "\"file_number\": \(table), \"file_size\": \(size), \"file_checksum\": \"\"")
  }

  @Test func theLastWordOnATableCounts() throws {
    let flushes = [Self.made(2, 9, 100), Self.made(3, 11, 200)]
    let begun =
      flushes + [
        Self.event(4, "compaction_started", "\"files_L0\": [11, 9], \"files_L6\": [5], \"score\": -1"),
        Self.made(4, 12, 300),
      ]
    let ended =
      begun + [
        Self.event(4, "compaction_finished", "\"output_level\": 1"),
        Self.event(4, "table_file_deletion", "\"file_number\": 11"),
        Self.event(4, "table_file_deletion", "\"file_number\": 9, \"status\": \"IO error: busy\""),
      ]
    let sizes: [UInt64: UInt64] = [9: 100, 11: 200, 12: 300]
    var log = try Self.told(flushes, sizes: [9: 100, 11: 200])
    #expect(log.tellsLife(of: 9) && log.tellsLife(of: 11) && !log.tellsDeletion(of: 9))
    log = try Self.told(begun, sizes: sizes)
    #expect(!log.tellsLife(of: 9) && !log.tellsLife(of: 11) && !log.tellsLife(of: 12))
    log = try Self.told(ended, sizes: sizes)
    #expect(log.tellsLife(of: 12) && log.tellsDeletion(of: 11))
    #expect(!log.tellsLife(of: 9) && !log.tellsDeletion(of: 9), "its deletion failed")
    // A number that was given again, and another file under the same number.
    log = try Self.told([Self.made(2, 11, 200)], sizes: sizes, older: ["LOG.old.1795440785250736": ended])
    #expect(log.tellsLife(of: 11) && !log.tellsDeletion(of: 11))
    log = try Self.told(ended, sizes: [11: 201, 12: 299])
    #expect(!log.tellsDeletion(of: 11) && !log.tellsLife(of: 12))
    // An account that ends before the newest table says nothing of what became of older ones.
    log = try Self.told(ended, sizes: [11: 200, 12: 300, 40: 7])
    #expect(log.tellsDeletion(of: 11) && !log.tellsLife(of: 12))
  }

  @Test func sentencesOfLevelDBAreRead() throws {
    func line(_ text: String) -> String { "2026/11/23-13:34:20.697317 140284740499136 \(text)" }
    let flushed = [line("Level-0 table #5: started"), line("Level-0 table #5: 43577 bytes OK")]
    let compacted =
      flushed + [
        line("Compacting 4@0 + 1@1 files"), line("Generated table #18@0: 2000 keys, 106012 bytes"),
        line("Compacted 4@0 + 1@1 files => 106012 bytes"), line("compacted to: files[ 0 1 2 0 0 0 0 ]"),
      ]
    let sizes: [UInt64: UInt64] = [5: 43577, 18: 106012]
    #expect(try Self.told(flushed, sizes: [5: 43577], isLevelDB: true).tellsLife(of: 5))
    let undecided = try Self.told(compacted, sizes: sizes, isLevelDB: true)
    #expect(!undecided.tellsLife(of: 5) && !undecided.tellsLife(of: 18))
    let ended = try Self.told(compacted + [line("Delete type=2 #5")], sizes: sizes, isLevelDB: true)
    #expect(ended.tellsDeletion(of: 5) && ended.tellsLife(of: 18))
    // LOG.old is gone at the next open: the deletion is known without the making.
    #expect(try Self.told([line("Delete type=2 #5")], sizes: sizes, isLevelDB: true).tellsDeletion(of: 5))
  }

  @Test func anyBytesAreRead() throws {
    var random = SeededRandom(seed: 5)
    let lines = [
      Self.made(1, 9, 100), Self.event(4, "compaction_started", "\"files_L0\": [11, 9"),
      Self.event(4, "compaction_started", "\"files_L0\": ["),
      Self.made(2, 9, 100) + String(repeating: "x", count: 200_000),
      "EVENT_LOG_v1 {", "EVENT_LOG_v1 {\"event\": \"table_file_deletion\", \"file_number\": 99999999999999999999999",
      "2026 Generated table #9", "2026 Level-0 table #9: ", "2026 Delete type=2 #", "", "\u{0}\u{0}",
    ]
    for isLevelDB in [false, true] {
      for _ in 0..<200 {
        var bytes = Array((0..<4).map { _ in lines[random.below(lines.count)] }.joined(separator: "\n").utf8)
        for _ in 0..<random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
        let log = try InfoLog(
          MemoryDirectory(["LOG": Array(bytes.prefix(random.below(bytes.count + 1)))]), sizes: [9: 100, 11: 7],
          isLevelDB: isLevelDB)
        #expect(!(log.tellsLife(of: 9) && log.tellsDeletion(of: 9)))
      }
    }
    let many = (0..<1100).map { Self.event($0, "compaction_started", "\"files_L0\": [1]") } + [Self.made(9999, 9, 100)]
    #expect(try !Self.told(many, sizes: [9: 100]).tellsLife(of: 9))
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func rocksDBTellsOfItsTables() throws {
    let oracle = try #require(RocksOracle.shared)
    let place = try TemporaryDirectory()
    let path = place.path + "/db"
    try oracle.make(path, ["put 61 01", "put 62 02", "flush", "put 61 03", "flush", "compact", "put 64 05", "flush"])
    let database = try BrokenDatabase(path)
    var sizes: [UInt64: UInt64] = [:]
    for (_, table, _) in try database.tables() { sizes[table.number] = table.size }
    let log = try InfoLog(database.directory, sizes: sizes, isLevelDB: false)
    #expect(sizes.count == 2 && sizes.keys.allSatisfy { log.tellsLife(of: $0) && !log.tellsDeletion(of: $0) })
    try database.removeManifests()
    let report = try database.repair()
    try database.check(report, "RocksDB's LOG")
    #expect(!report.plan.losesData, "LOG proves that both tables are in use: \(report.plan.losses.map(\.line))")
  }

  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"))
  func levelDBTellsOfItsTables() throws {
    let place = try TemporaryDirectory()
    let path = place.path + "/db"
    var random = SeededRandom(seed: 3)
    let operations = (0..<5000).map { index in
      (key: Array("key\(index % 1500)".utf8), value: Optional(random.bytes(40)))
    }
    try LevelDBOracle.write(path, operations, compacting: true)
    let database = try BrokenDatabase(path)
    var sizes: [UInt64: UInt64] = [:]
    for (_, table, _) in try database.tables() { sizes[table.number] = table.size }
    let log = try InfoLog(database.directory, sizes: sizes, isLevelDB: true)
    #expect(!sizes.isEmpty && sizes.keys.allSatisfy { !log.tellsDeletion(of: $0) })
    #expect(sizes.keys.allSatisfy { log.tellsLife(of: $0) })
  }
}
