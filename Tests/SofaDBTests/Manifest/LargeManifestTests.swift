/// MANIFESTs of a hundred thousand records are read in bounded time.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LargeManifestTests {
  static func write(_ edits: (ManifestWriter) throws -> Void) throws -> MemoryFile {
    let file = MemoryFile()
    let writer = ManifestWriter(file: file)
    let empty = ManifestWriterTests.version([], lastSequence: 1 << 40, next: 1 << 40)
    for edit in try ManifestWriter.snapshot(of: empty) { try writer.append([edit]) }
    try edits(writer)
    return file
  }

  // Museum K11.
  @Test func manyTables() throws {
    let file = try LargeManifestTests.write { writer in
      for number in 0..<UInt64(100_000) {
        var edit = VersionEdit()
        let key = String(1_000_000 + number)
        edit.newTables = [ManifestWriterTests.table(100 + number, level: 1, key, key + "z", number...(number + 1))]
        if number > 100, number % 3 == 0 { edit.deletedTables = [.init(level: 1, number: number)] }
        try writer.append([edit])
      }
    }
    let history = try ManifestReader.read(file)
    #expect(history.isClean && history.version.tableCount == 66_700)
    #expect(VersionInvariants.check(history.version).isEmpty)
  }

  @Test func manyFamiliesAndLogs() throws {
    let file = try LargeManifestTests.write { writer in
      for number in 1...UInt32(20_000) {
        var family = VersionEdit(family: number)
        family.addedFamily = "family \(number)"
        try writer.append([family])
        var log = VersionEdit()
        log.logAdditions = [.init(number: UInt64(number))]
        try writer.append([log])
        var deletion = VersionEdit()
        deletion.logDeletion = UInt64(number)
        try writer.append([deletion])
      }
    }
    let version = try ManifestReader.read(file).readableVersion()
    #expect(version.families.count == 20_001 && version.trackedLogs.map(\.number) == [20_000])
  }
}
