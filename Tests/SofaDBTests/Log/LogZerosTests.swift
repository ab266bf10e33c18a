/// Logs with zeros behind their records: every crash leaves a log that reads as far as was promised and without a
/// hole, every failure poisons the writer, and RocksDB and LevelDB read such logs whole.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LogZerosTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// Of different lengths, so that records end anywhere in a sector and a block.
  private static func record(_ number: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number * 37 + 1), count: 40 + number * 331 % 2900)
    bytes[0] = UInt8(number)
    return bytes
  }

  /// Numbers of the records that a replay sees.
  private static func replay(
    _ system: SimulatedFileSystem, _ name: String, _ number: UInt64, _ mode: RecoveryMode
  ) throws -> [Int] {
    let directory = try system.directory(at: "db")
    guard try directory.attributes(of: name) != nil else { return [] }
    let reader = LogReader(file: try directory.open(name), number: number, mode: mode)
    var numbers: [Int] = []
    while let item = try reader.next() {
      switch item {
      case .record(let found):
        let number = Int(found.bytes[0])
        guard [UInt8](found.bytes) == record(number) else { throw Broken(description: "record \(number) differs") }
        numbers.append(number)
      case .event(let event):
        if event.stopsReplay { return numbers }
      }
    }
    return numbers
  }

  private static func check(_ image: SimulatedFileSystem, promised: Int, recyclable: Bool) throws {
    let first = try replay(image, "000003.log", 3, .pointInTime)
    let second = try replay(image, "000004.log", 4, .pointInTime)
    let found = first + second
    guard found == Array(0..<found.count) else { throw Broken(description: "a hole: \(first) \(second)") }
    guard found.count >= promised else { throw Broken(description: "\(found.count) of \(promised) records") }
    // What a crash can tear is the last append, which the modes that want no damage may refuse.
    if recyclable {
      let tolerant = try replay(image, "000003.log", 3, .tolerateCorruptedTail)
      guard tolerant == first else { throw Broken(description: "tolerant: \(tolerant), \(first)") }
    }
  }

  /// Records that are each synced, then some that are not, a change of logs as the engine does it, and again.
  private static func write(_ disk: SimulatedFileSystem, recyclable: Bool, burst: Int = 0) throws {
    let directory = try disk.directory(at: "db")
    var next = 0
    for log in UInt64(3)...4 {
      let file = try directory.createLog("00000\(log).log")
      let writer = LogWriter(file: file, recyclableNumber: recyclable ? log : nil)
      do {
        try directory.sync()
        for _ in 0..<9 {
          try writer.append(record(next))
          try writer.sync()
          next += 1
          disk.milestone = next
        }
        for _ in 0..<burst {
          try writer.append(record(next))
          next += 1
        }
        // Museum A11, A12: the old log is durable before a record can be in the new one.
        try writer.sync()
        disk.milestone = next
      } catch {
        try file.close()
        throw error
      }
      try file.close()
    }
  }

  @Test(arguments: [false, true]) func noCrashLosesOrTearsAPromise(recyclable: Bool) throws {
    let report = enumerateCrashes { disk in
      try Self.write(disk, recyclable: recyclable)
    } check: { image in
      try Self.check(image.fileSystem, promised: image.milestone, recyclable: recyclable)
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 200)
  }

  // Appends that are not synced may leave holes within one block, where a reader stops; never zeros before them.
  @Test func aBurstBetweenSyncsLosesNoPromise() throws {
    let report = enumerateCrashes { disk in
      try Self.write(disk, recyclable: false, burst: 4)
    } check: { image in
      let found =
        try Self.replay(image.fileSystem, "000003.log", 3, .pointInTime)
        + Self.replay(image.fileSystem, "000004.log", 4, .pointInTime)
      guard found.starts(with: 0..<image.milestone) else {
        throw Broken(description: "\(found), \(image.milestone) promised")
      }
    }
    #expect(report.failures.isEmpty, "\(report)")
  }

  // Museum A16: without its sync a log that was closed has nothing for certain.
  @Test func theSyncIsNeeded() throws {
    let report = enumerateCrashes { disk in
      let file = try disk.directory(at: "db").createLog("000003.log")
      let writer = LogWriter(file: file)
      try disk.directory(at: "db").sync()
      for number in 0..<4 {
        try writer.append(Self.record(number))
        if number != 3 { try writer.sync() }
        disk.milestone = number + 1
      }
      try file.close()
    } check: { image in
      try Self.check(image.fileSystem, promised: image.milestone, recyclable: false)
    }
    #expect(!report.failures.isEmpty)
  }

  @Test(arguments: [FaultDuration.once, .calls(2), .forEver]) func everyFailurePoisons(duration: FaultDuration) throws {
    let report = enumerateFaults(lasting: duration) { disk in
      try Self.write(disk, recyclable: false, burst: 3)
    } check: { outcome in
      guard outcome.error != nil else { throw Broken(description: "no error") }
      // A system that forgets to tell of an error in time breaks the promise itself.
      let isLate = if case .failsLate = outcome.fault { true } else { false }
      try Self.check(outcome.fileSystem, promised: isLate ? 0 : outcome.milestone, recyclable: false)
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs > 100)
  }

  @Test func nothingFollowsAFailedRecord() throws {
    let system = SimulatedFileSystem()
    let writer = LogWriter(file: try system.directory(at: "db").createLog("000003.log"))
    for number in 0..<5 {
      try writer.append(Self.record(number))
      try writer.sync()
    }
    system.faults = .at(system.operations.count, .partialWrite(28))
    #expect(throws: DatabaseError.self) { try writer.append(Self.record(5)) }
    let calls = system.operations.count
    #expect(throws: DatabaseError.self) { try writer.append(Self.record(6)) }
    #expect(throws: DatabaseError.self) { try writer.sync() }
    #expect(system.operations.count == calls)
    #expect(try Self.replay(system, "000003.log", 3, .pointInTime) == Array(0..<5))
    try writer.file.close()
  }

  // MARK: What the engines say

  /// Writes the records of log `number` into as many logs as there are `parts`, numbered from it, with a sync after
  /// each, and stops as a crash does: no log is closed. Returns where the last record begins and ends.
  private static func rewrite(
    _ path: String, _ number: UInt64, parts: Int = 1, recyclable: Bool = false
  ) throws -> (last: UInt64, end: UInt64) {
    let directory = try PosixFileSystem().directory(at: path)
    let name = DatabaseFile.log(number).name
    var records: [[UInt8]] = []
    let reader = LogReader(file: try directory.open(name), number: number)
    while case .record(let record)? = try reader.next() { records.append([UInt8](record.bytes)) }
    try #require(records.count > 20)
    var place = (last: UInt64(0), end: UInt64(0))
    for part in 0..<parts {
      let log = number + UInt64(part)
      let file = try directory.createLog("open-\(log)")
      let writer = LogWriter(file: file, recyclableNumber: recyclable ? log : nil)
      for record in records[(records.count * part / parts)..<(records.count * (part + 1) / parts)] {
        place.last = file.size
        try writer.append(record)
        try writer.sync()
      }
      place.end = file.size
      let open = try directory.open("open-\(log)")
      #expect(open.size > file.size + 100_000)
      let content = try open.readExactly(Int(open.size), at: 0)
      if part == 0 { try directory.remove(name) }
      let left = try directory.create(DatabaseFile.log(log).name)
      try withExtendedLifetime(content) { try left.append(content.bytes) }
      try left.close()
      try file.close()
      try directory.remove("open-\(log)")
    }
    return place
  }

  private static func logNumber(in path: String) throws -> UInt64 {
    let names = try PosixFileSystem().directory(at: path).entries().map(\.name)
    let numbers = names.compactMap { if case .log(let number) = DatabaseFile(name: $0) { number } else { nil } }
    return try #require(numbers.max())
  }

  private static let operations = (0..<300).map { number in
    "put \(HexText.number(UInt64(number), digits: 8)) \(String(repeating: "5a", count: 1 + number % 230))"
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: [1, 3], [false, true])
  func rocksDBReadsThemInEveryMode(parts: Int, recyclable: Bool) throws {
    let oracle = try #require(RocksOracle.shared)
    let temporary = try TemporaryDirectory()
    let source = temporary.path + "/source"
    try oracle.make(source, Self.operations, ["create=1", "crash=1"])
    let expected = try oracle.families("digest", source)
    #expect(expected.map(\.entries) == [300])
    let number = try Self.logNumber(in: source)
    _ = try Self.rewrite(source, number, parts: parts, recyclable: recyclable)
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: source))
    #expect(view.logs.count == parts && view.families.map(\.logEntryCount) == [300])
    var copies: [String] = []
    for mode in RecoveryMode.allCases {
      copies.append(temporary.path + "/\(mode)")
      try FileManager.default.copyItem(atPath: source, toPath: copies[copies.count - 1])
      #expect(try oracle.families("reopen", copies[copies.count - 1], ["recovery=\(mode.rawValue)"]) == expected)
    }
    try FileManager.default.copyItem(atPath: source, toPath: temporary.path + "/newer")
    if let newer = NewerRocksDB.rocksdict {
      let answers = try newer.judge([temporary.path + "/newer"])
      #expect(answers == [temporary.path + "/newer": "300 \(expected[0].digest)"])
    }
  }

  // What a crash during the last append can leave within the zeros. By default RocksDB stops before it.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: [false, true])
  func rocksDBStopsAtATornRecord(recyclable: Bool) throws {
    let oracle = try #require(RocksOracle.shared)
    let temporary = try TemporaryDirectory()
    let source = temporary.path + "/source"
    try oracle.make(source, Self.operations, ["create=1", "crash=1"])
    let number = try Self.logNumber(in: source)
    let place = try Self.rewrite(source, number, recyclable: recyclable)
    let path = source + "/" + DatabaseFile.log(number).name
    var content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for offset in Int(place.last + place.end) / 2..<Int(place.end) { content[offset] = 0 }
    try Data(content).write(to: URL(fileURLWithPath: path))
    var opened: [RecoveryMode] = []
    for mode in RecoveryMode.allCases {
      let copy = temporary.path + "/\(mode)"
      try FileManager.default.copyItem(atPath: source, toPath: copy)
      let outcome = try oracle.outcome(["reopen", copy, "recovery=\(mode.rawValue)"])
      guard outcome.status == 0 else { continue }
      #expect(try oracle.families("digest", copy).map(\.entries) == [299])
      opened.append(mode)
    }
    #expect(
      opened
        == (recyclable
          ? [.tolerateCorruptedTail, .pointInTime, .skipAnyCorrupted] : [.pointInTime, .skipAnyCorrupted]))
  }

  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)")) func levelDBReadsThem() throws {
    let temporary = try TemporaryDirectory()
    let path = temporary.path + "/level"
    let pairs = (0..<300).map { number in
      (key: Array("key \(1000 + number)".utf8), value: [UInt8](repeating: UInt8(number % 256), count: number))
    }
    try LevelDBOracle.write(path, pairs.map { (key: $0.key, value: $0.value) })
    _ = try Self.rewrite(path, try Self.logNumber(in: path))
    let found = try LevelDBOracle.scan(path)
    #expect(found.map(\.key) == pairs.map(\.key) && found.map(\.value) == pairs.map(\.value))
  }

  // Museum B6: nobody may continue a log that ends in zeros.
  @Test func aLogWithZerosIsNotClean() throws {
    for mode in RecoveryMode.allCases {
      let content = try LogVectorTests.write([Self.record(1)]) + [UInt8](repeating: 0, count: 100_000)
      let read = try LogVectorTests.read(content, mode: mode)
      #expect(read.records == [Self.record(1)])
      #expect(!read.reader.isClean)
      #expect(read.events.allSatisfy { !$0.isReported && !$0.stopsReplay })
    }
  }
}
