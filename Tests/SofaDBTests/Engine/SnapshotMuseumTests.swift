/// Failures of other engines with snapshots and after errors, tried on ours; the numbers are those of the list that
/// they come from.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

struct SnapshotMuseumTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])

  private func options(_ change: (inout DatabaseOptions) -> Void = { _ in }) -> DatabaseOptions {
    var options = DatabaseOptions()
    options.backgroundThreads = 0
    options.familyDefaults.compaction.level0Trigger = 3
    options.familyDefaults.tables.filterBitsPerKey = 10
    change(&options)
    return options
  }

  private func open(_ options: DatabaseOptions? = nil) throws -> Database {
    try Database.open("disk/db", options: options ?? self.options(), in: disk)
  }

  private func count(_ database: Database, at snapshot: Snapshot?) throws -> Int {
    try database.scan(at: snapshot).count
  }

  // MARK: F, snapshots and cursors

  /// F1: a snapshot that was taken while a memtable was flushed showed deleted keys again.
  @Test func museumF1SnapshotsBesideFlushes() throws {
    let database = try open(
      options {
        $0.backgroundThreads = 3
        $0.familyDefaults.writeBufferBytes = 512
      })
    let failures = Monitor<[String]>([])
    Workers.run(4) { index in
      do throws(DatabaseError) {
        for round in 1...200 {
          if index == 0 {
            try database.put([1], [UInt8(round)])
            try database.delete([1])
          } else {
            let snapshot = database.snapshot()
            let first = try database.get([1], at: snapshot)
            if round % 20 == index { try database.flush() }
            let second = try database.get([1], at: snapshot)
            if first != second { failures.change { $0.append("\(String(describing: first)), then another") } }
          }
        }
      } catch {
        failures.change { $0.append("\(error)") }
      }
    }
    #expect(failures.change { $0 } == [])
    try database.compactRange()
    #expect(try database.get([1]) == nil)
    try database.close()
  }

  /// F2: a snapshot of an empty database, with sequence number 0, counted as none.
  @Test func museumF2ASnapshotOfNothing() throws {
    let database = try open()
    let snapshot = database.snapshot()
    #expect(snapshot.sequence == 0)
    for round in 0..<5 {
      try database.put([1], [UInt8(round)])
      try database.put([2], [2])
      try database.delete([2])
      try database.flush()
      #expect(try database.get([1], at: snapshot) == nil)
      #expect(try count(database, at: snapshot) == 0)
    }
    try database.compactRange()
    #expect(try count(database, at: snapshot) == 0)
    #expect(try database.get([1]) == [4])
    try database.close()
  }

  /// F3: a snapshot saw a range deletion that came after it.
  @Test func museumF3ASnapshotBeforeARangeDeletion() throws {
    let database = try open()
    for key in 0..<20 { try database.put([UInt8(key)], [1]) }
    let snapshot = database.snapshot()
    try database.deleteRange([5], [15])
    func check() throws {
      #expect(try database.get([7], at: snapshot) == [1])
      #expect(try database.get([7]) == nil)
      #expect(try count(database, at: snapshot) == 20)
      #expect(try count(database, at: nil) == 10)
    }
    try check()
    try database.flush()
    try check()
    try database.compactRange()
    try check()
    try database.close()
  }

  /// F5: a snapshot changed while tables were ingested. It is taken in the midst of it, as late as can be.
  @Test func museumF5ASnapshotAmidAnIngestion() throws {
    let database = try open()
    try database.put([9], [9])
    let directory = try disk.directory(at: "disk")
    var tableOptions = TableOptions()
    tableOptions.external = true
    let writer = try TableWriter(file: directory.create("a.sst"), options: tableOptions)
    let (key, value) = (ByteBuffer([1] as [UInt8]), ByteBuffer([2] as [UInt8]))
    try writer.add(userKey: key.bytes, sequence: 0, kind: .value, value: value.bytes)
    withExtendedLifetime((key, value)) {}
    _ = try writer.finish()
    let taken = Monitor<Snapshot?>(nil)
    disk.faults = FaultPlan { operation in
      if operation.name.hasPrefix("MANIFEST"), operation.kind == .append || operation.kind == .syncFile {
        let snapshot = database.snapshot()
        taken.change { $0 = $0 ?? snapshot }
      }
      return nil
    }
    try database.ingest(Ingest([FileTarget(try disk.readableDirectory(at: "disk"), "a.sst")]), sources: disk)
    disk.faults = .none
    let snapshot = try #require(taken.change { $0 })
    #expect(try database.get([1]) == [2])
    #expect(try database.get([1], at: snapshot) == nil)
    #expect(try count(database, at: snapshot) == 1)
    try database.close()
  }

  /// F6, F7: filters missed keys that were there, those with bytes from 0x80 on among them.
  @Test(arguments: [0, 2, 10]) func F6_filtersMissNoKey(_ bits: Int) throws {
    let database = try open(options { $0.familyDefaults.tables.filterBitsPerKey = Double(bits) })
    for key in 0..<512 { try database.put([UInt8(key & 0xFF), 0xFF, UInt8(key >> 8), 0x80], [UInt8(key & 0xFF)]) }
    try database.flush()
    for key in 0..<512 {
      #expect(try database.get([UInt8(key & 0xFF), 0xFF, UInt8(key >> 8), 0x80]) == [UInt8(key & 0xFF)])
      #expect(try database.get([UInt8(key & 0xFF), 0xFE, UInt8(key >> 8), 0x80]) == nil)
    }
    for prefix in 0..<256 {
      var cursor = try database.cursor(prefix: [UInt8(prefix)])
      try cursor.seekToFirst()
      var found = 0
      while cursor.isValid {
        found += 1
        try cursor.next()
      }
      #expect(found == 2)
    }
    try database.close()
  }

  // MARK: C, after an error

  /// C5: an error of the log reached the first of a group and not the others, whose writes were then gone.
  @Test(arguments: 0..<24) func museumC5AllOfAGroupLearnOfAnError(_ number: Int) throws {
    let database = try open(options { $0.backgroundThreads = 2 })
    let calls = Monitor(0)
    let fault: Fault = [.fail(EIO), .partialWrite(ENOSPC), .losesPending(EIO)][number % 3]
    disk.faults = FaultPlan { operation in
      // Meanwhile others queue up, and make a group.
      if operation.kind == .append, operation.name.hasSuffix(".log") { usleep(500) }
      guard operation.name.hasSuffix(".log"), Fault.all(of: operation.kind).contains(fault) else { return nil }
      return calls.change { count in
        count += 1
        return count == 5 + number ? fault : nil
      }
    }
    let acknowledged = Monitor<Set<[UInt8]>>([])
    Workers.run(8) { index in
      for key in 0..<20 {
        let key = [UInt8(index), UInt8(key)]
        do throws(DatabaseError) {
          try database.put(key, key, WriteOptions(sync: true))
          _ = acknowledged.change { $0.insert(key) }
        } catch {
          return
        }
      }
    }
    disk.faults = .none
    let wanted = acknowledged.change { $0 }
    if database.failure != nil {
      #expect(wanted.count < 160)
      // What failed is not seen.
      #expect(try count(database, at: nil) == wanted.count)
    }
    for key in wanted { #expect(try database.get(key) == key) }
    if number % 2 == 0, database.failure != nil { try database.resume() }
    do { try database.close() } catch { #expect(number % 2 == 1) }
    let again = try open()
    for key in wanted { #expect(try again.get(key) == key) }
    try again.close()
  }

  /// C6: the log was wrong after the first write that succeeded again. Nothing is in memory when the write fails, so
  /// that no flush makes the old log obsolete; and the other family has never been written to.
  @Test(arguments: [Fault.partialWrite(ENOSPC), .fail(EIO), .failDone(EIO)])
  func museumC6AFailedLogIsNotReplayedAfterResuming(_ fault: Fault) throws {
    let database = try open()
    _ = try database.createFamily("idle")
    disk.faults = .all([.append], named: { $0.hasSuffix(".log") }, fault)
    #expect(throws: DatabaseError.self) { try database.put([1], [UInt8](repeating: 1, count: 500)) }
    disk.faults = .none
    try database.resume()
    try database.put([2], [2], WriteOptions(sync: true))
    #expect(try database.get([1]) == nil)
    let crashed = SimulatedFileSystem(disk: disk.disk)
    let again = try Database.open("disk/db", options: options(), in: crashed)
    #expect(try again.get([1]) == nil)
    #expect(try again.get([2]) == [2])
    try again.close()
    try database.close()
  }

  /// A family whose removal failed is there, and is flushed like any other.
  @Test func aFamilyThatCouldNotBeDroppedLivesOn() throws {
    let database = try open(options { $0.backgroundThreads = 2 })
    let family = try database.createFamily("more")
    try database.put([1], [1], in: family)
    disk.faults = .all([.append, .create], named: { $0.hasPrefix("MANIFEST") }, .fail(ENOSPC))
    #expect(throws: DatabaseError.self) { try database.dropFamily(family) }
    disk.faults = .none
    try database.resume()
    #expect(try database.get([1], in: family) == [1])
    try database.flush(family)
    try database.dropFamily(family)
    try database.close()
  }

  /// A family that nobody writes to keeps no log of the others.
  @Test func anIdleFamilyHoldsOnToNoLog() throws {
    let database = try open()
    let family = try database.createFamily("idle")
    for round in 0..<5 {
      try database.put([1], [UInt8(round)])
      try database.flush()
    }
    let logs = try disk.directory(at: "disk/db").entries().filter { $0.name.hasSuffix(".log") }
    #expect(logs.count == 1)
    try database.put([3], [3], in: family)
    try database.put([1], [7])
    try database.flush()
    #expect(try database.get([3], in: family) == [3])
    try database.close()
    let again = try open()
    #expect(try again.get([3], in: again.family(named: "idle")) == [3])
    #expect(try again.get([1]) == [7])
    try again.close()
  }
}
