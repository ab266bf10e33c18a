import SofaTesting
import Synchronization

@testable import SofaDB

/// What eight threads do to one database at once, and whether what they saw can have happened.
///
/// 1. Each thread writes batches, numbered from 1, over both column families: all their keys must say the same number
///    at any moment, that of the last batch or a later one, and a row for each batch up to it must be there.
/// 2. Some keys are shared by all, and read, written and deleted one by one: `RegisterLog` says whether that can be.
/// 3. Transactions add to a counter, and keep a rule between two keys that each of them alone would break; merge
///    operands make a sum of which none may be lost.
/// 4. Each thread has a span of keys, which it deletes as a range and writes anew in one batch.
/// 5. Meanwhile memtables are flushed, tables merged, linked and ingested, families made and dropped, snapshots held,
///    and in some histories the database is closed under everybody.
///
/// The threads share nothing of their own that would order them: times come from the clock, and fences, which
/// ThreadSanitizer does not take for an order, keep the processor from moving a call past its times.
final class History: Sendable {
  static let threads = 8
  static let registers = 8

  let database: Database
  let second: LiveFamily
  let fileSystem: any FileSystem
  let path: String
  let seed: UInt64
  let steps: Int
  let closesEarly: Bool
  /// Of each thread's batches: the last that was begun, and the last that was acknowledged.
  let begun: [Number]
  let done: [Number]
  private let failures = Monitor<[String]>([])

  final class Number: Sendable {
    let value = Atomic<Int>(0)
    var now: Int {
      defer { atomicMemoryFence(ordering: .sequentiallyConsistent) }
      return value.load(ordering: .relaxed)
    }
    func set(_ number: Int) {
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      value.store(number, ordering: .relaxed)
    }
  }

  init(seed: UInt64, steps: Int = 40, path: String, in fileSystem: any FileSystem) throws {
    self.seed = seed
    self.steps = steps
    self.path = path
    self.fileSystem = fileSystem
    closesEarly = seed % 5 == 4
    database = try Database.open(
      path, options: History.options(seed), families: ["second": History.family(seed)], in: fileSystem)
    guard let second = database.family(named: "second") else { throw DatabaseError(.invalid, "no second family") }
    self.second = second
    begun = (0..<History.threads).map { _ in Number() }
    done = (0..<History.threads).map { _ in Number() }
  }

  /// Of all histories.
  static let flushes = Atomic<Int>(0)

  /// Small enough that everything happens all the time.
  static func options(_ seed: UInt64) -> DatabaseOptions {
    var options = DatabaseOptions()
    options.createsMissingFamilies = true
    options.familyDefaults = family(seed)
    options.backgroundThreads = [2, 1, 3, 0, 2, 4][Int(seed % 6)]
    options.blockCacheBytes = [0, 16 << 10][Int(seed / 2 % 2)]
    options.maxOpenTables = 16
    options.maxLogBytes = seed % 3 == 0 ? 8 << 10 : nil
    options.manifestBytes = seed % 4 == 0 ? 2 << 10 : 64 << 20
    options.verifiesOutputs = seed % 4 == 1
    options.logSyncInterval = seed % 5 == 1 ? 0.002 : nil
    options.writeBytesPerSecond = seed % 7 == 3 ? 16_777_216 : nil
    options.onEvent = { event in if case .flushed = event { flushes.wrappingAdd(1, ordering: .relaxed) } }
    return options
  }

  private static func family(_ seed: UInt64) -> FamilyOptions {
    var family = FamilyOptions()
    family.writeBufferBytes = [4 << 10, 8 << 10, 32 << 10][Int(seed % 3)]
    family.maxWriteBuffers = [2, 4][Int(seed / 3 % 2)]
    family.level0SlowdownTrigger = 4
    family.level0StopTrigger = 8
    family.compaction.style = seed % 7 == 0 ? .universal : .leveled
    family.compaction.level0Trigger = 2
    family.compaction.baseLevelBytes = 16 << 10
    family.compaction.levelMultiplier = 4
    family.compaction.targetFileSize = 4 << 10
    family.compression = seed % 4 == 2 ? .zstd : .lz4
    family.bottomCompression = family.compression
    family.mergeOperator = .uint64Add
    family.tables.blockSize = 256
    family.tables.indexType = seed % 3 == 1 ? .twoLevel : .binarySearch
    family.tables.partitionSize = 128
    family.tables.prefixLength = seed % 2 == 0 ? 4 : nil
    family.tables.hashesDataBlocks = seed % 5 < 2
    return family
  }

