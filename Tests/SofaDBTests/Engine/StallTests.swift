import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// Writers that outrun flushes and compactions: they are slowed, they wait, and they always get an answer.
struct StallTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])

  private func options(_ change: (inout DatabaseOptions) -> Void = { _ in }) -> DatabaseOptions {
    var options = DatabaseOptions()
    options.backgroundThreads = 2
    options.familyDefaults.writeBufferBytes = 2 << 10
    options.familyDefaults.maxWriteBuffers = 2
    options.familyDefaults.compaction.level0Trigger = 2
    options.familyDefaults.level0SlowdownTrigger = 3
    options.familyDefaults.level0StopTrigger = 4
    change(&options)
    return options
  }

  private func open(_ options: DatabaseOptions) throws -> Database {
    try Database.open("disk/db", options: options, in: disk)
  }

  /// Whether `body` returns in time. Where it does not, its thread is left behind.
  private func returns(within seconds: Double = 60, _ body: @escaping @Sendable () -> Void) -> Bool {
    let isDone = Monitor(false)
    let group = WorkerGroup(1) { _ in
      body()
      isDone.change { $0 = true }
    }
    let end = MonotonicClock.seconds + seconds
    while !isDone.change({ $0 }) {
      if MonotonicClock.seconds > end { return false }
      SystemTime().sleep(0.002)
    }
    group.join()
    return true
  }

  /// Puts until an error; nil after so many.
  private static func fill(_ database: Database, _ count: Int = 2000) -> DatabaseError? {
    for key in 0..<count {
      do throws(DatabaseError) {
        try database.put([UInt8(key & 0xFF), UInt8(key >> 8)], [UInt8](repeating: 1, count: 100))
      } catch {
        return error
      }
    }
    return nil
  }

  /// Whether so many puts all succeed, in time.
  private func fills(_ database: Database, _ count: Int = 2000) -> Bool {
    let isFilled = Monitor(false)
    let ends = returns {
      let error = StallTests.fill(database, count)
      isFilled.change { $0 = error == nil }
    }
    return ends && isFilled.change { $0 }
  }

  @Test func aWriterThatIsTooFastIsSlowedAndThenGoesOn() throws {
    let held = Monitor<[WriteHold]>([])
    let database = try open(
      options { $0.onEvent = { event in if case .writersHeld(let hold) = event { held.change { $0.append(hold) } } } })
    #expect(fills(database, 4000))
    #expect(held.change { $0.contains(.slowed) || $0.contains(.stopped) })
    try database.waitForBackgroundWork()
    #expect(database.engine.state.change { $0.hold } == .free)
    try database.close()
  }

  /// As above while nothing is compacted: until somebody does, the writer waits.
  @Test func aWriterWaitsForCompactionsAsLongAsItTakes() throws {
    let database = try open(options())
    let family = try #require(database.families.first)
    let written = Monitor(false)
    var writer: WorkerGroup?
    try database.engine.holdingCompactions(family) { () throws(DatabaseError) in
      writer = WorkerGroup(1) { _ in
        let error = StallTests.fill(database)
        written.change { $0 = error == nil }
      }
      database.engine.state.wait({ $0.hold == .stopped }) { _ in }
      SystemTime().sleep(0.02)
      #expect(written.change { $0 } == false)
    }
    let ends = returns { written.wait({ $0 }) { _ in } }
    #expect(ends)
    writer?.join()
    try database.close()
  }

  /// Who ingests or drops a family lets no compaction begin and waits for the lead; the writer has it, and waits for
  /// compactions.
  @Test func aWriterThatWaitsLetsThoseGoOnWhoHoldCompactionsOff() throws {
    let database = try open(options())
    let family = try #require(database.families.first)
    let ends = returns {
      var threads: [WorkerGroup] = []
      do throws(DatabaseError) {
        try database.engine.holdingCompactions(family) { () throws(DatabaseError) in
          threads.append(WorkerGroup(1) { _ in _ = StallTests.fill(database) })
          database.engine.state.wait({ $0.hold == .stopped }) { _ in }
          SystemTime().sleep(0.02)
          threads.append(
            WorkerGroup(1) { _ in
              do throws(DatabaseError) { try database.engine.holdingAll(family) {} } catch { Issue.record("\(error)") }
            })
          database.engine.state.wait({ $0.families[0].compactionHolds == 2 }) { _ in }
        }
      } catch {
        Issue.record("\(error)")
      }
      for thread in threads { thread.join() }
    }
    #expect(ends)
    try database.close()
  }

  @Test func closingFreesWritersThatWait() throws {
    let database = try open(options())
    let family = try #require(database.families.first)
    let error = Monitor<DatabaseError?>(nil)
    let ends = returns {
      do throws(DatabaseError) {
        try database.engine.holdingCompactions(family) { () throws(DatabaseError) in
          let writer = WorkerGroup(1) { _ in
            let found = StallTests.fill(database)
            error.change { $0 = found }
          }
          database.engine.state.wait({ $0.hold == .stopped }) { _ in }
          SystemTime().sleep(0.02)
          try database.close()
          writer.join()
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(ends)
    #expect(error.change { $0 }?.kind == .invalid)
    try open(options()).close()
  }

  @Test(arguments: [0, 1, 2, 3]) func aWriterGetsTheErrorOfTheFlushThatItWaitsFor(_ threads: Int) throws {
    let database = try open(options { $0.backgroundThreads = threads })
    disk.faults = .all([.create], named: { DatabaseFile(name: $0).isTableName }, .fail(28))
    let error = Monitor<DatabaseError?>(nil)
    let ends = returns {
      let found = StallTests.fill(database)
      error.change { $0 = found }
    }
    #expect(ends)
    #expect(error.change { $0 }?.kind == .noSpace)
    #expect(throws: DatabaseError.self) { try database.flush() }
    #expect(throws: DatabaseError.self) { try database.waitForBackgroundWork() }
    #expect(throws: DatabaseError.self) { try database.compactRange() }
    disk.faults = .none
    try database.resume()
    #expect(fills(database))
    try database.close()
  }

  /// One thread has to do the compactions as well.
  @Test(arguments: [1, 2, 4]) func anyNumberOfThreadsDoesAllTheWork(_ threads: Int) throws {
    let database = try open(options { $0.backgroundThreads = threads })
    #expect(fills(database))
    let ends = returns {
      do { try database.waitForBackgroundWork() } catch { Issue.record("\(error)") }
    }
    #expect(ends)
    #expect((database.statistics.tablesByLevel.first ?? 0) < 2)
    try database.close()
  }

  /// A batch of notes alone takes no number: what others have made visible meanwhile stays so, and nobody waits for it.
  @Test func writesWithoutOperationsTakeNothingBack() throws {
    let database = try open(DatabaseOptions())
    let unseen = Monitor(0)
    let ends = returns {
      Workers.run(4) { thread in
        do throws(DatabaseError) {
          for number in 0..<20_000 {
            if thread < 2 {
              var note = WriteBatch()
              try note.note([1])
              try database.write(&note)
            } else {
              let value = [UInt8(number & 0xFF), UInt8(number >> 8)]
              try database.put([UInt8(thread)], value)
              if try database.get([UInt8(thread)]) != value { unseen.change { $0 += 1 } }
            }
          }
        } catch {
          Issue.record("\(error)")
        }
      }
    }
    try #require(ends)
    #expect(unseen.change { $0 } == 0)
    try database.close()
  }

  /// A wait that is longer than the rate asks for would be no slowing.
  @Test func aLargeBatchIsNotHeldForLong() throws {
    let time = ManualTime()
    let database = try open(
      options {
        $0.time = time
        $0.delayedWriteBytesPerSecond = 1000
      })
    let family = try #require(database.families.first)
    try database.engine.holdingCompactions(family) { () throws(DatabaseError) in
      for key in 0..<3 {
        try database.put([UInt8(key)], [1])
        try database.flush()
      }
      #expect(database.engine.state.change { $0.hold } == .slowed)
      let before = time.slept
      try database.put([9], [UInt8](repeating: 1, count: 100_000))
      try database.put([9], [1])
      #expect(time.slept - before < 0.6)
      #expect(time.slept - before > 0.1)
    }
    try database.close()
  }
}
