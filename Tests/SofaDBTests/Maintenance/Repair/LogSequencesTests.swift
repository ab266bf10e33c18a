import SofaTesting
import Testing

@testable import SofaDB

/// What a repair says of writes that logs lost: their sequence numbers, also where nothing is torn.
@Suite struct LogSequencesTests {
  /// Logs 4, 10 and 12 hold 1...80, 81...160 and 161...180, one write a record; one family has all of it in logs only.
  static let threeLogs = "r783-cfwals"

  /// Where the records of a log end, with the last sequence number up to there.
  static func ends(_ database: BrokenDatabase, _ log: UInt64) throws -> [(offset: Int, sequence: SequenceNumber)] {
    let file = try database.directory.open(DatabaseFile.log(log).name)
    let reader = LogReader(file: file, number: log)
    var ends: [(Int, SequenceNumber)] = []
    while let item = try reader.next() {
      guard case .record(let record) = item else { continue }
      ends.append((Int(record.end), try WriteBatchReader(record.bytes).nextSequence - 1))
    }
    return ends
  }

  /// The database with a log cut to `length` bytes of it, as told its records' ends.
  static func cut(
    _ fixture: String, _ log: UInt64, to length: ([(offset: Int, sequence: SequenceNumber)]) -> Int
  ) throws -> BrokenDatabase {
    let database = try BrokenDatabase(try FixtureDatabase(fixture).path)
    let name = DatabaseFile.log(log).name
    try database.replace(name, Array(try database.bytes(name).prefix(length(try ends(database, log)))))
    return database
  }

  static func range(_ loss: RepairLoss?) -> [SequenceNumber?] { [loss?.firstSequence, loss?.lastSequence] }

  // MARK: Nothing is torn

  @Test(arguments: [(UInt64(4), SequenceNumber(80)), (10, 160)])
  func aLogCutBetweenRecordsLeavesAGap(log: UInt64, last: SequenceNumber) throws {
    let database = try Self.cut(Self.threeLogs, log) { $0[30].offset }
    let kept = try #require(try Self.ends(database, log).last).sequence
    let plan = try database.plan()
    #expect(plan.losses.count == 1 && plan.isNothing, "\(plan.losses.map(\.line))")
    #expect(plan.losses.first?.file == DatabaseFile.log(log).name && plan.losses.first?.mayResurface == true)
    #expect(Self.range(plan.losses.first) == [kept + 1, last] && plan.losses.first?.count == last - kept)
  }

  @Test func aLogThatIsGoneLeavesAGap() throws {
    let database = try BrokenDatabase(try FixtureDatabase(Self.threeLogs).path)
    try database.directory.remove(DatabaseFile.log(10).name)
    let plan = try database.plan()
    #expect(plan.losses.map(Self.range) == [[81, 160]] && plan.isNothing, "\(plan.losses.map(\.line))")
  }

  /// Of writes behind the last that the MANIFEST knows nothing tells that they were there.
  @Test func theEndOfTheNewestLogCannotBeKnown() throws {
    let database = try Self.cut(Self.threeLogs, 12) { $0[3].offset }
    let plan = try database.plan()
    #expect(plan.isNothing && plan.losses.isEmpty, "\(plan.losses.map(\.line))")
  }

  @Test func whatTheManifestKnowsIsMissed() throws {
    let database = try Self.cut(Self.threeLogs, 10) { $0[30].offset }
    let kept = try #require(try Self.ends(database, 10).last).sequence
    try database.directory.remove(DatabaseFile.log(12).name)
    let plan = try database.plan()
    #expect(plan.losses.map(Self.range) == [[kept + 1, database.version.lastSequence]], "\(plan.losses.map(\.line))")
  }