  // MARK: Course

  /// What did not hold; empty when all did.
  func run() -> [String] {
    let logs = Monitor<[RegisterLog]>([])
    let counted = Monitor<(additions: Int, sum: Int)>((0, 0))
    Workers.run(History.threads) { [self] index in
      var actor = Actor(self, index)
      actor.run()
      logs.change { [log = actor.log] in $0.append(log) }
      counted.change { [added = actor.added, merged = actor.merged] in
        $0.additions += added
        $0.sum += merged
      }
    }
    var log = RegisterLog()
    for part in logs.change({ $0 }) { log.add(part) }
    do {
      try database.close()
      try finish(&log, counted: counted.change { $0 })
    } catch {
      fail("the end: \(error)")
    }
    for key in log.impossibleKeys { fail("calls on \(key) cannot be ordered") }
    return failures.change { $0 }
  }

  /// Opens it once more: all is there.
  private func finish(_ log: inout RegisterLog, counted: (additions: Int, sum: Int)) throws {
    let again = try Database.open(path, options: History.options(seed), in: fileSystem)
    guard let second = again.family(named: "second") else { return fail("the second family is gone") }
    let observer = Observer(self, again, second)
    try observer.checkSnapshot()
    for isBackward in [false, true] { try observer.checkCursor(isBackward: isBackward) }
    for key in 0..<History.registers {
      let start = History.time
      let value = try again.get(History.register(key))
      log.add(History.register(key), .read(value), from: start, to: History.time)
    }
    let count = try again.get(History.counter).map(History.number) ?? 0
    if count != counted.additions { fail("the counter says \(count) after \(counted.additions) additions") }
    let sum = try again.get(History.sum).map(History.number) ?? 0
    if sum != counted.sum { fail("operands of \(counted.sum) in all make \(sum)") }
    try again.waitForBackgroundWork()
    let tables = try fileSystem.directory(at: path).entries().filter { DatabaseFile(name: $0.name).isTableName }.count
    let listed = again.statistics.tablesByLevel.reduce(0, +)
    if tables != listed { fail("\(tables) tables on disk, \(listed) in use") }
    try again.close()
  }

  func fail(_ message: String) { failures.change { $0.append("seed \(seed): \(message)") } }

  // MARK: Keys and values

  static let counter = Array("counter".utf8)
  static let sum = Array("sum".utf8)
  static let left = Array("pair/left".utf8)
  static let right = Array("pair/right".utf8)

  static func register(_ index: Int) -> [UInt8] { Array("register/\(index)".utf8) }
  /// One of the keys that all batches of a thread write.
  static func mark(_ thread: Int, _ index: Int) -> [UInt8] { Array("mark/\(thread)/\(index)".utf8) }
  static let marks = 3
  static func rows(_ thread: Int) -> [UInt8] { Array("row/\(thread)/".utf8) }
  static func row(_ thread: Int, _ number: Int) -> [UInt8] {
    let digits = String(number)
    return rows(thread) + Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits).utf8)
  }
  static func span(_ thread: Int) -> [UInt8] { Array("span/\(thread)/".utf8) }
  /// One of the keys of a span after it was written `number` times, which come in no order of those numbers.
  static func spanned(_ thread: Int, _ number: Int, _ index: Int) -> [UInt8] {
    span(thread) + Array("\(number * 7919 % 1000)/\(index)".utf8)
  }
  /// Behind all keys that begin with `prefix`, whose last byte is a slash.
  static func end(_ prefix: [UInt8]) -> [UInt8] { prefix.dropLast() + [UInt8(ascii: "0")] }
  /// All tables that one thread ingests write these.
  static func ingested(_ index: Int) -> [UInt8] { Array("ingested/\(index)".utf8) }

  /// A number and something that takes room.
  static func value(_ number: Int, padding: Int = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt64(number).littleEndian) { [UInt8]($0) } + [UInt8](repeating: 7, count: padding)
  }

  static func number(_ value: [UInt8]) -> Int {
    value.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  static var time: UInt64 {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    defer { atomicMemoryFence(ordering: .sequentiallyConsistent) }
    return UInt64(MonotonicClock.seconds * 1e9)
  }
}
