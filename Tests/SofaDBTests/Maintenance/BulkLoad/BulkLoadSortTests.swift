import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Whatever the memory, the threads and the way in, the result is that of a sort in memory.
@Suite struct BulkLoadSortTests {
  enum Keys: CaseIterable, Sendable { case random, ascending, descending, equalPrefixes, fewValues, oneBucket }

  static func rows(_ keys: Keys, count: Int) -> [(key: String, value: String)] {
    var random = SeededRandom(seed: 42)
    return (0..<count).map { index in
      let key: String
      switch keys {
      case .random: key = String(UInt64.random(in: 0...UInt64.max, using: &random), radix: 36)
      case .ascending: key = "k\(1_000_000 + index)"
      case .descending: key = "k\(9_000_000 - index)"
      case .equalPrefixes:
        key = "tenant:00000000000000000000:\(UInt32.random(in: 0...UInt32.max, using: &random)):\(index)"
      case .fewValues: key = "\(index % 7):\(index)"
      case .oneBucket: key = "x" + String(repeating: "a", count: index % 90) + "\(index)"
      }
      return (key, String(repeating: "v", count: Int.random(in: 0...40, using: &random)) + "\(index)")
    }
  }

  static func csv(_ rows: [(key: String, value: String)]) -> [UInt8] {
    Array(("k,v\n" + rows.map { "\($0.key),\($0.value)\n" }.joined()).utf8)
  }

  static func expected(_ rows: [(key: String, value: String)]) -> [String] {
    rows.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { "\($0.key)=\($0.value)" }
  }

