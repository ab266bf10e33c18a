/// The scenarios that are crashed and made to fail.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

extension EngineScenario {
  static let all: [EngineScenario] = writing + shaping + families + recovery

  static func named(_ name: String) throws -> EngineScenario { try #require(all.first { $0.name == name }) }

  // MARK: Writing

  private static let writing: [EngineScenario] = [
    EngineScenario("a new database") { _ in },
    EngineScenario("writes that nobody syncs") { run in try run.fill(0..<12) },
    EngineScenario("synced writes") { run in try run.fill(0..<8, syncEvery: 1) },
    EngineScenario("some synced, some not") { run in
      try run.fill(0..<14, syncEvery: 5)
      try run.delete("k0")
      try run.delete("k7", sync: true)
      try run.put("", "the empty key")
    },
    EngineScenario("the log is synced by itself") { run in
      try run.fill(0..<5)
      try run.syncLog()
      try run.fill(5..<8)
      try run.syncLog()
      try run.syncLog()
    },
    EngineScenario("batches") { run in
      for round in 0..<4 {
        try run.write(
          (0..<4).map { (0, .put(Array("b\($0)".utf8), Array("round \(round)".utf8))) } + [
            (0, .delete(Array("b\(round)".utf8)))
          ], sync: round == 2)
      }
      try run.write([])
    },
    EngineScenario("a record of many log blocks") { run in
      try run.put("small", "before")
      try run.put("large", EngineRun.value(1, 70_000), sync: true)
      try run.put("large", EngineRun.value(2, 66_000))
      try run.put("small", "after")
    },
    // Museum B4.
    EngineScenario("a batch larger than a memtable", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { run in
      for round in 0..<2 {
        try run.write((0..<40).map { (0, .put(Array("b\($0)".utf8), Array(EngineRun.value(round, 60).utf8))) })
        try run.put("after", "\(round)", sync: round == 0)
      }
    },
    EngineScenario("deletions of ranges", { $0.familyDefaults.writeBufferBytes = 2 << 10 }) { run in
      try run.fill(0..<12)
      try run.deleteRange("k1", "k3", sync: true)
      try run.flush()
      try run.fill(12..<18)
      try run.deleteRange("k2", "k9")
      try run.put("k5", "back again")
      try run.compact()
    },
    EngineScenario("merges") { run in
      for index in 0..<6 { try run.merge("m\(index % 2)", "op\(index)", sync: index == 3) }
      try run.flush()
      try run.merge("m0", "later")
      try run.delete("m1")
      try run.merge("m1", "anew")
      try run.compact()
    },
    EngineScenario("single deletions") { run in
      for index in 0..<4 { try run.put("s\(index)", "once") }
      try run.singleDelete("s1")
      try run.flush()
      try run.singleDelete("s2")
      try run.flush()
      try run.compact()
    },
    EngineScenario("transactions") { run in
      try run.put("balance", "10", sync: true)
      for round in 0..<4 {
        let transaction = run.live.transaction()
        _ = try transaction.getForUpdate(Array("balance".utf8))
        try transaction.put(Array("balance".utf8), Array("\(round)".utf8))
        try transaction.put(Array("entry\(round)".utf8), Array("booked".utf8))
        try run.commit(
          [
            (0, .put(Array("balance".utf8), Array("\(round)".utf8))),
            (0, .put(Array("entry\(round)".utf8), Array("booked".utf8))),
          ], sync: round.isMultiple(of: 2)
        ) { () throws(DatabaseError) in try transaction.commit(WriteOptions(sync: round.isMultiple(of: 2))) }
      }
    },
    EngineScenario("writes without a log") { run in
      for round in 0..<2 {
        for index in 0..<4 { try run.put("u\(index)", "\(round)", usesLog: false) }
        try run.flush()
      }
      try run.put("u9", "kept by the close", usesLog: false)
    },
  ]

  // MARK: Flushes and compactions

  private static let shaping: [EngineScenario] = [
    EngineScenario("flushes") { run in
      for round in 0..<3 {
        try run.fill(round * 5..<round * 5 + 5)
        try run.flush()
      }
      try run.flush()
    },
    // Museum A11, A16.
    EngineScenario("log switches", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { run in
      try run.fill(0..<50, syncEvery: 17)
    },
    EngineScenario(
      "tiny memtables and tables",
      {
        $0.familyDefaults.writeBufferBytes = 700
        $0.familyDefaults.compaction.targetFileSize = 200
      }
    ) { run in try run.fill(0..<60, keys: 30, bytes: 40) },
    EngineScenario(
      "universal compactions",
      {
        $0.familyDefaults.compaction.style = .universal
        $0.familyDefaults.writeBufferBytes = 700
      }
    ) { run in try run.fill(0..<60, keys: 30, bytes: 40, syncEvery: 25) },
    // Museum E2.
    EngineScenario("compactions by hand") { run in
      try run.fill(0..<10)
      try run.flush()
      for index in 0..<5 { try run.delete("k\(index)") }
      try run.compact()
      try run.fill(10..<14)
      try run.compact()
    },
    // Museum E1: many versions of few keys over small tables, held by a snapshot.
    EngineScenario("versions that a snapshot holds", { $0.familyDefaults.writeBufferBytes = 700 }) { run in
      try run.fill(0..<10, keys: 2, bytes: 60)
      let snapshot = run.live.snapshot()
      try run.fill(10..<30, keys: 2, bytes: 60)
      try run.compact()
      withExtendedLifetime(snapshot) {}
      try run.fill(30..<34, keys: 2)
      try run.flush()
    },
    EngineScenario(
      "MANIFESTs that roll over",
      {
        $0.manifestBytes = 200
        $0.familyDefaults.compaction.level0Trigger = 20
      }
    ) { run in
      for round in 0..<7 {
        try run.put("k\(round)", "v")
        try run.flush()
      }
    },
    EngineScenario(
      "compressed, filtered, partitioned",
      {
        $0.familyDefaults.compression = .lz4
        $0.familyDefaults.bottomCompression = .zstd
        $0.familyDefaults.tables.filterBitsPerKey = 10
        $0.familyDefaults.tables.indexType = .twoLevel
        $0.familyDefaults.tables.partitionSize = 64
        $0.verifiesOutputs = false
      }
    ) { run in
      for round in 0..<3 {
        try run.fill(round * 10..<round * 10 + 10, bytes: 60)
        try run.flush()
      }
      try run.compact()
    },
  ]

  // MARK: Column families

  private static let families: [EngineScenario] = [
    // Museum A2.
    EngineScenario("families come and go") { run in
      let one = try run.createFamily("one")
      try run.put("a", "of one", family: one, sync: true)
      let two = try run.createFamily("two")
      try run.write([(one, .put([1], [1])), (two, .put([2], [2])), (0, .put([0], [0]))])
      try run.dropFamily(one)
      try run.put("a", "of two", family: two, sync: true)
      try run.flush()
      let again = try run.createFamily("one")
      try run.put("a", "of another one", family: again)
    },
    EngineScenario("batches over families", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { run in
      let one = try run.createFamily("one")
      for round in 0..<12 {
        try run.write(
          [
            (0, .put(Array("r\(round)".utf8), Array(EngineRun.value(round, 50).utf8))),
            (one, .put(Array("r\(round)".utf8), Array(EngineRun.value(round, 80).utf8))),
          ], sync: round % 5 == 4)
      }
    },
    EngineScenario(
      "a family that holds on to old logs",
      {
        $0.familyDefaults.writeBufferBytes = 1 << 10
        $0.maxLogBytes = 3 << 10
      }
    ) { run in
      let idle = try run.createFamily("idle")
      try run.put("rare", "write", family: idle)
      try run.fill(0..<70, bytes: 40)
      try run.put("rare", "again", family: idle, sync: true)
    },
    EngineScenario("one family is flushed") { run in
      let one = try run.createFamily("one")
      for round in 0..<2 {
        try run.fill(round * 4..<round * 4 + 4, family: one)
        try run.fill(round * 4..<round * 4 + 4)
        try run.live.flush(run.live.family(named: "one"))
      }
      try run.put("k0", "last", sync: true)
    },
  ]

  // MARK: Recovery

  private static let recovery: [EngineScenario] = [
    EngineScenario("closed and opened again", { $0.familyDefaults.writeBufferBytes = 1 << 10 }) { run in
      for round in 0..<3 {
        try run.fill(round * 9..<round * 9 + 9)
        try run.close()
        try run.open()
      }
    },
    after("logs that were not flushed") { run in
      let one = try run.createFamily("one")
      try run.fill(0..<9, syncEvery: 1)
      try run.fill(0..<4, syncEvery: 1, family: one)
      try run.deleteRange("k3", "k5", sync: true)
      try run.merge("m", "x", sync: true)
    } body: { run in
      try run.put("after", "recovery", sync: true)
      try run.merge("m", "y")
    },
    after("a log that ends half way", cutLog: true) { run in
      try run.fill(0..<9, syncEvery: 1)
    } body: { run in
      // Museum B6.
      try run.put("after", "recovery", sync: true)
      try run.close()
      try run.open()
      try run.put("after", "twice", sync: true)
    },
    EngineScenario("a failed sync, and writing is taken up again") { run in
      let idle = try run.createFamily("idle")
      try run.fill(0..<4, syncEvery: 2)
      run.system.faults = .all([.syncFile], named: { $0.hasSuffix(".log") }, .losesPending(EIO))
      do {
        try run.put("lost", "perhaps", sync: true)
        throw EngineRun.Broken("the sync did not fail")
      } catch is DatabaseError {
        run.system.faults = .none
      }
      try run.live.resume()
      run.settle()
      try run.put("k1", "after", sync: true)
      try run.put("k2", "in the other", family: idle, sync: true)
      try run.fill(4..<8)
    },
    EngineScenario("a full disk, and writing is taken up again") { run in
      try run.fill(0..<4)
      run.system.faults = .diskFull(from: 0)
      do {
        try run.flush()
        throw EngineRun.Broken("the flush did not fail")
      } catch is DatabaseError {
        do { try run.live.resume() } catch is DatabaseError { run.system.faults = .none }
      }
      try run.live.resume()
      run.settle()
      try run.fill(4..<8, syncEvery: 2)
      try run.flush()
    },
    engine("l123-levels"), engine("l123-wal"), engine("r783-levels"), engine("r783-wal"),
  ]

  /// A database of another engine is opened, written and compacted.
  private static func engine(_ fixture: String) -> EngineScenario {
    var scenario = EngineScenario("taken over from \(fixture)") { run in
      try run.put("zz", "ours", sync: true)
      try run.delete("zz")
      try run.flush()
    }
    scenario.options.familyDefaults.compaction = CompactionOptions()
    scenario.options.familyDefaults.tables.blockSize = 4096
    let options = scenario.options
    scenario.start = {
      let system = try SimulatedFileSystem.importing(FixtureDatabase(fixture).path)
      let disk = system.disk
      let database = try Database.open("db", options: options, in: system)
      let base = try EngineRun.contents(of: database)
      try database.close()
      return (disk, base)
    }
    return scenario
  }

  /// A scenario on what a process that was killed has left.
  private static func after(
    _ name: String, cutLog: Bool = false, before: @escaping @Sendable (EngineRun) throws -> Void,
    body: @escaping @Sendable (EngineRun) throws -> Void
  ) -> EngineScenario {
    var scenario = EngineScenario(name, body: body)
    let options = scenario.options
    scenario.start = {
      let system = SimulatedFileSystem()
      let run = EngineRun(system, options)
      try run.open()
      try before(run)
      if cutLog {
        // Half a record more than what was synced.
        system.faults = .all([.append], named: { $0.hasSuffix(".log") }, .partialWrite(EIO))
        do { try run.put("half", "a record") } catch is DatabaseError { system.faults = .none }
      }
      system.settle()
      let disk = system.disk
      var base = run.base
      for commit in run.commits where !commit.isMaybe { EngineRun.apply(commit, to: &base) }
      for id in run.families.last ?? [] where base[id] == nil { base[id] = [:] }
      run.abandon()
      return (disk, base)
    }
    return scenario
  }
}