  /// RocksDB refuses to open these: the MANIFEST, or the next log, says how long the log was.
  @Test(arguments: ["r783-trackwal", "r1075-trackwal"])
  func aLogShorterThanItIsRememberedIsReplaced(fixture: String) throws {
    let database = try Self.cut(fixture, 4) { $0[30].offset }
    let kept = try #require(try Self.ends(database, 4).last)
    let report = try database.repair()
    #expect(report.plan.losses.map(Self.range) == [[kept.sequence + 1, 80]], "\(report.plan.losses.map(\.line))")
    #expect(
      report.plan.losses.first?.offset == UInt64(kept.offset) && report.plan.losses.first?.count == 80 - kept.sequence)
    #expect(report.change != nil && report.findings.allSatisfy { $0.severity < .warning }, "\(report.findings)")
    let plan = try database.plan()
    #expect(plan.isNothing && plan.losses.isEmpty, "\(plan.losses.map(\.line))")
  }

  // MARK: Damage

  /// A bad checksum leaves no length to trust, so the rest of its block goes with it.
  @Test func whatABadRecordTakesIsNamedByNumbers() throws {
    let database = try BrokenDatabase(try FixtureDatabase(Self.threeLogs).path)
    let end = try Self.ends(database, 4)[20]
    try database.change(DatabaseFile.log(4).name) { $0[end.offset + 20] ^= 1 }
    let report = try database.repair()
    #expect(report.plan.losses.map(Self.range) == [[end.sequence + 1, 80]])
    #expect(report.plan.losses.first?.isExact == true && report.plan.losses.first?.count == 80 - end.sequence)
  }

  @Test func aTornOlderLogLosesWhatLiesBeforeTheNextOne() throws {
    let database = try Self.cut(Self.threeLogs, 4) { $0[30].offset + 9 }
    let kept = try #require(try Self.ends(database, 4).last).sequence
    let report = try database.repair()
    #expect(report.plan.losses.map(Self.range) == [[kept + 1, 80]], "\(report.plan.losses.map(\.line))")
    #expect(report.plan.losses.first?.line.contains("sequence numbers \(kept + 1) to 80") == true)
  }

  /// A torn end that the next log continues was never acknowledged, or was written again.
  @Test func aTornEndBeforeTheNextNumberLosesNothing() throws {
    let database = try BrokenDatabase(try FixtureDatabase(Self.threeLogs).path)
    let name = DatabaseFile.log(10).name
    try database.replace(name, try database.bytes(name) + [1, 2, 3])
    let report = try database.repair()
    #expect(report.plan.losses.isEmpty && report.change != nil, "\(report.plan.losses.map(\.line))")
    try database.check(report, "torn end")
  }

  // MARK: Numbers that no log has

  /// Logs from number 4 on, of batches of the sequence numbers given.
  static func logs(_ batches: [[ClosedRange<SequenceNumber>]]) throws -> [LogSalvage] {
    let directory = try SimulatedFileSystem().directory(at: "db")
    return try batches.enumerated().map { index, batches in
      let number = UInt64(index + 4)
      let writer = LogWriter(file: try directory.create(DatabaseFile.log(number).name))
      for sequences in batches {
        var batch = WriteBatch()
        for sequence in sequences { try batch.add(.value, Array("key\(sequence)".utf8), Array("value".utf8)) }
        batch.setSequence(sequences.lowerBound)
        try writer.append(batch.bytes)
      }
      return try LogSalvage(directory, number: number, isNewest: true, plainOnly: false)
    }
  }

  static func missing(
    _ batches: [[ClosedRange<SequenceNumber>]], last: SequenceNumber = 0, ingested: Set<SequenceNumber> = []
  ) throws -> [ClosedRange<SequenceNumber>] {
    let sequences = LogSequences(try logs(batches), first: 0, last: last, ingested: ingested)
    return sequences.unexplained([], knowsBegin: true).map { ($0.firstSequence ?? 0)...($0.lastSequence ?? 0) }
  }

  @Test func whatFollowsLacksNothing() throws {
    #expect(try Self.missing([[1...3, 4...9], [10...10]], last: 10) == [])
    #expect(try Self.missing([[], []], last: 10) == [])
    #expect(try Self.missing([[5...9], [], [10...12]], last: 9) == [])
    // Logs whose numbers go back are damage of another kind.
    #expect(try Self.missing([[5...9], [3...12]], last: 12) == [])
  }

  @Test func gapsBetweenLogsAreFound() throws {
    #expect(try Self.missing([[1...3], [], [6...6]]) == [4...5])
    #expect(try Self.missing([[1...3]], last: 7) == [4...7])
    #expect(try Self.missing([[5...6]], last: 2) == [3...4])
  }

  @Test func ingestedTablesTakeNumbers() throws {
    #expect(try Self.missing([[1...3], [5...6]], ingested: [4]) == [])
    #expect(try Self.missing([[1...3], [6...6]], ingested: [4]) == [4...5])
    #expect(try Self.missing([[1...3, 5...6], [8...8]], ingested: [4, 99]) == [7...7])
  }

  /// A program that writes past the logs leaves gaps everywhere.
  @Test func gapsInsideASoundLogMakeOthersProveNothing() throws {
    #expect(try Self.missing([[1...3, 6...7], [10...12]], last: 20) == [])
  }

  @Test func numbersAtTheEndOfTheirRangeAreNoTrouble() throws {
    let end = SequenceNumber.maximum
    #expect(try Self.missing([[1...3]], last: .max) == [4...end])
    #expect(try Self.missing([[(end - 1)...(end - 1)]], last: .max) == [end...end])
    #expect(try Self.missing([[0...2], [5...9]]) == [3...4])
  }
}