  @Test(arguments: Keys.allCases)
  func everyMemoryGivesTheSameResult(_ keys: Keys) throws {
    let rows = BulkLoadSortTests.rows(keys, count: 6000)
    let expected = BulkLoadSortTests.expected(rows)
    var digests: Set<String> = []
    for (memory, jobs) in [(1 << 16, 1), (1 << 16, 4), (1 << 17, 2), (1 << 19, 3), (8 << 20, 1), (64 << 20, 2)] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.memory = memory
      load.options.jobs = jobs
      load.options.targetFileSize = 32 << 10
      let report = try load.load(BulkLoadSortTests.csv(rows))
      #expect(try load.entries() == expected, "\(memory) bytes, \(jobs) threads")
      #expect(
        (report.bytesSpilled > 0) == (memory < 8 << 20), "\(memory) bytes, \(jobs) threads: \(report.bytesSpilled)")
      #expect(report.tables.count > 3)
      #expect(try LoadCase.names(load.system) == ["out"])
      #expect(load.system.openHandles == 0 && load.system.unclosedFiles.isEmpty)
      digests.insert(report.digest.hex)
    }
    #expect(digests.count == 1)
  }

  @Test(arguments: Keys.allCases)
  func aPipeGivesTheSameResult(_ keys: Keys) throws {
    let rows = BulkLoadSortTests.rows(keys, count: 3000)
    for (memory, portion) in [(1 << 16, 100), (1 << 18, 4096), (16 << 20, 1 << 20)] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.memory = memory
      load.options.jobs = 2
      _ = try load.run([.stream(PortionedInput(BulkLoadSortTests.csv(rows), portion: portion))])
      #expect(try load.entries() == BulkLoadSortTests.expected(rows))
    }
  }

  @Test func severalInputsAreOne() throws {
    let load = try LoadCase(key: "k", value: "v")
    try LoadCase.write(Array("k,v\nb,1\nd,2\n".utf8), to: "one", in: load.system)
    try LoadCase.write(Array("\u{FEFF}k,v\r\na,3\r\nc,4".utf8), to: "two", in: load.system)
    let inputs: [LoadInput] = [.path("db/one"), .path("db/two")]
    _ = try load.run(inputs + [.stream(PortionedInput(Array("k,v\ne,5\n".utf8), portion: 2))])
    #expect(try load.entries() == ["a=3", "b=1", "c=4", "d=2", "e=5"])
    let again = load.with { $0.output = .tables("db/again") }
    try LoadCase.write(Array("k,w\n".utf8), to: "three", in: load.system)
    #expect(throws: DatabaseError.self) { try again.run(inputs + [.path("db/three")]) }
    try LoadCase.write(Array("k,v\nz,1\n\nb,2\n".utf8), to: "four", in: load.system)
    do {
      _ = try again.run(inputs + [.path("db/four")])
      Issue.record("the key b occurs twice")
    } catch {
      #expect(
        error.file.hasSuffix("four")
          && error.detail == "line 4: the same key as line 2 of db/one; --duplicates first or last keeps one")
    }
  }

  @Test func temporaryFilesGoWhereTheyAreSent() throws {
    let rows = BulkLoadSortTests.rows(.random, count: 3000)
    var load = try LoadCase(key: "k", value: "v")
    load.options.memory = 1 << 16
    load.options.temporaryDirectory = "db/tmp"
    _ = try load.system.directory(at: "db").createDirectory("tmp")
    try load.load(BulkLoadSortTests.csv(rows))
    #expect(load.system.operations.contains { $0.kind == .create && $0.path.hasPrefix("db/tmp/") })
    #expect(try load.system.directory(at: "db/tmp").entries().isEmpty)
    #expect(try load.entries() == BulkLoadSortTests.expected(rows))
  }

  @Test func rowsLargerThanTheChunksAreKept() throws {
    let rows = (0..<40).map { ("k\($0 * 7 % 40)", String(repeating: "x", count: $0 * 700)) }
    for memory in [1 << 16, 1 << 18, 8 << 20] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.memory = memory
      let text = BulkLoadSortTests.csv(rows)
      if memory == 1 << 16 {
        // A quarter of the memory is what one row may take.
        #expect(throws: DatabaseError.self) { try load.load(text) }
        continue
      }
      try load.load(text)
      #expect(try load.entries() == BulkLoadSortTests.expected(rows))
    }
  }

  // MARK: Sorted input

  @Test func sortedInputIsStreamed() throws {
    let rows = BulkLoadSortTests.rows(.ascending, count: 5000)
    for jobs in [1, 4] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.isSorted = true
      load.options.jobs = jobs
      load.options.targetFileSize = 32 << 10
      let report = try load.load(BulkLoadSortTests.csv(rows))
      #expect(try load.entries() == BulkLoadSortTests.expected(rows))
      #expect(report.isBalanced && report.rowsRead == 5000 && report.tables.count > 3)
    }
  }

  @Test func aLargeSortedFileIsReadInRanges() throws {
    var text = "k,v\n"
    let padding = String(repeating: "p", count: 1000)
    for row in 0..<18000 { text += "k\(100_000 + row),\"\(row)\n\(padding)\"\n" }
    var load = try LoadCase(key: "k", value: "#1")
    load.options.isSorted = true
    load.options.jobs = 2
    load.options.memory = 16 << 20
    load.options.table.compression = .lz4
    let report = try load.load(text)
    #expect(report.rowsRead == 18000 && report.tables.count == 2)
    #expect(try load.entries().count == 18000)
    load.output = .tables("db/again")
    let place = try #require(text.range(of: "k117000"))
    text.replaceSubrange(place, with: "k116999")
    #expect(try load.failureKeeping(text) == .corruption)
  }

  @Test func disorderIsAnError() throws {
    var load = try LoadCase(key: "k", value: "v")
    load.options.isSorted = true
    #expect(
      try load.failure("k,v\na,1\nc,2\nb,3\n")?.detail
        == "line 4: the key is smaller than the one before; the input is not sorted")
    #expect(
      try load.failure("k,v\na,1\nb,2\nb,3\n")?.detail
        == "line 4: the same key as line 3; --duplicates first or last keeps one")
    #expect(
      try load.failure("k,v\na,1\nb,2,3\n")?.detail
        == "line 3: the row has 3 fields and not 2; --max-errors and --rejects set bad rows aside")
  }

  /// Over two inputs, sorted or not, with lines counted in each.
  @Test(arguments: [true, false])
  func duplicatesOfTwoFilesNameBoth(isSorted: Bool) throws {
    var load = try LoadCase(key: "k", value: "v")
    load.options.isSorted = isSorted
    try LoadCase.write(Array("k,v\na,1\nb,2\n".utf8), to: "one", in: load.system)
    try LoadCase.write(Array("k,v\nb,3\nc,4\n".utf8), to: "two", in: load.system)
    let finished = load
    let error = #expect(throws: DatabaseError.self) { try finished.run([.path("db/one"), .path("db/two")]) }
    #expect(
      error?.file == "db/two"
        && error?.detail == "line 2: the same key as line 3 of db/one; --duplicates first or last keeps one")
  }

  @Test func sortedDuplicatesFollowThePolicy() throws {
    for (policy, expected) in [(DuplicatePolicy.first, ["a=1", "b=2", "c=5"]), (.last, ["a=1", "b=4", "c=5"])] {
      var load = try LoadCase(key: "k", value: "v")
      load.options.isSorted = true
      load.options.duplicates = policy
      let report = try load.load("k,v\na,1\nb,2\nb,3\nb,4\nc,5\n")
      #expect(try load.entries() == expected)
      #expect(report.duplicates == 2 && report.isBalanced)
    }
  }

  // MARK: Real data

  @Test func airportsAreLoaded() throws {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("csv/airports.csv"))))
    for (memory, jobs) in [(1 << 20, 2), (64 << 20, 2), (1 << 20, 1)] {
      var load = try LoadCase(key: "icao", value: "json(*)")
      load.options.memory = memory
      load.options.jobs = jobs
      load.options.table.compression = .zstd
      load.output = .database("db/out")
      let report = try load.load(file)
      #expect(report.rowsRead == report.rowsWritten && report.rowsRead > 10000)
      let entries = try load.entries()
      #expect(entries.count == Int(report.rowsRead))
      #expect(entries.first?.hasPrefix(#"00AA={"icao":"00AA","iata":"","name":"Aero B Ranch Airport""#) == true)
    }
  }
}
