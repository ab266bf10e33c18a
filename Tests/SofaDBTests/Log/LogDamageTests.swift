/// Damaged logs in every recovery mode: what is given back is what was written, and what is missing is reported.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LogDamageTests {
  struct Outcome {
    var records: [[UInt8]] = []
    var events: [LogEvent] = []
    var isClean = false
    /// Records before anything that stops a replay.
    var sound: [[UInt8]] = []
  }

  static func read(_ content: [UInt8], number: UInt64 = 7, mode: RecoveryMode) throws -> Outcome {
    let reader = LogReader(file: MemoryFile(content), number: number, mode: mode)
    var outcome = Outcome()
    var hasStopped = false
    var steps = 0
    while let item = try reader.next() {
      steps += 1
      try #require(steps <= content.count + 2)
      switch item {
      case .record(let record):
        outcome.records.append([UInt8](record.bytes))
        if !hasStopped { outcome.sound.append([UInt8](record.bytes)) }
      case .event(let event):
        outcome.events.append(event)
        if event.stopsReplay || event.endsLog { hasStopped = true }
      }
    }
    outcome.isClean = reader.isClean
    return outcome
  }

  static func isSubsequence(_ part: [[UInt8]], of whole: [[UInt8]]) -> Bool {
    var rest = whole[...]
    for record in part {
      guard let index = rest.firstIndex(of: record) else { return false }
      rest = rest[(index + 1)...]
    }
    return true
  }

  static let records: [[UInt8]] = [20, 0, 33, 90, 1, 64].enumerated().map { number, length in
    Vectors.pattern(length).map { $0 &+ UInt8(number) }
  }

  /// A plain and a recyclable log of several small records, and one of a record over three blocks.
  static func logs() throws -> [(name: String, bytes: [UInt8], records: [[UInt8]], bits: [Int])] {
    let plain = try LogVectorTests.write(records)
    let recyclable = try LogVectorTests.write(records, recyclableNumber: 7)
    let large = [[1, 2, 3], Vectors.pattern(70_000), [4, 5]]
    let fragmented = try LogVectorTests.write(large)
    // Every bit of the headers, and some of the contents.
    var bits: [Int] = []
    for (place, length) in [(0, 22), (20_000, 1), (32_768, 12), (40_000, 1), (65_536, 12), (70_000, fragmented.count)] {
      bits += Array((place * 8)..<min((place + length) * 8, fragmented.count * 8))
    }
    return [
      ("plain", plain, records, Array(0..<(plain.count * 8))),
      ("recyclable", recyclable, records, Array(0..<(recyclable.count * 8))),
      ("fragmented", fragmented, large, bits),
    ]
  }

  // Museum B13, B17: no gluing, no endless loop, nothing unnoticed.
  @Test(arguments: RecoveryMode.allCases) func B13_everyFlipIsNoticed(mode: RecoveryMode) throws {
    for log in try LogDamageTests.logs() {
      for bit in log.bits {
        var damaged = log.bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        let outcome = try LogDamageTests.read(damaged, mode: mode)
        let place = "\(log.name), bit \(bit)"
        #expect(!outcome.events.isEmpty && !outcome.isClean, "\(place)")
        #expect(LogDamageTests.isSubsequence(outcome.records, of: log.records), "\(place)")
        if mode != .skipAnyCorrupted {
          #expect(log.records.starts(with: outcome.sound), "\(place)")
          #expect(outcome.sound.count < log.records.count, "\(place)")
        }
      }
    }
  }

  // Museum B14: what a crash left where nothing was synced is no record, even if its length fits.
  @Test(arguments: RecoveryMode.allCases) func B14_garbageIsNoRecord(mode: RecoveryMode) throws {
    var log = try LogVectorTests.write([[1, 2, 3], [4, 5, 6]])
    for byte in 1...3 { log[log.count - byte] = 0xA5 }
    let outcome = try LogDamageTests.read(log, mode: mode)
    #expect(outcome.records == [[1, 2, 3]] && outcome.events.count == 1)
  }

  @Test(arguments: RecoveryMode.allCases) func everyCutGivesAPrefix(mode: RecoveryMode) throws {
    for log in try LogDamageTests.logs().prefix(2) {
      var ends = [0]
      let header = log.name == "plain" ? 7 : 11
      for record in log.records { ends.append(ends.last! + header + record.count) }
      for length in 0...log.bytes.count {
        let outcome = try LogDamageTests.read(Array(log.bytes[..<length]), mode: mode)
        let whole = ends.lastIndex { $0 <= length }!
        #expect(outcome.records == Array(log.records[..<whole]))
        let isCut = !ends.contains(length)
        #expect(outcome.isClean != isCut && outcome.events.count == (isCut ? 1 : 0))
        if isCut {
          #expect(outcome.events[0].isReported == mode.reportsTornTail)
          #expect(outcome.events[0].offset == UInt64(ends[whole]) && !outcome.events[0].hidesRecord)
        }
      }
    }
  }

  @Test func zerosAtTheEndArePadding() throws {
    for log in try LogDamageTests.logs() {
      for length in [7, 500, 40_000] {
        for mode in RecoveryMode.allCases {
          let outcome = try LogDamageTests.read(log.bytes + [UInt8](repeating: 0, count: length), mode: mode)
          #expect(outcome.records == log.records)
          #expect(outcome.events.map(\.cause) == [.zeroPadding] && !outcome.events[0].isReported)
        }
      }
    }
  }

  // Museum B5: plain records behind recyclable ones are from before the file was reused.
  @Test func B5_staleTailsOfRecycledLogsAreNotReplayed() throws {
    let new = try LogVectorTests.write([[1, 2], [3]], recyclableNumber: 9)
    let olds = [
      try LogVectorTests.write([[8, 8], [9], [9, 9]], recyclableNumber: 8),
      try LogVectorTests.write([[8, 8], [9], [9, 9]]),
    ]
    for old in olds {
      for start in 0..<old.count {
        for mode in RecoveryMode.allCases {
          let outcome = try LogDamageTests.read(new + old[start...], number: 9, mode: mode)
          #expect(outcome.records == [[1, 2], [3]])
          #expect(!outcome.events.isEmpty)
        }
      }
    }
    let reused = try LogDamageTests.read(olds[0], number: 9, mode: .pointInTime)
    try #require(reused.records.isEmpty && reused.events.map(\.cause) == [.oldRecord(intact: true)])
    #expect(reused.events[0].endsLog && !reused.events[0].isReported && !reused.events[0].stopsReplay)
    let used = try LogDamageTests.read(new + olds[0], number: 9, mode: .pointInTime)
    #expect(used.events.count == 1 && used.events[0].stopsReplay && !used.events[0].isReported)
    // One bit makes a plain record look like an old one.
    var flipped = try LogVectorTests.write([[8, 8], [9]])
    flipped[6] ^= 4
    let torn = try LogDamageTests.read(flipped, number: 9, mode: .pointInTime)
    #expect(torn.records.isEmpty && torn.events[0].stopsReplay)
    // Mode 3 looks behind old records.
    let skipping = try LogDamageTests.read(olds[0] + new, number: 9, mode: .skipAnyCorrupted)
    #expect(skipping.records == [[1, 2], [3]] && skipping.events.count == 3)
  }

  @Test func recyclableRecordsInAPlainLogAreDamage() throws {
    let mixed = try LogVectorTests.write([[1]]) + LogVectorTests.write([[2], [3]], recyclableNumber: 7)
    for mode in RecoveryMode.allCases {
      let outcome = try LogDamageTests.read(mixed, mode: mode)
      #expect(outcome.records == [[1]])
      #expect(outcome.events.map(\.cause) == [.mixedTypes] && outcome.events[0].isReported)
    }
  }

  // Museum B17: the table of events by mode, as far as the cases above do not show it.
  @Test func B17_fragmentsOutOfPlaceAreReported() throws {
    let parts = ["first": UInt8(2), "middle": 3, "last": 4, "full": 1]
    func log(_ names: [String]) -> [UInt8] {
      names.enumerated().flatMap { number, name in
        LogDamageTests.fragment(parts[name] ?? 77, [UInt8](repeating: UInt8(number), count: 3))
      }
    }
    let cases: [([String], [LogEvent.Cause], Int)] = [
      (["full", "last"], [.missingStart], 1),
      (["middle", "full"], [.missingStart], 1),
      (["first", "full"], [.missingEnd], 1),
      (["first", "first", "last"], [.missingEnd], 1),
      (["full", "unknown", "full"], [.unknownType(77)], 2),
      (["first", "unknown", "last"], [.unknownType(77), .missingStart], 0),
      (["full", "first", "middle"], [.truncatedRecord], 1),
    ]
    for (names, causes, count) in cases {
      for mode in RecoveryMode.allCases {
        let outcome = try LogDamageTests.read(log(names), mode: mode)
        #expect(outcome.events.map(\.cause) == causes && outcome.records.count == count, "\(names)")
        let isTail = causes == [.truncatedRecord]
        #expect(outcome.events.allSatisfy { $0.isReported == (isTail ? mode.reportsTornTail : true) })
      }
    }
    let broken = try LogDamageTests.read(log(["first", "first", "last"]), mode: .skipAnyCorrupted)
    #expect(broken.records == [[1, 1, 1, 2, 2, 2]])
    // An empty first fragment is what old writers left at the end of a block.
    let empty = try LogDamageTests.read(
      LogDamageTests.fragment(2, []) + LogDamageTests.fragment(1, [5]), mode: .absoluteConsistency)
    #expect(empty.records == [[5]] && empty.events.isEmpty)
    let ignorable = try LogDamageTests.read(
      LogDamageTests.fragment(200, [1]) + LogDamageTests.fragment(1, [5]), mode: .absoluteConsistency)
    #expect(ignorable.records == [[5]] && ignorable.events.map(\.isReported) == [false])
  }

  static func fragment(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    let covered = [type] + payload
    writer.appendFixed32(CRC32C.mask(covered.withUnsafeBytes { CRC32C.checksum($0) }))
    writer.appendFixed16(UInt16(payload.count))
    writer.append(covered)
    return writer.array
  }

  // Museum B10, B11: a failing read is an error, and reading can go on where it stopped.
  @Test func readErrorsAreNoEnd() throws {
    let records = (0..<40).map { number in Vectors.pattern(20_000).map { $0 &+ UInt8(number) } }
    let file = MemoryFile(try LogVectorTests.write(records))
    let reader = LogReader(file: file, number: 7)
    file.failsFrom = 300_000
    var found: [[UInt8]] = []
    var errors = 0
    while true {
      do {
        guard let item = try reader.next() else { break }
        guard case .record(let record) = item else { continue }
        found.append([UInt8](record.bytes))
      } catch {
        errors += 1
        file.failsFrom = nil
      }
    }
    let isWhole = found == records
    #expect(isWhole && errors == 1 && reader.isClean)
  }

  @Test func longRecordsAreCheckedAndNotKept() throws {
    let file = MemoryFile(try LogVectorTests.write([[1], Vectors.pattern(100_000), [2]]))
    let reader = LogReader(file: file, number: 7, residentLimit: 50_000)
    var causes: [LogEvent.Cause] = []
    var records: [[UInt8]] = []
    while let item = try reader.next() {
      switch item {
      case .record(let record): records.append([UInt8](record.bytes))
      case .event(let event):
        causes.append(event.cause)
        #expect(event.length == 100_000 && event.isReported)
      }
    }
    #expect(records == [[1], [2]] && causes == [.recordTooLarge])
  }

  // Museum C1: nothing follows what was perhaps half written.
  @Test func C1_aWriterStaysFailed() throws {
    let file = MemoryFile()
    let writer = LogWriter(file: file)
    try writer.append([1, 2, 3])
    file.failsFrom = 15
    #expect(throws: DatabaseError.self) { try writer.append([4, 5, 6, 7, 8, 9]) }
    file.failsFrom = nil
    #expect(throws: DatabaseError.self) { try writer.append([1]) }
    #expect(throws: DatabaseError.self) { try writer.sync() }
    #expect(file.content.count == 15)
  }

  // Museum B6: a clean log is continued at its length, over block ends too.
  @Test func B6_aCleanLogIsContinued() throws {
    for length in [0] + Array(32_740...32_768) {
      let file = MemoryFile(try LogVectorTests.write([Vectors.pattern(length)]))
      try LogWriter(file: file, continuingAt: file.size).append([7, 7, 7])
      let outcome = try LogDamageTests.read(file.content, mode: .absoluteConsistency)
      #expect(outcome.isClean && outcome.records.last == [7, 7, 7] && outcome.records.count == 2)
    }
  }

  @Test func compressedLogsNoticeDamage() throws {
    let files = try Vectors("log-records")["files"].array
    let vector = try #require(files.first { $0["name"].string == "zstd-compressed" })
    let bytes = vector["file_hex"].hexBytes
    let records = vector["record_lengths"].array.map { Vectors.pattern($0.int) }
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      for mode in [RecoveryMode.pointInTime, .skipAnyCorrupted] {
        let outcome = try LogDamageTests.read(damaged, number: 9, mode: mode)
        #expect(!outcome.events.isEmpty)
        let isPrefix = records.starts(with: outcome.sound)
        #expect(isPrefix || mode == .skipAnyCorrupted)
      }
    }
    let unknown = LogDamageTests.fragment(9, [5, 0, 0, 0]) + LogDamageTests.fragment(1, [1])
    let outcome = try LogDamageTests.read(unknown, mode: .skipAnyCorrupted)
    #expect(outcome.records.isEmpty && outcome.events.map(\.cause) == [.unsupportedCompression(5)])
    let late = LogDamageTests.fragment(1, [1]) + LogDamageTests.fragment(9, [7, 0, 0, 0])
    #expect(try LogDamageTests.read(late, mode: .pointInTime).events.map(\.cause) == [.badSpecialRecord(9)])
  }
}
