/// Failures of other engines, tried on ours; the numbers are those of the list that they come from.
import Glibc
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

struct EngineMuseumTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])

  private func options(_ change: (inout DatabaseOptions) -> Void = { _ in }) -> DatabaseOptions {
    var options = DatabaseOptions()
    options.backgroundThreads = 0
    options.blockCacheBytes = 0
    options.maxOpenTables = 16
    options.familyDefaults.compaction.level0Trigger = 30
    options.familyDefaults.tables.blockSize = 64
    options.familyDefaults.tables.filterBitsPerKey = 10
    change(&options)
    return options
  }

  private func open(_ options: DatabaseOptions? = nil) throws -> Database {
    try Database.open("disk/db", options: options ?? self.options(), in: disk)
  }

  private func contents(_ database: Database, at snapshot: Snapshot? = nil) throws -> [[UInt8]: [UInt8]] {
    let pairs = try database.scan(at: snapshot)
    let contents = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    #expect(contents.count == pairs.count, "a key comes twice")
    return contents
  }

  private func fill(_ database: Database, _ keys: Range<Int>, _ value: UInt8) throws {
    for key in keys { try database.put([UInt8(key)], [UInt8](repeating: value, count: 20)) }
  }

  // MARK: D, read and write errors

  /// D1, D4: an error at any call of a compaction, and the compaction dropped the data of a table. It fails, or has
  /// lost nothing; and nothing is lost when the database is opened again.
  @Test(arguments: [FileOperation.Kind.read, .open, .append, .syncFile, .create, .closeFile, .syncDirectory])
  func museumD1NoErrorLosesDataInACompaction(_ kind: FileOperation.Kind) throws {
    for fault in Fault.all(of: kind) where fault != .failsLate(EIO) {
      for number in 0..<60 {
        let disk = SimulatedFileSystem(directories: ["disk"])
        let database = try Database.open("disk/db", options: options(), in: disk)
        for round in 0..<3 {
          try fill(database, (round * 10)..<(round * 10 + 20), UInt8(round))
          try database.deleteRange([UInt8(round * 10 + 5)], [UInt8(round * 10 + 8)])
          try database.flush()
        }
        let wanted = try contents(database)
        disk.faults = .calls(number...number, of: kind, fault)
        let before = disk.operations.count
        var failed = false
        do throws(DatabaseError) { try database.compactRange() } catch { failed = true }
        disk.faults = .none
        let calls = disk.operations[before...].count { $0.kind == kind }
        #expect(try contents(database) == wanted, "\(fault) at \(number)")
        if database.failure != nil { try database.resume() }
        try database.close()
        let again = try Database.open("disk/db", options: options(), in: disk)
        #expect(try contents(again) == wanted, "\(fault) at \(number), opened again")
        try again.close()
        if !failed, calls <= number { break }
      }
    }
  }

  /// D2: an error while range deletions were read made them vanish. Every read fails, or gives nothing.
  @Test func museumD2DeletedKeysStayDeletedWhenReadsFail() throws {
    let database = try open()
    try fill(database, 0..<20, 1)
    try database.flush()
    try database.deleteRange([0], [20])
    try database.flush()
    try database.close()
    for number in 0..<40 {
      let database = try open()
      let calls = Monitor(0)
      disk.faults = FaultPlan { operation in
        guard operation.kind == .read || operation.kind == .open else { return nil }
        return calls.change { count in
          count += 1
          return count == number + 1 ? .fail(EIO) : nil
        }
      }
      do throws(DatabaseError) { #expect(try database.get([7]) == nil) } catch { /* As it should. */  }
      do {
        #expect(try contents(database) == [:])
      } catch { /* As it should. */  }
      disk.faults = .none
      #expect(try contents(database) == [:])
      try database.close()
    }
  }

  /// D5: a flush returned success though it had failed. It tells, and what it had to write is there all the same.
  @Test(arguments: [FileOperation.Kind.append, .syncFile, .create, .closeFile, .syncDirectory])
  func museumD5AFlushThatFailsSaysSo(_ kind: FileOperation.Kind) throws {
    for number in 0..<12 {
      let disk = SimulatedFileSystem(directories: ["disk"])
      let database = try Database.open("disk/db", options: options(), in: disk)
      try fill(database, 0..<20, 1)
      let wanted = try contents(database)
      disk.faults = .calls(number..., of: kind, .fail(EIO))
      var failed = false
      do throws(DatabaseError) { try database.flush() } catch { failed = true }
      disk.faults = .none
      #expect(failed == (database.failure != nil))
      if !failed { #expect(database.statistics.tablesByLevel.first == 1) }
      #expect(try contents(database) == wanted)
      if failed { try database.resume() }
      try database.put([99], [9])
      try database.close()
      let again = try Database.open("disk/db", options: options(), in: disk)
      #expect(try contents(again) == wanted.merging([[99]: [9]]) { $1 }, "\(kind) \(number)")
      try again.close()
    }
  }

  /// D6: blocks of range deletions that were cached showed deleted keys while tables were ingested.
  @Test(arguments: [256, 1 << 20]) func museumD6RangeDeletionsHoldThroughIngestion(cacheBytes: Int) throws {
    let database = try open(options { $0.blockCacheBytes = cacheBytes })
    for round in 0..<5 {
      try fill(database, 0..<40, UInt8(round))
      try database.deleteRange([10], [30])
      try database.flush()
      #expect(try database.get([15]) == nil)
      try ingest([UInt8(20)], [UInt8(round)], into: database, named: "\(round).sst")
      #expect(try database.get([15]) == nil)
      #expect(try database.get([20]) == [UInt8(round)])
      #expect(try contents(database).keys.filter { $0[0] >= 10 && $0[0] < 30 } == [[20]])
    }
    try database.compactRange()
    #expect(try contents(database).keys.filter { $0[0] >= 10 && $0[0] < 30 } == [[20]])
    try database.close()
  }

  private func ingest(_ key: [UInt8], _ value: [UInt8], into database: Database, named name: String) throws {
    let directory = try disk.directory(at: "disk")
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(file: directory.create(name), options: options)
    let (keyBytes, valueBytes) = (ByteBuffer(key), ByteBuffer(value))
    try writer.add(userKey: keyBytes.bytes, sequence: 0, kind: .value, value: valueBytes.bytes)
    withExtendedLifetime((keyBytes, valueBytes)) {}
    _ = try writer.finish()
    try database.ingest(Ingest([FileTarget(try disk.readableDirectory(at: "disk"), name)]), sources: disk)
  }

  // MARK: E, flushes and compactions

  /// E1: two versions of a key were split over two tables, of which one was compacted: the older version won.
  @Test func museumE1VersionsOfAKeyStayInOrder() throws {
    let database = try open(
      options {
        $0.familyDefaults.compaction.level0Trigger = 2
        $0.familyDefaults.compaction.targetFileSize = 256
        $0.familyDefaults.compaction.baseLevelBytes = 1024
        $0.familyDefaults.compaction.levelMultiplier = 2
      })
    var snapshots: [(Snapshot, UInt8)] = []
    for round in 0..<60 {
      try database.put([5], [UInt8](repeating: UInt8(round), count: 80))
      try database.put([UInt8(round)], [0])
      snapshots.append((database.snapshot(), UInt8(round)))
      if round % 3 == 0 { try database.flush() }
      if round % 7 == 0 { snapshots.remove(at: snapshots.count / 2) }
      for (snapshot, value) in snapshots {
        let found = try database.get([5], at: snapshot)
        #expect(found?.first == (value == 5 ? 0 : value), "\(round)")
      }
    }
    try database.close()
  }

  /// E2: a compaction of a range brought deleted data back.
  @Test func museumE2ACompactionBringsNothingBack() throws {
    let database = try open()
    try fill(database, 0..<100, 1)
    try database.flush()
    try database.compactRange()
    for key in 0..<100 { try database.delete([UInt8(key)]) }
    try database.flush()
    for start in stride(from: 0, to: 100, by: 7) {
      try database.compactRange(from: [UInt8(start)], to: [UInt8(start + 3)])
      #expect(try contents(database) == [:])
    }
    try database.compactRange()
    #expect(database.statistics.tablesByLevel.reduce(0, +) == 0)
    try database.close()
  }

  /// E3, E4, E12: compactions took the same tables. Many are asked for at once, beside writers and ingestion.
  @Test func E3_E4_noTwoCompactionsTakeTheSameTables() throws {
    let database = try open(
      options {
        $0.backgroundThreads = 3
        $0.familyDefaults.writeBufferBytes = 1 << 10
        $0.familyDefaults.compaction.level0Trigger = 2
        $0.familyDefaults.compaction.targetFileSize = 512
      })
    let failures = Monitor<[String]>([])
    Workers.run(6) { index in
      for round in 0..<12 {
        do throws(DatabaseError) {
          for key in 0..<10 { try database.put([UInt8(index), UInt8(key)], [UInt8(round)]) }
          try database.compactRange()
        } catch {
          failures.change { $0.append("\(error)") }
        }
      }
    }
    #expect(failures.change { $0 } == [])
    let found = try contents(database)
    #expect(found.count == 60 && found.values.allSatisfy { $0 == [11] })
    try database.close()
  }

  /// E6: the order in level 0 was wrong after tables were ingested between flushes.
  @Test func E6_G5_G9_ingestedTablesKeepTheirPlaceInTime() throws {
    let database = try open()
    for round in 0..<10 {
      try database.put([1], [UInt8(round), 0])
      if round % 2 == 0 { try database.flush() }
      try ingest([1], [UInt8(round), 1], into: database, named: "\(round).sst")
      #expect(try database.get([1]) == [UInt8(round), 1])
      if round % 3 == 0 {
        try database.put([1], [UInt8(round), 2])
        try database.flush()
        #expect(try database.get([1]) == [UInt8(round), 2])
      }
    }
    let value = try database.get([1])
    let epochs = database.engine.versions.current.families[0].tables.map(\.epoch)
    #expect(Set(epochs).count == epochs.count)
    try database.close()
    let again = try open()
    #expect(try again.get([1]) == value)
    try again.compactRange()
    #expect(try again.get([1]) == value)
    try again.close()
  }

  /// E8: the order in level 0 was wrong where flushes, compactions and ingestion ended beside each other, and range
  /// deletions hid newer keys.
  @Test(arguments: [0, 3], 0..<3) func E8_rangeDeletionsHideNothingNewer(threads: Int, seed: UInt64) throws {
    let database = try open(
      options {
        $0.backgroundThreads = threads
        $0.familyDefaults.writeBufferBytes = 1 << 10
        $0.familyDefaults.compaction.level0Trigger = 3
        $0.familyDefaults.compaction.targetFileSize = 512
      })
    var random = SeededRandom(seed: seed)
    var model: [[UInt8]: [UInt8]] = [:]
    for round in 0..<150 {
      let key = [UInt8](repeating: UInt8(Int.random(in: 0..<20, using: &random)), count: 1)
      let value = [UInt8](repeating: UInt8(round), count: 60)
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<5:
        try database.put(key, value)
        model[key] = value
      case 5..<8:
        let end = [key[0] + UInt8(Int.random(in: 1..<8, using: &random))]
        try database.deleteRange(key, end)
        model = model.filter { $0.key[0] < key[0] || $0.key[0] >= end[0] }
      case 8, 9:
        try ingest(key, value, into: database, named: "\(round).sst")
        model[key] = value
      case 10: try database.flush()
      default: try database.compactRange(from: key, to: [key[0] + 3])
      }
      try #require(try contents(database) == model, "round \(round)")
      for number in UInt8(0)..<20 { try #require(try database.get([number]) == model[[number]], "round \(round)") }
    }
    try database.close()
    let again = try open()
    #expect(try contents(again) == model)
    try again.close()
  }

  /// E13: tables that somebody still read were removed.
  @Test func museumE13ACursorOutlivesItsTables() throws {
    let database = try open()
    for part in 0..<5 {
      try fill(database, (part * 20)..<(part * 20 + 20), 1)
      try database.flush()
    }
    let tables = Set(database.engine.versions.current.families[0].tables.map { DatabaseFile.table($0.number).name })
    var cursor = try database.cursor()
    for key in 0..<100 { try database.delete([UInt8(key)]) }
    try database.flush()
    try database.compactRange()
    #expect(try contents(database) == [:])
    // Also those that are open, and could be read without their names.
    let left = Set(try disk.directory(at: "disk/db").entries().map(\.name))
    #expect(tables.isSubset(of: left))
    try cursor.seekToFirst()
    var count = 0
    while cursor.isValid {
      count += 1
      try cursor.next()
    }
    #expect(count == 100)
    try database.close()
  }

  /// E14: writes that raced with the change of memtable and log were lost.
  @Test(arguments: [true, false]) func museumE14NoWriteIsLostWhenTheMemtableChanges(_ usesLog: Bool) throws {
    let set = options {
      $0.backgroundThreads = 2
      $0.familyDefaults.writeBufferBytes = 512
    }
    let database = try open(set)
    let failures = Monitor<[String]>([])
    let isDone = Atomic(false)
    Workers.run(6) { index in
      do throws(DatabaseError) {
        // One writes batches that are still being added when the others write on and on.
        let size = index == 0 ? 10_000 : 1
        var number = 0
        while index == 0 ? number < 3 : number < 150 || !isDone.load(ordering: .relaxed) {
          var batch = WriteBatch()
          for key in 0..<size {
            try batch.put([UInt8(index), UInt8(number % 150), UInt8(key >> 8), UInt8(key & 0xFF)], [7])
          }
          try database.write(&batch, WriteOptions(usesLog: usesLog))
          if number % 40 == index, index > 0 { try database.flush() }
          number += 1
        }
      } catch {
        failures.change { $0.append("\(error)") }
      }
      if index == 0 { isDone.store(true, ordering: .relaxed) }
    }
    #expect(failures.change { $0 } == [])
    #expect(try contents(database).count == 30_750)
    try database.close()
    let again = try open(set)
    #expect(try contents(again).count == 30_750)
    try again.close()
  }
}
