import SofaTesting
import Testing

@testable import SofaDB

/// Loose tables converted into a new directory: all of it or nothing, whatever goes wrong.
@Suite struct ConvertTablesTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  static func small(_ number: Int, _ codec: Compression) -> TableCase {
    var table = TableCase(number)
    table.options.formatVersion = 5
    table.options.compression = codec
    table.options.order = .bytewise
    table.options.trainedDictionarySize = 0
    table.replaceEntries(
      (0..<40).map {
        TableCase.Entry(
          userKey: Array("key \(number * 100 + $0 + 1000)".utf8), sequence: 0, kind: .value,
          value: Array(String(repeating: "value \($0) ", count: 20).utf8))
      })
    return table
  }

  /// Three tables in db/in, one of which is LZ4 already.
  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let tables = try system.directory(at: "db").createDirectory("in")
    for (number, codec) in [(1, Compression.none), (2, .lz4), (3, .zstd)] {
      try small(number, codec).write(to: tables.create("00000\(number).sst"), syncing: true)
    }
    try tables.sync()
    try system.directory(at: "db").sync()
    system.settle()
    return system.disk
  }

  static let target = TranscodeTarget(codec: .lz4)

  @discardableResult
  static func run(
    _ system: SimulatedFileSystem, jobs: Int = 1, _ change: (inout ConvertOptions) -> Void = { _ in }
  ) throws -> ConvertReport {
    let directory = try system.readableDirectory(at: "db/in")
    var options = ConvertOptions(target)
    options.jobs = jobs
    change(&options)
    let tables = try FileTarget.files(in: directory) { $0.isTableName }
    return try ConvertTables(tables, options: options, in: system).run(to: "db/out")
  }

  /// Whether the result is there, and then whole.
  static func check(_ system: SimulatedFileSystem) throws -> Bool {
    guard try system.attributes(at: "db/out") != nil else { return false }
    let before = try system.readableDirectory(at: "db/in")
    let after = try system.readableDirectory(at: "db/out")
    for name in ["000001.sst", "000002.sst", "000003.sst"] {
      let old = try TableFixtureTests.scan(TableReader(before.open(name)))
      let new = try TableReader(after.open(name))
      let entries = try TableFixtureTests.scan(new)
      guard old.map(\.key) == entries.map(\.key), old.map(\.value) == entries.map(\.value) else {
        throw Broken(description: "\(name) has other entries")
      }
      guard try TableTranscoder(new, to: target).isDone() else { throw Broken(description: "\(name) is not LZ4") }
    }
    return true
  }

  static func runAgain(_ system: SimulatedFileSystem) throws {
    try run(system)
    guard try check(system) else { throw Broken(description: "the second run has no result") }
    let names = try system.readableDirectory(at: "db").entries().map(\.name).sorted()
    guard names == ["in", "out"] else { throw Broken(description: "left behind: \(names)") }
  }

  @Test func tablesOfTheCodecAreCopied() throws {
    let system = SimulatedFileSystem(disk: try Self.start())
    let report = try Self.run(system, jobs: 2)
    #expect(report.tables.map(\.action) == [.converted, .unchanged, .converted])
    #expect(try Self.check(system))
    let names = try system.readableDirectory(at: "db/out").entries().map(\.name).sorted()
    #expect(names == ["000001.sst", "000002.sst", "000003.sst"])
    #expect(report.tables[1].sizeBefore == report.tables[1].sizeAfter && report.tables[1].digest == nil)
    #expect(throws: DatabaseError.self) { try Self.run(system) }
  }

  @Test func aCrashLeavesAllOrNothing() throws {
    let report = enumerateCrashes(from: try Self.start()) { system in
      try Self.run(system)
      system.milestone += 1
    } check: { image in
      let isThere = try Self.check(image.fileSystem)
      if image.milestone > 0, !isThere { throw Broken(description: "the result is gone") }
      if !isThere { try Self.runAgain(image.fileSystem) }
    }
    #expect(report.failures.isEmpty && report.distinct > 10, "\(report)")
  }

  @Test func aFaultLeavesAllOrNothing() throws {
    let report = enumerateFaults(from: try Self.start()) { system in
      try Self.run(system)
      system.milestone += 1
    } check: { outcome in
      let isThere = try Self.check(outcome.fileSystem)
      if outcome.error == nil, !isThere { throw Broken(description: "success, and no result") }
      if !isThere { try Self.runAgain(outcome.fileSystem) }
      if outcome.fileSystem.openHandles != 0 { throw Broken(description: "files are left open") }
    }
    #expect(report.failures.isEmpty && report.runs > 50, "\(report)")
  }

  @Test func damageLeavesNothing() throws {
    let system = SimulatedFileSystem(disk: try Self.start())
    let tables = try system.directory(at: "db/in")
    let file = try tables.open("000003.sst")
    let content = try file.readExactly(Int(file.size), at: 0)
    content.memory[20] ^= 1
    let damaged = try tables.create("000004.sst")
    try damaged.append(content.bytes)
    try damaged.close()
    for jobs in 1...3 {
      do {
        try Self.run(system, jobs: jobs)
        Issue.record("a damaged table was converted")
      } catch let error as DatabaseError {
        #expect(error.kind == .corruption && error.file.hasSuffix("000004.sst") && error.offset == 0, "\(error)")
      }
      #expect(try system.readableDirectory(at: "db").entries().map(\.name) == ["in"])
    }
  }

  @Test func cancellingLeavesNothing() throws {
    let system = SimulatedFileSystem(disk: try Self.start())
    for allowed in 0..<6 {
      let asked = Monitor(0)
      do {
        try Self.run(system) { options in
          options.isCancelled = {
            asked.change { count in
              count += 1
              return count > allowed
            }
          }
        }
        Issue.record("it was not cancelled after \(allowed)")
      } catch let error as DatabaseError {
        #expect(error.kind == .cancelled)
      }
      #expect(try system.readableDirectory(at: "db").entries().map(\.name) == ["in"])
    }
  }

  @Test func aPlanWritesNothing() throws {
    let system = SimulatedFileSystem(disk: try Self.start())
    let directory = try system.readableDirectory(at: "db/in")
    let tables = try FileTarget.files(in: directory) { $0.isTableName }
    let report = try ConvertTables(tables, options: ConvertOptions(Self.target), in: system).plan()
    #expect(report.tables.map(\.action) == [.planned, .unchanged, .planned])
    #expect(report.tables.map(\.codec) == ["none", "lz4", "zstd"])
    #expect(!system.operations.contains { $0.isMutation && $0.kind != .closeFile })
  }
}
