import SofaTesting
import Testing

@testable import SofaDB

/// The calls of an open database, one promise each. What random use gives is in `ModelTests`.
struct DatabaseTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])

  private func open(_ options: DatabaseOptions = DatabaseModel.Setting(0).options) throws -> Database {
    try Database.open("disk/db", options: options, in: disk)
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func aDatabaseIsMadeOnlyWhereThatIsWanted() throws {
    var options = DatabaseOptions()
    options.createsIfMissing = false
    #expect { try open(options) } throws: { ($0 as? DatabaseError)?.kind == .notFound }
    #expect(try disk.attributes(at: "disk/db") == nil)
    try open().close()
    options = DatabaseOptions()
    options.failsIfExists = true
    #expect { try open(options) } throws: { ($0 as? DatabaseError)?.kind == .alreadyExists }
  }

  @Test func aSecondOpenIsRefusedUntilTheFirstIsClosed() throws {
    let first = try open()
    #expect { try open() } throws: { ($0 as? DatabaseError)?.kind == .locked }
    try first.close()
    try open().close()
  }

  @Test func everyCallFailsOnceClosed() throws {
    let database = try open()
    try database.put([1], [2])
    try database.close()
    try database.close()
    #expect(throws: DatabaseError.self) { try database.put([1], [3]) }
    #expect(throws: DatabaseError.self) { try database.get([1]) }
    #expect(throws: DatabaseError.self) { try database.flush() }
    #expect(throws: DatabaseError.self) { _ = try database.cursor() }
    #expect(throws: DatabaseError.self) { try database.compactRange() }
    #expect(throws: DatabaseError.self) { try database.checkpoint(to: "disk/copy", in: disk) }
    let again = try open()
    #expect(try again.get([1]) == [2])
    try again.close()
  }

  @Test func tablesWithoutCurrentAreNoNewDatabase() throws {
    let database = try open()
    try database.put([1], [2])
    try database.flush()
    try database.close()
    try disk.directory(at: "disk/db").remove("CURRENT")
    #expect { try open() } throws: { ($0 as? DatabaseError)?.kind == .corruption }
  }

  @Test func aMissingTableIsFoundWhenTheDatabaseIsOpened() throws {
    let database = try open()
    try database.put([1], [2])
    try database.flush()
    try database.close()
    let directory = try disk.directory(at: "disk/db")
    let table = try #require(try directory.entries().first { DatabaseFile(name: $0.name).isTableName })
    try directory.remove(table.name)
    #expect { try open() } throws: { ($0 as? DatabaseError)?.file == table.name }
  }

  @Test func aBatchThatNamesNoFamilyChangesNothing() throws {
    let database = try open()
    var batch = WriteBatch()
    try batch.put([1], [1])
    try batch.put([2], [2], family: 9)
    #expect { try database.write(&batch) } throws: { ($0 as? DatabaseError)?.kind == .invalid }
    #expect(try database.get([1]) == nil)
    try database.put([3], [3])
    #expect(try database.get([3]) == [3])
    try database.close()
  }

  @Test func aDroppedFamilyIsGoneAndStaysNamedInErrors() throws {
    let database = try open()
    let family = try database.createFamily("more")
    try database.put([1], [2], in: family)
    #expect { try database.createFamily("more") } throws: { ($0 as? DatabaseError)?.kind == .alreadyExists }
    try database.dropFamily(family)
    #expect(throws: DatabaseError.self) { try database.put([1], [2], in: family) }
    #expect(throws: DatabaseError.self) { try database.get([1], in: family) }
    #expect(throws: DatabaseError.self) { try database.dropFamily(family) }
    #expect(throws: DatabaseError.self) { try database.dropFamily(#require(database.family(named: "default"))) }
    let again = try database.createFamily("more")
    #expect(again.id != family.id)
    #expect(try database.get([1], in: again) == nil)
    try database.close()
    let reopened = try open()
    #expect(reopened.families.map(\.name) == ["default", "more"])
    try reopened.close()
  }

  @Test func aReadMayBorrowTheValue() throws {
    let database = try open()
    try database.put([1], bytes("value"))
    try database.flush()
    let count = try database.withValue(of: [1]) { (value) throws(DatabaseError) in value?.count ?? 0 }
    #expect(count == 5)
    #expect(try database.multiGet([[1], [2]]) == [bytes("value"), nil])
    try database.close()
  }

  @Test func filesThatNobodyNeedsAreRemoved() throws {
    let database = try open()
    for round in 0..<20 {
      for key in 0..<20 { try database.put([UInt8(key)], [UInt8](repeating: UInt8(round), count: 100)) }
      try database.flush()
    }
    try database.compactRange()
    let cursor = try database.cursor()
    try database.put([1], [1])
    try database.compactRange()
    // The cursor's tables are still there.
    let held = try disk.directory(at: "disk/db").entries().filter { DatabaseFile(name: $0.name).isTableName }.count
    #expect(held > database.statistics.tablesByLevel.reduce(0, +))
    withExtendedLifetime(cursor.isValid) {}
    _ = consume cursor
    try database.waitForBackgroundWork()
    let files = try disk.directory(at: "disk/db").entries().map { DatabaseFile(name: $0.name) }
    #expect(files.filter(\.isTableName).count == database.statistics.tablesByLevel.reduce(0, +))
    #expect(files.filter { if case .log = $0 { true } else { false } }.count == 1)
    #expect(files.filter { if case .manifest = $0 { true } else { false } }.count == 1)
    try database.close()
  }

  @Test func tablesAreIngestedIntoAnOpenDatabase() throws {
    let database = try open()
    for key in 0..<50 { try database.put([UInt8(key)], bytes("old")) }
    let snapshot = database.snapshot()
    let directory = try disk.directory(at: "disk").createDirectory("load")
    var options = TableOptions()
    options.external = true
    for (name, keys) in [("a.sst", 10..<20), ("b.sst", 60..<70)] {
      let writer = try TableWriter(file: directory.create(name), options: options)
      for key in keys {
        let (key, value) = (ByteBuffer([UInt8(key)]), ByteBuffer(bytes("new")))
        try writer.add(userKey: key.bytes, sequence: 0, kind: .value, value: value.bytes)
        withExtendedLifetime((key, value)) {}
      }
      _ = try writer.finish()
    }
    let tables = try disk.readableDirectory(at: "disk/load")
    try database.ingest(Ingest(["a.sst", "b.sst"].map { FileTarget(tables, $0) }), sources: disk)
    #expect(try database.get([15]) == bytes("new"))
    #expect(try database.get([65]) == bytes("new"))
    #expect(try database.get([25]) == bytes("old"))
    #expect(try database.get([15], at: snapshot) == bytes("old"))
    #expect(try database.get([65], at: snapshot) == nil)
    try database.put([15], bytes("newest"))
    try database.close()
    let again = try open()
    #expect(try again.get([15]) == bytes("newest"))
    #expect(try again.get([16]) == bytes("new"))
    try again.close()
  }

  @Test func writingGoesOnAfterAFailureThatIsOver() throws {
    let database = try open()
    try database.put([1], [1], WriteOptions(sync: true))
    disk.faults = .diskFull(from: 0)
    #expect(throws: DatabaseError.self) { try database.put([2], [2]) }
    #expect(throws: DatabaseError.self) { try database.put([3], [3]) }
    #expect(try database.get([1]) == [1])
    #expect(throws: DatabaseError.self) { try database.resume() }
    disk.faults = .none
    try database.resume()
    #expect(database.failure == nil)
    try database.put([4], [4], WriteOptions(sync: true))
    try database.close()
    let again = try open()
    #expect(try again.multiGet([[1], [2], [3], [4]]) == [[1], nil, nil, [4]])
    try again.close()
  }

  /// B16: read-only open must equal read-write open.
  @Test func B16_readOnlyIsTheSameAndWritesNothing() throws {
    let database = try open()
    let more = try database.createFamily("more")
    for key in 0..<60 { try database.put([UInt8(key)], [UInt8](repeating: UInt8(key), count: 90)) }
    try database.deleteRange([10], [20])
    try database.put([12], [12])
    try database.merge([12], [13])
    try database.put([1], [1], in: more)
    let seen = SimulatedFileSystem(disk: disk.disk)
    let calls = seen.operations.count
    let reading = try ReadOnlyDatabase.open("disk/db", options: DatabaseModel.Setting(0).options, in: seen)
    for key in 0..<70 { #expect(try reading.get([UInt8(key)]) == database.get([UInt8(key)])) }
    #expect(try reading.get([1], in: reading.family(named: "more")) == [1])
    var cursor = try reading.cursor(from: [5], to: [30])
    try cursor.seekToFirst()
    var keys: [[UInt8]] = []
    while cursor.isValid {
      keys.append([UInt8](cursor.key))
      try cursor.next()
    }
    #expect(keys == ([5, 6, 7, 8, 9, 12] + Array(20..<30)).map { [UInt8($0)] })
    #expect(seen.operations.dropFirst(calls).allSatisfy { !$0.isMutation })
    try database.close()
  }

  @Test func logsThatLieElsewhereAreNotForgotten() throws {
    let database = try open()
    try database.put([1], [2])
    try database.flush()
    try database.close()
    let directory = try disk.directory(at: "disk/db")
    for entry in try directory.entries() {
      switch DatabaseFile(name: entry.name) {
      case .log, .options: try directory.remove(entry.name)
      default: break
      }
    }
    let text = ByteBuffer(bytes("[DBOptions]\n  wal_dir=/elsewhere\n"))
    try directory.create("OPTIONS-000900", holding: text.bytes)
    withExtendedLifetime(text) {}
    #expect { try open() } throws: { ($0 as? DatabaseError)?.kind == .unsupported }
    try directory.remove("OPTIONS-000900")
    let again = try open()
    #expect(try again.get([1]) == [2])
    try again.close()
  }

  /// Writers remember where their last entries went; that must not keep a memtable alive that is in a table.
  @Test func aFlushedMemtableIsGivenBack() throws {
    let database = try open()
    let family = try database.createFamily("more")
    try database.put([1], [2])
    try database.put([1], [2], in: family)
    weak let memtable = database.engine.views.load().families[0].memtables[0]
    #expect(memtable != nil)
    try database.flush()
    #expect(memtable == nil)
    try database.close()
  }
}
