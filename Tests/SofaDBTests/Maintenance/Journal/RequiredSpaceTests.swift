/// Commands that would run out of space say so before they write anything, and begin when there is just enough.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct RequiredSpaceTests {
  private static func files(_ system: SimulatedFileSystem) throws -> JournalTests.Files {
    var files = try JournalTests.files(system.readableDirectory(at: "db"))
    files[DatabaseFile.lock.name] = nil
    return files
  }

  private static func system(_ fixture: String) throws -> SimulatedFileSystem {
    try SimulatedFileSystem.importing(FixtureDatabase(fixture).path)
  }

  /// One byte too few refuses `work` and leaves everything as it was; as many as it `needs` let it through.
  private static func check(
    _ system: SimulatedFileSystem, needs bytes: UInt64, sourceLocation: SourceLocation = #_sourceLocation,
    work: () throws -> Void
  ) throws {
    #expect(bytes > 1000, sourceLocation: sourceLocation)
    let before = try files(system)
    system.freeBytes = bytes - 1
    #expect(sourceLocation: sourceLocation) {
      try work()
    } throws: { error in
      guard let error = error as? DatabaseError, error.kind == .noSpace else { return false }
      return error.detail.contains("up to \(bytes) bytes") && error.detail.contains("\(bytes - 1) are free")
    }
    #expect(try files(system) == before, sourceLocation: sourceLocation)
    system.freeBytes = bytes
    try work()
    #expect(try files(system) != before, sourceLocation: sourceLocation)
  }

  @Test(arguments: [Compression.zlib, .none])
  func ofAConversion(_ codec: Compression) throws {
    let system = try Self.system("r1075-levels")
    let convert = ConvertDatabase("db", options: ConvertOptions(TranscodeTarget(codec: codec)), in: system)
    system.freeBytes = 77
    let plan = try convert.plan()
    #expect(plan.spaceFree == 77)
    let planned = plan.tables.filter { $0.action == .planned }.reduce(0) { $0 + $1.sizeBefore }
    #expect(codec == .none ? plan.spaceNeeded > planned : plan.spaceNeeded == planned)
    try Self.check(system, needs: plan.spaceNeeded) { _ = try convert.run() }
    // Nothing is left to do: nothing is needed.
    system.freeBytes = 0
    #expect(try convert.run().change == nil)
  }

  @Test func ofLooseTables() throws {
    let system = try SimulatedFileSystem(copying: FixtureDatabase("r1075-levels").path)
    let directory = try system.directory(at: "db")
    let tables = try directory.entries().map(\.name).filter { $0.hasSuffix(".sst") }.sorted()
    let convert = ConvertTables(
      tables.map { FileTarget(directory, $0) }, options: ConvertOptions(TranscodeTarget(codec: .zlib)), in: system)
    let needed = try convert.plan().spaceNeeded
    system.freeBytes = needed - 1
    #expect {
      try convert.run(to: "out/new")
    } throws: { ($0 as? DatabaseError)?.kind == .noSpace }
    #expect(try system.directory(at: "out").entries().isEmpty)
    system.freeBytes = needed
    #expect(try convert.run(to: "out/new").count(.converted) > 0)
  }

  @Test func ofACompaction() throws {
    let system = try Self.system("r1075-levels")
    var compact = Compact()
    compact.jobs = 1
    let plan = try compact.plan(system.readableDirectory(at: "db"))
    try Self.check(system, needs: plan.size) {
      let database = try ExclusiveDatabase("db", in: system)
      defer { database.close() }
      _ = try compact.run(database)
    }
  }

  @Test func ofAnIngestionThatCopies() throws {
    let system = try Self.system("r1075-levels")
    let source = try system.directory(at: "").createDirectory("in")
    var options = TableOptions()
    options.external = true
    options.compression = .none
    let writer = try TableWriter(file: source.create("new.sst"), options: options)
    for number in 0..<200 {
      let key = InternalKey(userKey: Array("zz\(1000 + number)".utf8), sequence: 0, kind: .value)
      try key.bytes.withUnsafeBytes { try writer.add(internalKey: $0, value: $0) }
    }
    let size = try writer.finish().fileSize
    func ingest(_ mode: Ingest.Mode) throws {
      var ingest = Ingest([FileTarget(source, "new.sst")])
      ingest.mode = mode
      let database = try ExclusiveDatabase("db", in: system)
      defer { database.close() }
      _ = try ingest.run(database, sources: system)
    }
    try Self.check(system, needs: size) { try ingest(.copy) }
    let other = try Self.system("r1075-levels")
    other.freeBytes = 0
    #expect(throws: Never.self) {
      let database = try ExclusiveDatabase("db", in: other)
      defer { database.close() }
      var linking = Ingest([FileTarget(source, "new.sst")])
      linking.mode = .link
      _ = try linking.plan(database.directory)
    }
  }

  @Test func ofARepair() throws {
    let broken = try BrokenDatabase(FixtureDatabase("r1075-levels").path)
    let largest = try #require(try broken.tables().max { $0.table.size < $1.table.size })
    try broken.change(largest.name) { bytes in for index in 20..<60 { bytes[index] ^= 0x5A } }
    broken.system.settle()
    let needed = try broken.plan().bytesToWrite(broken.directory)
    #expect(needed == largest.table.size)
    try Self.check(broken.system, needs: needed) { _ = try broken.repair() }
  }
}
