/// A new MANIFEST and the switch of CURRENT, crashed after every call and with every call failing.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ManifestCommitTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  static let old = ManifestWriterTests.version([ManifestWriterTests.table(10, level: 1, "a", "b", 1...2)])
  static let new = ManifestWriterTests.version([
    ManifestWriterTests.table(10, level: 1, "a", "b", 1...2), ManifestWriterTests.table(11, level: 0, "a", "z", 3...9),
  ])

  /// A database whose CURRENT names the old version.
  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    try ManifestWriter.write(old, as: DatabaseFile.manifest(5).name, in: directory)
    try CurrentFile.replace(directory, manifest: 5)
    system.settle()
    return system.disk
  }

  static func commit(_ system: SimulatedFileSystem) throws {
    let directory = try system.directory(at: "db")
    try ManifestWriter.write(new, as: DatabaseFile.manifest(12).name, in: directory)
    try CurrentFile.replace(directory, manifest: 12)
    system.milestone += 1
  }

  /// One of the two versions, whole; the new one when the commit has returned.
  static func check(_ system: SimulatedFileSystem, isCommitted: Bool) throws {
    let history = try ManifestReader.readCurrent(system.readableDirectory(at: "db"))
    guard history.isClean else { throw Broken(description: "\(history.name) is not clean") }
    guard history.version == new || (history.version == old && !isCommitted) else {
      throw Broken(description: "\(history.name) holds neither version")
    }
  }

  // Museum A1, A8, A9, A10, J13: the name of the new MANIFEST lasts before CURRENT says it.
  @Test func A1_A8_aCrashLeavesOneOfTheTwo() throws {
    let report = enumerateCrashes(from: try ManifestCommitTests.start()) { system in
      try ManifestCommitTests.commit(system)
    } check: { image in
      try ManifestCommitTests.check(image.fileSystem, isCommitted: image.milestone > 0)
    }
    #expect(report.failures.isEmpty && report.distinct > 10, "\(report)")
  }

  // The first MANIFEST of a new database.
  @Test func A10_aCrashOfTheFirstCommitLeavesNoDanglingCurrent() throws {
    let report = enumerateCrashes { system in
      try ManifestCommitTests.commit(system)
    } check: { image in
      let directory = try image.fileSystem.readableDirectory(at: "db")
      guard try directory.attributes(of: CurrentFile.name) != nil else {
        if image.milestone > 0 { throw Broken(description: "CURRENT is gone") }
        return
      }
      try ManifestCommitTests.check(image.fileSystem, isCommitted: true)
    }
    #expect(report.failures.isEmpty && report.distinct > 5, "\(report)")
  }

  // Museum A5, C2, C3, C8.
  @Test(arguments: [1, 2, 1000]) func C8_aFaultLeavesOneOfTheTwo(calls: Int) throws {
    let report = enumerateFaults(from: try ManifestCommitTests.start(), lasting: .calls(calls)) { system in
      try ManifestCommitTests.commit(system)
    } check: { outcome in
      try ManifestCommitTests.check(outcome.fileSystem, isCommitted: outcome.error == nil)
    }
    #expect(report.failures.isEmpty && report.runs > 50, "\(report)")
  }

  // After a failed commit another one works, whatever the first left behind.
  @Test func aFailedCommitIsRepeated() throws {
    let report = enumerateFaults(from: try ManifestCommitTests.start()) { system in
      try ManifestCommitTests.commit(system)
    } check: { outcome in
      let system = outcome.fileSystem
      let directory = try system.directory(at: "db")
      let name = DatabaseFile.manifest(12).name
      if outcome.error != nil, try CurrentFile.read(directory) == 5 {
        if try directory.attributes(of: name) != nil { try directory.remove(name) }
        try ManifestCommitTests.commit(system)
      }
      try ManifestCommitTests.check(system, isCommitted: true)
    }
    #expect(report.failures.isEmpty, "\(report)")
  }
}
