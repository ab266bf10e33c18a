/// Ingestion into an open database, crashed after every call.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LiveIngestCrashTests {
  private struct Broken: Error {
    let description: String
  }

  /// `in/new.sst` with the keys 1 and 2, durable.
  private static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem(directories: ["db", "in"])
    var options = TableOptions()
    options.external = true
    let writer = try TableWriter(file: system.directory(at: "in").create("new.sst"), options: options)
    for key in [[1], [2]] as [[UInt8]] {
      try key.withUnsafeBytes { try writer.add(userKey: $0, sequence: 0, kind: .value, value: $0) }
    }
    _ = try writer.finish()
    system.settle()
    return system.disk
  }

  /// A3, G1: neither the table nor its name was durable when the MANIFEST named it; its number was given again, and the
  /// source overwritten.
  @Test(arguments: Ingest.Mode.allCases) func A3_G1_aTableIsDurableBeforeItIsNamed(mode: Ingest.Mode) throws {
    let options = EngineScenario.tiny
    let start = try Self.start()
    let source = try #require(try SimulatedFileSystem(disk: start).content(of: "in/new.sst"))
    let report = enumerateCrashes(from: start) { system in
      let database = try Database.open("db", options: options, in: system)
      try database.put([1], [9], WriteOptions(sync: true))
      var ingest = Ingest([FileTarget(try system.readableDirectory(at: "in"), "new.sst")])
      ingest.mode = mode
      try database.ingest(ingest, sources: system)
      system.milestone = 1
      try database.put([3], [3], WriteOptions(sync: true))
      try database.close()
    } check: { image in
      if VersionSetCase.isTornRecord(image) { return }
      let database = try Database.open("db", options: options, in: image.fileSystem)
      let found = try database.multiGet([[1], [2]])
      let isThere = found == [[1], [2]]
      guard isThere || image.milestone == 0 && found[1] == nil && found[0] != [1] else {
        throw Broken(description: "\(found)")
      }
      for number in UInt8(10)..<20 { try database.put([number], [number]) }
      try database.flush()
      try database.close()
      let left = try image.fileSystem.content(of: "in/new.sst")
      guard left == source || left == nil && isThere && mode == .move else {
        throw Broken(description: "the source is another")
      }
    }
    #expect(report.failures.isEmpty && report.distinct > 20, "\(report)")
  }
}
