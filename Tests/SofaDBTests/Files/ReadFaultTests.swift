/// Faults of reading, and files that must stay as they are.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ReadFaultTests {
  private func image() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let file = try system.directory(at: "db").create("000012.log")
    try (0..<1000).map { UInt8(truncatingIfNeeded: $0) }.withUnsafeBytes { try file.append($0) }
    try file.close()
    system.settle()
    return system.disk
  }

  // Museum B10 and B11: neither a read error nor a short read is the end of a file.
  @Test func noReadFaultLooksLikeTheEnd() throws {
    let report = enumerateFaults(from: try image()) { system in
      let file = try system.directory(at: "db").open("000012.log")
      for offset in stride(from: 0, to: 1000, by: 100) { _ = try file.readExactly(100, at: UInt64(offset)) }
    } check: { outcome in
      if outcome.error == nil { throw Incomplete() }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs == 4 + 20)
  }

  @Test func theCanaryThatTakesAShortReadForTheEndIsFound() throws {
    let report = enumerateFaults(from: try image()) { system in
      let file = try system.directory(at: "db").open("000012.log")
      let buffer = ByteBuffer(count: 100)
      var offset: UInt64 = 0
      while try file.read(into: buffer.memory, at: offset) == 100 { offset += 100 }
      system.milestone = Int(offset)
    } check: { outcome in
      if outcome.error == nil, outcome.milestone < 1000 { throw Incomplete() }
    }
    #expect(!report.failures.isEmpty)
  }

  private struct Incomplete: Error {}

  // Museum B8: nothing that exists can be opened for writing, whatever its number.
  @Test func existingFilesCannotBeCut() throws {
    let system = SimulatedFileSystem(disk: try image())
    let directory = try system.directory(at: "db")
    #expect(throws: DatabaseError.self) { _ = try directory.create("000012.log") }
    #expect(throws: DatabaseError.self) { try directory.link("000012.log", into: directory, as: "000012.log") }
    #expect(try directory.attributes(of: "000012.log")?.size == 1000)
  }
}
