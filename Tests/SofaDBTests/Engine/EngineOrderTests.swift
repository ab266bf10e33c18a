import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// What two threads do at the same time, brought about in the order in which it matters.
struct EngineOrderTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])

  private func open(_ options: DatabaseOptions = DatabaseOptions()) throws -> Database {
    try Database.open("disk/db", options: options, in: disk)
  }

  /// Whether `isTrue` becomes so in time.
  private func becomes(_ isTrue: () throws -> Bool) rethrows -> Bool {
    let end = MonotonicClock.seconds + 60
    while try !isTrue() {
      if MonotonicClock.seconds > end { return false }
      SystemTime().sleep(0.001)
    }
    return true
  }

  /// A call that went on after `close` would remove the tables of whoever opens the database next: it takes them for
  /// garbage.
  @Test func closingWaitsForCallsThatWorkOnFiles() throws {
    let database = try open()
    try database.put([1], [1])
    let isOver = Atomic(false)
    var closer: WorkerGroup?
    try database.engine.whileOpen { () throws(DatabaseError) in
      closer = WorkerGroup(1) { _ in
        do throws(DatabaseError) { try database.close() } catch { Issue.record("\(error)") }
        isOver.store(true, ordering: .releasing)
      }
      #expect(becomes { database.engine.state.change { $0.isClosing } })
      SystemTime().sleep(0.02)
      let isTooEarly = isOver.load(ordering: .acquiring)
      #expect(!isTooEarly)
      #expect(throws: DatabaseError.self) { try open() }
    }
    closer?.join()
    #expect(throws: DatabaseError.self) { try database.compactRange() }
    let next = try open()
    #expect(try next.get([1]) == [1])
    try next.close()
  }

  /// The view is taken, a table is ingested and its successor written, and then the newest number is taken: it covers
  /// what only the next view has.
  @Test func aReadBesideAnIngestionHasAllOrNothing() throws {
    let database = try open()
    let name = "new.sst"
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(file: disk.directory(at: "disk").create(name), options: options)
    try [1].withUnsafeBytes { try writer.add(userKey: $0, sequence: 0, kind: .value, value: $0) }
    _ = try writer.finish()
    let source = FileTarget(try disk.readableDirectory(at: "disk"), name)
    var times = 0
    let (visit, sequence) = database.engine.visit(at: nil) {
      times += 1
      if times > 1 { return }
      do throws(DatabaseError) {
        try database.ingest(Ingest([source]), sources: disk)
        try database.put([2], [2])
      } catch {
        Issue.record("\(error)")
      }
    }
    let tables = visit.view.takeUnretainedValue().version.families[0].tables
    visit.end()
    #expect(sequence == database.engine.pipeline.visible.load(ordering: .relaxed))
    #expect(tables.count == 1 && times == 2)
    try database.close()
  }

  /// Cursors hand their inputs on: those that come see what was written since, in memtables that were empty as well,
  /// and stand nowhere until they are placed.
  @Test func aCursorSeesWhatWasWrittenSinceTheOneBeforeIt() throws {
    let database = try open()
    func keys(from key: UInt8) throws -> [UInt8] {
      var cursor = try database.cursor()
      let isPlaced = cursor.isValid
      #expect(!isPlaced)
      var found: [UInt8] = []
      try cursor.seek([key])
      while cursor.isValid {
        found.append(cursor.key[0])
        try cursor.next()
      }
      return found
    }
    #expect(try keys(from: 0) == [])
    for key in [2, 4, 6] as [UInt8] { try database.put([key], [key]) }
    #expect(try keys(from: 3) == [4, 6])
    try database.flush()
    #expect(try keys(from: 5) == [6])
    #expect(try keys(from: 7) == [])
    #expect(try keys(from: 0) == [2, 4, 6])
    try database.put([5], [5])
    try database.delete([2])
    #expect(try keys(from: 0) == [4, 5, 6])
    // Two at a time do not get the same.
    var one = try database.cursor()
    var other = try database.cursor()
    try one.seekToFirst()
    try other.seekToLast()
    let (first, last) = ([UInt8](one.key), [UInt8](other.key))
    #expect(first == [4] && last == [6])
    try database.close()
  }

  /// What is removed is also closed: an open file keeps its space on the disk.
  @Test func removedTablesAreClosed() throws {
    let directory = try TemporaryDirectory()
    var options = DatabaseOptions()
    options.familyDefaults.compaction.level0Trigger = 10
    let database = try Database.open(directory.path + "/db", options: options)
    for round in 0..<5 as Range<UInt8> {
      for key in 0..<50 as Range<UInt8> { try database.put([key], [round]) }
      try database.flush()
    }
    #expect(try database.get([1]) == [4])
    try database.compactRange()
    let real = try #require(realpath(directory.path, nil))
    defer { free(real) }
    let removed = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
      var target = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/fd/" + name, &target, target.count)
      let path = String(decoding: target[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return path.hasPrefix(String(cString: real) + "/") && path.hasSuffix("(deleted)")
    }
    #expect(removed == [])
    try database.close()
    withExtendedLifetime(directory) {}
  }

  /// Or `resume` could find nothing at work, make the database writable, and be undone by a failure that is older.
  @Test func aFailureIsKnownBeforeItsJobIsOver() throws {
    let isAtWork = Monitor<Bool?>(nil)
    let known = Monitor<Database?>(nil)
    var options = DatabaseOptions()
    options.onEvent = { event in
      guard case .failed = event else { return }
      let atWork = known.change { $0 }?.engine.state.change { $0.families[0].isFlushing }
      isAtWork.change { $0 = atWork }
    }
    let database = try open(options)
    known.change { $0 = database }
    try database.put([1], [1])
    disk.faults = .calls(0..., of: .append, .fail(EIO))
    #expect(throws: DatabaseError.self) { try database.flush() }
    #expect(becomes { isAtWork.change { $0 != nil } })
    #expect(isAtWork.change { $0 } == true)
    disk.faults = .none
    known.change { $0 = nil }
    try database.resume()
    try database.close()
  }

  /// What was sealed when it was called: not what others have sealed since.
  @Test func aFlushEndsWhileOthersWrite() throws {
    var options = DatabaseOptions()
    options.familyDefaults.writeBufferBytes = 4 << 10
    options.familyDefaults.level0SlowdownTrigger = 1_000
    options.familyDefaults.level0StopTrigger = 2_000
    let database = try open(options)
    let isOver = Atomic(false)
    let writers = WorkerGroup(3) { thread in
      do throws(DatabaseError) {
        var number: UInt8 = 0
        while !isOver.load(ordering: .relaxed) {
          number &+= 1
          try database.put([UInt8(thread), number], [UInt8](repeating: number, count: 400))
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    let flusher = Monitor(0)
    let flushes = WorkerGroup(1) { _ in
      do throws(DatabaseError) {
        for _ in 0..<20 {
          try database.flush()
          flusher.change { $0 += 1 }
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(becomes { flusher.change { $0 } == 20 })
    isOver.store(true, ordering: .relaxed)
    writers.join()
    flushes.join()
    try database.close()
  }

  /// A batch may touch several families, in any order: each of them is sealed when it is full.
  @Test func aFamilyIsSealedAlsoWhenAnotherOneComesLast() throws {
    var options = DatabaseOptions()
    options.familyDefaults.writeBufferBytes = 4 << 10
    // So that a flush never takes more than one memtable.
    options.familyDefaults.maxWriteBuffers = 2
    let database = try open(options)
    let other = try database.createFamily("other")
    for number in 0..<100 as Range<UInt8> {
      var batch = WriteBatch()
      try batch.put([number], [UInt8](repeating: number, count: 400))
      try batch.put([number], [], family: other.id)
      try database.write(&batch)
    }
    try database.waitForBackgroundWork()
    #expect(database.statistics.flushes > 5)
    try database.close()
  }

  /// A memtable for which its own frame is too much is full from the first entry on, and not before.
  @Test func notesFillNoMemtable() throws {
    var options = DatabaseOptions()
    options.familyDefaults.writeBufferBytes = 1
    let database = try open(options)
    let isDone = Monitor(false)
    let writer = WorkerGroup(1) { _ in
      do throws(DatabaseError) {
        for _ in 0..<3 {
          var note = WriteBatch()
          try note.note([1])
          try database.write(&note)
        }
        try database.put([1], [1])
        try database.put([2], [2])
      } catch {
        Issue.record("\(error)")
      }
      isDone.change { $0 = true }
    }
    try #require(becomes { isDone.change { $0 } })
    writer.join()
    #expect(try database.get([1]) == [1])
    try database.close()
  }
}
