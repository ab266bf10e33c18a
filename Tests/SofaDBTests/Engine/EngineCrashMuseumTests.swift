/// Failures of other engines, each as a test of ours. Those of logs, MANIFESTs and tables are tested beside these; what
/// stands here needs an open database.
import Foundation
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct EngineCrashMuseumTests {
  private static let options = EngineScenario("") { _ in }.options

  /// What a crash right now would leave, opened.
  private static func crash(
    _ system: SimulatedFileSystem, _ options: DatabaseOptions = options,
    _ body: @escaping (Database) throws -> Void
  ) throws {
    // Nothing that is not synced survives.
    let observer = CrashOptions()
    let report = enumerateCrashes(from: system.disk, options: observer) { _ in
    } check: { image in
      guard image.persistence == .strict else { return }
      let database = try Database.open("db", options: options, in: image.fileSystem)
      try body(database)
      try database.close()
    }
    #expect(report.failures.isEmpty && report.distinct > 0, "\(report)")
  }

  private static func require(_ database: Database, _ key: String, _ value: String?, family: String? = nil) throws {
    let family = try family.map { try #require(database.family(named: $0)) }
    let got = try database.get(Array(key.utf8), in: family)
    guard got == value.map({ Array($0.utf8) }) else {
      throw EngineRun.Broken("\(key) is \(got.map { String(decoding: $0, as: UTF8.self) } ?? "nothing")")
    }
  }

  // A log that failed ends in half a record. What is written to the next log, after `resume`, does not depend on it,
  // whether or not anything of the failed one was worth a table.
  @Test(arguments: [false, true]) func B9_theLogAfterAFailedOneIsReplayed(hasData: Bool) throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    let idle = try run.createFamily("idle")
    if hasData { try run.put("before", "1", sync: true) }
    system.faults = .all([.append], named: { $0.hasSuffix(".log") }, .partialWrite(EIO))
    #expect(throws: DatabaseError.self) { try run.put("failed", "x") }
    system.faults = .none
    try run.live.resume()
    run.settle()
    try run.put("after", "2", sync: true)
    try run.put("idle", "3", family: idle, sync: true)
    try Self.crash(system) { database in
      try Self.require(database, "after", "2")
      try Self.require(database, "failed", nil)
      try Self.require(database, "before", hasData ? "1" : nil)
      try Self.require(database, "idle", "3", family: "idle")
    }
    run.abandon()
  }

  // Museum A6, C5: many writers, each of whom syncs; the disk dies at some call. Whoever was told that it is safe finds
  // it again, and everybody finds a prefix of what he wrote.
  @Test(arguments: [0, 2]) func A6_C5_everyWriterOfAGroupLearnsOfItsFate(threads: Int) throws {
    var options = Self.options
    options.backgroundThreads = threads
    options.familyDefaults.writeBufferBytes = 2 << 10
    let frozen = options
    for stop in stride(from: 12, to: 160, by: 8) {
      let system = SimulatedFileSystem()
      system.faults = .during(stop..., .fail(EIO))
      let acknowledged = Monitor<[Int: Int]>([:])
      do {
        let database = try Database.open("db", options: frozen, in: system)
        DispatchQueue.concurrentPerform(iterations: 6) { writer in
          for index in 1...8 {
            do {
              try database.put(
                Array("w\(writer)".utf8), Array("\(index)".utf8), WriteOptions(sync: index.isMultiple(of: 2)))
              try database.put(Array("w\(writer)-\(index)".utf8), Array("there".utf8), WriteOptions(sync: true))
              acknowledged.change { $0[writer] = index }
            } catch { return }
          }
        }
        do { try database.close() } catch { /* The disk is dead. */  }
      } catch { /* It died before. */  }
      system.faults = .none
      for (persistence, image) in Self.images(system.disk) {
        let image = SimulatedFileSystem(disk: image)
        let database = try Database.open("db", options: frozen, in: image)
        for writer in 0..<6 {
          let promised = acknowledged.change { $0[writer] ?? 0 }
          let count = try (1...8).count { try database.get(Array("w\(writer)-\($0)".utf8)) != nil }
          let last = try database.get(Array("w\(writer)".utf8)).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
          let isPrefix = try (1...8).allSatisfy { index in
            try (database.get(Array("w\(writer)-\(index)".utf8)) != nil) == (index <= count)
          }
          #expect(
            isPrefix && count >= promised && (count...count + 1).contains(last ?? 0),
            "stopped at call \(stop), \(persistence): writer \(writer) had \(promised), finds \(count) and \(last ?? 0)"
          )
        }
        try database.close()
      }
    }
  }

  /// What a crash of the machine, and one of the process, leaves.
  private static func images(_ disk: SimulatedDisk) -> [(Persistence, SimulatedDisk)] {
    let images = Monitor<[(Persistence, SimulatedDisk)]>([])
    enumerateCrashes(from: disk) { _ in
    } check: { image in
      if image.persistence == .strict || image.persistence == .everything {
        images.change { $0.append((image.persistence, image.fileSystem.disk)) }
      }
    }
    return images.change { $0 }
  }

  /// What a process leaves that ends without closing, and what it has promised.
  private static func abandoned(_ body: (EngineRun) throws -> Void) throws -> (EngineRun, SimulatedDisk) {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, options)
    try run.open()
    try body(run)
    let disk = system.disk
    run.abandon()
    return (run, disk)
  }

  // Museum B10, B11: a log that cannot be read is not taken for one that ends.
  @Test func B10_B11_anUnreadableLogIsNotAShortOne() throws {
    let (run, disk) = try Self.abandoned { run in try run.fill(0..<20, syncEvery: 1) }
    for fault in [Fault.fail(EIO), .shortRead] {
      let again = SimulatedFileSystem(disk: disk)
      again.faults = .all([.read], named: { $0.hasSuffix(".log") }, fault)
      #expect(throws: DatabaseError.self) { try Database.open("db", options: Self.options, in: again) }
      again.faults = .none
      try EngineImage(run: run, system: again).check(isThorough: true)
    }
  }

  // Museum C12, B3: an opening that fails changes nothing that a later one needs; H7: nor does it keep the lock.
  @Test func B3_C12_aFailedOpeningLosesNothing() throws {
    let (run, disk) = try Self.abandoned { run in
      try run.fill(0..<10, syncEvery: 1)
      try run.flush()
      try run.fill(10..<20, syncEvery: 1)
    }
    let clean = SimulatedFileSystem(disk: disk)
    try Database.open("db", options: Self.options, in: clean).close()
    for call in 0..<clean.operations.count {
      let again = SimulatedFileSystem(disk: disk)
      again.faults = .during(call..., .fail(EIO))
      do { try Database.open("db", options: Self.options, in: again).close() } catch { /* It must. */  }
      again.faults = .none
      try EngineImage(run: run, system: again).check(isThorough: false)
    }
  }

  // Museum B4, B17: a record that fills many blocks, cut off anywhere, is absent and hides nothing before it.
  @Test func B17_aLargeRecordIsWholeOrAbsent() throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    try run.put("before", "1", sync: true)
    let size = try #require(try Self.log(system)).count
    try run.put("large", EngineRun.value(1, 100_000))
    let (name, content) = try #require(try Self.namedLog(system))
    let disk = system.disk
    run.abandon()
    for cut in stride(from: size, to: content.count, by: 4999) {
      let image = SimulatedFileSystem(disk: disk)
      try Self.replace(name, with: content[..<cut], in: image)
      let database = try Database.open("db", options: Self.options, in: image)
      try Self.require(database, "before", "1")
      try Self.require(database, "large", nil)
      try database.close()
    }
  }

  // Museum B12, A11: pages that were not synced reach the disk out of order, and each record is a page. What is behind
  // the one that is missing is newer than it.
  @Test func B12_recordsBehindAGapAreNotReplayed() throws {
    var options = Self.options
    options.familyDefaults.writeBufferBytes = 1 << 20
    let system = SimulatedFileSystem()
    let run = EngineRun(system, options)
    try run.open()
    for page in 10..<30 { try run.put("k\(page)", EngineRun.value(page, 4070)) }
    let (name, content) = try #require(try Self.namedLog(system))
    try #require(content.count == 20 * 4096)
    let disk = system.disk
    run.abandon()
    for missing in 0..<19 {
      let image = SimulatedFileSystem(disk: disk)
      var torn = content
      torn.replaceSubrange(missing * 4096..<(missing + 1) * 4096, with: repeatElement(0, count: 4096))
      try Self.replace(name, with: torn[...], in: image)
      let database = try Database.open("db", options: options, in: image)
      let keys = try database.scan().map { String(decoding: $0.key, as: UTF8.self) }
      #expect(keys == (0..<missing).map { "k\(10 + $0)" })
      try database.close()
    }
  }

  private static func replace(_ name: String, with content: ArraySlice<UInt8>, in system: SimulatedFileSystem) throws {
    let directory = try system.directory(at: "db")
    try directory.remove(name)
    let file = try directory.create(name)
    try content.withUnsafeBytes { try file.append($0) }
    try file.close()
  }

  private static func log(_ system: SimulatedFileSystem) throws -> [UInt8]? { try namedLog(system)?.1 }

  private static func namedLog(_ system: SimulatedFileSystem) throws -> (String, [UInt8])? {
    let names = try system.directory(at: "db").entries().map(\.name).filter { $0.hasSuffix(".log") }.sorted()
    guard let name = names.last, let content = try system.content(of: "db/" + name) else { return nil }
    return (name, content)
  }

  // Museum A14, C12: a table that is gone or cut is noticed when the database is opened, and nothing is changed.
  @Test(arguments: [true, false]) func A14_aMissingTableIsNotAnEmptyOne(isGone: Bool) throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    try run.fill(0..<10)
    try run.flush()
    try run.close()
    let directory = try system.directory(at: "db")
    let name = try #require(try directory.entries().map(\.name).first { $0.hasSuffix(".sst") })
    let content = try #require(try system.content(of: "db/" + name))
    if isGone {
      try directory.remove(name)
    } else {
      try Self.replace(name, with: content.dropLast(), in: system)
    }
    let before = try directory.entries().map(\.name).sorted()
    #expect(throws: DatabaseError.self) { try Database.open("db", options: Self.options, in: system) }
    #expect(try directory.entries().map(\.name).sorted() == before)
  }

  // Museum K9: a clock that jumps backwards decides about nothing.
  @Test func K9_clocksDecideAboutNothing() throws {
    let system = SimulatedFileSystem()
    var options = Self.options
    options.time = ManualTime(now: 2_000_000_000)
    let run = EngineRun(system, options)
    try run.open()
    try run.fill(0..<10, syncEvery: 1)
    try run.flush()
    try run.fill(10..<20, syncEvery: 1)
    let disk = system.disk
    run.abandon()
    run.options.time = ManualTime(now: 1)
    try EngineImage(run: run, system: SimulatedFileSystem(disk: disk)).check(isThorough: true)
  }

  // MARK: Scenarios that show one failure each

  // The old MANIFEST goes when CURRENT names the new one for good.
  @Test func A9_theOldManifestOutlivesTheSwitch() throws {
    try EngineCrashTests.crash(.named("MANIFESTs that roll over"))
  }

  @Test func A11_noLaterLogOutlivesAnEarlierOne() throws { try EngineCrashTests.crash(.named("log switches")) }

  @Test func A13_tablesAreThereWhenTheManifestNamesThem() throws { try EngineCrashTests.crash(.named("flushes")) }

  @Test func A16_tablesAreNotAheadOfLogs() throws { try EngineCrashTests.crash(.named("one family is flushed")) }

  @Test func B1_B2_B3_recoveriesAreCutShort() throws {
    try EngineCrashTests.crashTwice(.named("logs that were not flushed"))
  }

  @Test func B4_logsThatOtherFamiliesNeedStay() throws {
    try EngineCrashTests.crash(.named("batches over families"))
  }

  @Test func B9_aTornLogIsNoDamage() throws { try EngineCrashTests.crash(.named("a log that ends half way")) }

  // MARK: Errors

  // A flush took no notice of a sync that failed, and removed the log.
  @Test(arguments: [Fault.losesPending(EIO), .revertsPending(EIO)])
  func A5_aTableThatIsNotSyncedIsNone(fault: Fault) throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    try run.fill(0..<6, syncEvery: 1)
    system.faults = .all([.syncFile], named: { $0.hasSuffix(".sst") }, fault)
    #expect(throws: DatabaseError.self) { try run.live.flush() }
    system.faults = .none
    let disk = system.disk
    run.abandon()
    for (_, image) in Self.images(disk) {
      try EngineImage(run: run, system: SimulatedFileSystem(disk: image)).check(isThorough: true)
    }
  }

  // What somebody else cleans up after a failure is not what is being written: a collection in the midst of a flush.
  @Test func C4_whatIsBeingWrittenIsNoGarbage() throws {
    let time = ManualTime(step: 0.01)
    var options = Self.options
    options.time = time
    options.writeBytesPerSecond = 1e6
    let run = EngineRun(SimulatedFileSystem(), options)
    try run.open()
    try run.fill(0..<6, syncEvery: 1)
    let engine = run.live.engine
    for look in 1...20 { time.atLook(look) { engine.collectGarbage() } }
    let looks = time.looks
    try run.flush()
    #expect(time.looks > looks)
    try run.requireVisible()
    try run.close()
    // The clock has an engine that is gone.
    run.options = Self.options
    try EngineImage(run: run, system: run.system).check(isThorough: true)
  }

  // After an error of the log one family was saved, and the log given up that held the others.
  @Test func C7_everyFamilyIsSavedWhenWritingIsTakenUp() throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    let other = try run.createFamily("other")
    try run.put("one", "1", sync: true)
    try run.put("two", "2", family: other, sync: true)
    system.faults = .all([.syncFile], named: { $0.hasSuffix(".log") }, .losesPending(EIO))
    #expect(throws: DatabaseError.self) { try run.put("failed", "x", sync: true) }
    system.faults = .none
    try run.live.resume()
    run.settle()
    try Self.crash(system) { database in
      try Self.require(database, "one", "1")
      try Self.require(database, "two", "2", family: "other")
    }
    run.abandon()
  }

  // A batch for which the disk has no room is not there, and what comes later is not in its way.
  @Test func C16_aBatchLargerThanTheDisk() throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    try run.createFamily("idle")
    try run.put("before", "1", sync: true)
    try run.flush()
    system.faults = .all([.append], named: { $0.hasSuffix(".log") }, .partialWrite(ENOSPC))
    for _ in 0..<2 {
      #expect(throws: DatabaseError.self) { try run.put("large", EngineRun.value(1, 100_000)) }
    }
    system.faults = .none
    try run.live.resume()
    run.settle()
    try run.put("after", "2", sync: true)
    let disk = system.disk
    run.abandon()
    for (_, image) in Self.images(disk) {
      let database = try Database.open("db", options: Self.options, in: SimulatedFileSystem(disk: image))
      try Self.require(database, "before", "1")
      try Self.require(database, "large", nil)
      try Self.require(database, "after", "2")
      try database.close()
    }
  }

  // MARK: Logs

  // Two logs count, because one family still needs the first. Where that one is cut, the second must not be replayed
  // over the gap.
  @Test func B12_noLogIsReplayedOverAGap() throws {
    let system = SimulatedFileSystem()
    let run = EngineRun(system, Self.options)
    try run.open()
    let idle = try run.createFamily("idle")
    let (first, start) = try #require(try Self.namedLog(system))
    try run.put("rare", EngineRun.value(1, 200), family: idle, sync: true)
    try run.put("a", EngineRun.value(2, 200), family: idle, sync: true)
    try run.put("b", "flushed", sync: true)
    try run.live.flush(run.live.family(named: "default"))
    try run.put("c", "after", sync: true)
    let content = try #require(try system.content(of: "db/" + first))
    #expect(try Self.namedLog(system)?.0 != first)
    let disk = system.disk
    run.abandon()
    var refused = 0
    for cut in stride(from: start.count + 10, to: content.count, by: 13) {
      let image = SimulatedFileSystem(disk: disk)
      let directory = try image.directory(at: "db")
      try directory.remove(first)
      let file = try directory.create(first)
      try content[..<cut].withUnsafeBytes { try file.append($0) }
      try file.close()
      let database: Database
      do throws(DatabaseError) { database = try Database.open("db", options: Self.options, in: image) } catch {
        refused += 1
        continue
      }
      try run.require(EngineRun.contents(of: database), atLeast: 0)
      try database.close()
    }
    #expect(refused > 10)
  }
}
