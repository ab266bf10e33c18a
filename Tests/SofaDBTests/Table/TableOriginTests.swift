import SofaTesting
import Testing

@testable import SofaDB

struct TableOriginTests {
  /// RocksDB's reading of a session: the last 12 digits are the low 62 bits of `lower`, the others its two high bits
  /// and `upper`.
  private func read(_ session: String) throws -> (upper: UInt64, lower: UInt64) {
    let high = try #require(UInt64(session.prefix(session.utf8.count - 12), radix: 36))
    let low = try #require(UInt64(session.suffix(12), radix: 36))
    return (high >> 2, low & (.max >> 2) | high << 62)
  }

  @Test func aSessionIsWrittenAsRocksDBReadsIt() throws {
    let numbers: [UInt64] = [0, 1, 3, 1 << 39 - 1, 1 << 61, 1 << 62, 1 << 63, .max - 1, .max]
    for upper in numbers {
      for lower in numbers {
        let session = TableOrigin(databaseID: "", upper: upper, lower: lower).session
        #expect(
          session.utf8.count == 20
            && session.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
        #expect(try read(session) == (upper & (1 << 39 - 1), lower))
      }
    }
    #expect(TableOrigin(databaseID: "", upper: 0, lower: 0).session == String(repeating: "0", count: 20))
  }

  @Test func sessionsAndTablesOfThemDiffer() {
    let sessions = (0..<1000).map { _ in TableOrigin.newSession(of: "db") }
    #expect(Set(sessions.map(\.session)).count == 1000)
    #expect(sessions[0].table(7) != sessions[0].table(8) && sessions[0].table(7) != sessions[1].table(7))
    #expect(sessions[0].table(7).session == sessions[0].session && sessions[0].table(7).fileNumber == 7)
  }

  private func properties(_ options: TableOptions) throws -> TableProperties {
    let file = MemoryFile(name: "000001.sst")
    let writer = try TableWriter(file: file, options: options)
    try InternalKey(userKey: [1], sequence: 0, kind: .value).bytes.withUnsafeBytes {
      try writer.add(internalKey: $0, value: $0)
    }
    _ = try writer.finish()
    return try TableReader(file).properties
  }

  @Test func aTableSaysWhereItComesFrom() throws {
    var options = TableOptions()
    #expect(try properties(options)[.sessionIdentity] == nil)
    options.origin = TableOrigin(databaseID: "here", upper: 1, lower: 2)
    #expect(try properties(options)[.sessionIdentity] == nil, "the session alone is no table's origin")
    let stored = try properties(options.numbered(300))
    #expect(stored.text(.databaseIdentity) == "here" && stored.text(.sessionIdentity) == "00000004000000000002")
    #expect(stored.number(.originalFileNumber) == 300)
    #expect(EngineGuess(stored, [], epoch: true) == nil, "it is not taken for a table that RocksDB wrote")
    options.origin = TableOrigin(databaseID: "", upper: 1, lower: 2)
    #expect(try properties(options.numbered(1))[.databaseIdentity] == nil)
  }

  /// The same rows in the same session become the same bytes, whatever the threads did.
  @Test func aLoadOfAGivenSessionIsRepeatable() throws {
    func load(jobs: Int) throws -> [String: [UInt8]] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.table.origin = TableOrigin(databaseID: "db", upper: 3, lower: 4)
      load.options.targetFileSize = 1024
      load.options.jobs = jobs
      try load.load("k,v\n" + (0..<500).map { "key-\(1000 + $0),value \($0 % 7)\n" }.joined())
      let directory = try load.system.readableDirectory(at: "db/out")
      var files: [String: [UInt8]] = [:]
      for entry in try directory.entries() {
        let file = try directory.open(entry.name)
        files[entry.name] = try file.copy(Int(file.size), at: 0)
      }
      return files
    }
    let once = try load(jobs: 2)
    #expect(once.count > 3)
    #expect(try load(jobs: 2) == once)
  }
}
