/// Directories of the Go engine, whole and damaged.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct SofaGoTests {
  static let fixtures = ["sofadb-go-engine", "sofadb-go-hand", "sofadb-go-torn-header"]

  static func read(_ cursor: SofaGoCursor) throws -> [(key: [UInt8], value: [UInt8])] {
    var entries: [(key: [UInt8], value: [UInt8])] = []
    while try cursor.next() { entries.append((cursor.key, [UInt8](cursor.value))) }
    return entries
  }

  static func digest(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var writer = ByteWriter()
    for (key, value) in entries {
      writer.appendFixed32(UInt32(key.count))
      writer.append(key)
      writer.appendFixed32(UInt32(value.count))
      writer.append(value)
    }
    return SHA256.digest(writer.bytes)
  }

  @Test(arguments: fixtures) func entriesAreWhatTheEngineReturns(name: String) throws {
    let fixture = try FixtureDatabase(name)
    let directory = try SofaGoDirectory(PosixFileSystem().readableDirectory(at: fixture.path))
    #expect(directory.hasLog && directory.tables.count == 2)
    let cursor = try directory.cursor()
    // The engine's range scan ends before keys that start with this byte.
    let entries = try SofaGoTests.read(cursor).filter { $0.key.first != 0xFF }
    let family = try #require(fixture.live?.families.first)
    #expect(entries.count == family.entries)
    #expect(SofaGoTests.digest(entries) == Vectors.bytes(hex: family.digest))
    #expect(cursor.damages.map(\.isTornTail) == (name.hasSuffix("torn-header") ? [true] : []))
    let strict = try directory.cursor(emptyMeansDeleted: true)
    #expect(try SofaGoTests.read(strict).count == cursor.entries - cursor.emptyValues)
    #expect(cursor.emptyValues > 0)
  }

  @Test func namesAreRecognised() {
    for name in ["memtable.wal", "1795344696695646183_95.sst", "1_0.sst"] {
      #expect(SofaGoDirectory.isFileName(name))
    }
    for name in ["000012.sst", "1_2_3.sst", "_1.sst", "1_.sst", "a_1.sst", "1_1.ldb", "1_1.sst.bak", "memtable.wa"] {
      #expect(!SofaGoDirectory.isFileName(name))
    }
  }

  static func table(_ entries: [(String, String)], from fields: [(Int, Int32)] = []) -> [UInt8] {
    var data = ByteWriter()
    var index = ByteWriter()
    for (number, entry) in entries.enumerated() {
      if number % 100 == 0 {
        index.appendFixed32(UInt32(entry.0.utf8.count))
        index.append(utf8: entry.0)
        index.appendFixed64(UInt64(data.count))
      }
      data.appendFixed32(UInt32(entry.0.utf8.count))
      data.append(utf8: entry.0)
      data.appendFixed32(UInt32(entry.1.utf8.count))
      data.append(utf8: entry.1)
    }
    let start = data.count
    data.append(index.bytes)
    data.appendFixed64(entries.isEmpty ? 0 : UInt64(start))
    return data.array
  }

  static func cursor(log: [UInt8]? = nil, tables: [[UInt8]]) throws -> SofaGoCursor {
    SofaGoCursor(
      log: try log.map { try SofaGoLog(MemoryFile($0), as: "memtable.wal") },
      tables: try tables.map { try SofaGoTable(MemoryFile($0), as: "1_1.sst") }, emptyMeansDeleted: false)
  }

  static let numbers = (0..<350).map { ("key\(1000 + $0)", "value \($0)") }

  @Test func newerTablesWin() throws {
    let old = SofaGoTests.table([("a", "old"), ("b", "old"), ("d", "old")])
    let new = SofaGoTests.table([("b", "new"), ("c", "new")])
    let cursor = try SofaGoTests.cursor(tables: [new, old, SofaGoTests.table([])])
    let entries = try SofaGoTests.read(cursor).map { String(decoding: $0.key + [58] + $0.value, as: UTF8.self) }
    #expect(entries == ["a:old", "b:new", "c:new", "d:old"])
    #expect(cursor.damages.isEmpty)
  }

  @Test func readingGoesOnAtTheNextIndexedEntry() throws {
    var bytes = SofaGoTests.table(SofaGoTests.numbers)
    // The length of entry 10's key.
    var offset = 0
    for (key, value) in SofaGoTests.numbers.prefix(10) { offset += 8 + key.utf8.count + value.utf8.count }
    bytes[offset + 3] = 0x70
    let cursor = try SofaGoTests.cursor(tables: [bytes])
    #expect(try SofaGoTests.read(cursor).count == 260)
    #expect(cursor.damages.count == 1 && cursor.damages[0].offset == UInt64(offset))
  }

  // No checksums: whatever is read, reading ends, in order, and without a trap.
  @Test func everyFlipAndCutOfATableEnds() throws {
    let bytes = SofaGoTests.table((0..<120).map { ("k\(1000 + $0)", "v") })
    for bit in stride(from: 0, to: bytes.count * 8, by: 3) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let entries = try SofaGoTests.read(SofaGoTests.cursor(tables: [damaged]))
      let isSorted = zip(entries, entries.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) }
      #expect(isSorted && entries.count <= 120, "bit \(bit)")
    }
    for length in 0..<bytes.count {
      let cursor = try SofaGoTests.cursor(tables: [Array(bytes[..<length])])
      let entries = try SofaGoTests.read(cursor)
      #expect(entries.count <= 120)
      #expect(!cursor.damages.isEmpty, "length \(length)")
    }
  }

  @Test func everyCutOfALogStopsBehindTheLastWholeRecord() throws {
    var log = ByteWriter()
    var ends = [0]
    for (key, value) in [("a", "1"), ("b", ""), ("a", "2"), ("c", "333")] {
      log.appendFixed32(UInt32(key.utf8.count))
      log.appendFixed32(UInt32(value.utf8.count))
      log.append(utf8: key + value)
      ends.append(log.count)
    }
    log.appendFixed32(1)
    log.appendFixed32(UInt32.max)
    log.append(utf8: "b")
    ends.append(log.count)
    let bytes = log.array
    for length in 0...bytes.count {
      let cursor = try SofaGoTests.cursor(log: Array(bytes[..<length]), tables: [])
      let keys = try SofaGoTests.read(cursor).map { String(decoding: $0.key + $0.value, as: UTF8.self) }
      let whole = ends.lastIndex { $0 <= length }!
      #expect(keys == [[], ["a1"], ["a1", "b"], ["a2", "b"], ["a2", "b", "c333"], ["a2", "c333"]][whole])
      #expect(cursor.damages.map(\.isTornTail) == (ends.contains(length) ? [] : [true]))
    }
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = try SofaGoTests.read(SofaGoTests.cursor(log: damaged, tables: []))
    }
  }

  @Test func readErrorsAreThrown() throws {
    let file = MemoryFile(SofaGoTests.table(SofaGoTests.numbers))
    let table = try SofaGoTable(file, as: "1_1.sst")
    file.failsFrom = 1000
    let cursor = SofaGoCursor(log: nil, tables: [table], emptyMeansDeleted: false)
    #expect(throws: DatabaseError.self) { while try cursor.next() {} }
  }
}
