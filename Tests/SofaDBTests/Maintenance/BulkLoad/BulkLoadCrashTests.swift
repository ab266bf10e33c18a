import SofaTesting
import Testing

@testable import SofaDB

/// A load that is cut off anywhere, or that any call fails, leaves the whole result or nothing under its name, and
/// can be started again.
@Suite struct BulkLoadCrashTests {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  enum Way: CaseIterable, Sendable { case tables, database, spilled, rejects, streamed }

  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    var text = "k,v\n"
    for row in 0..<60 { text += "key-\(row * 37 % 60),value \(row)\n" }
    try LoadCase.write(Array((text + "bad\n").utf8), to: "input", in: system)
    try LoadCase.write(Array((text).utf8), to: "good", in: system)
    let padding = String(repeating: "x", count: 60)
    for row in 0..<120 { text += "more-\(row * 37 % 120),\(padding)\n" }
    try LoadCase.write(Array(text.utf8), to: "large", in: system)
    try LoadCase.write(Array("k,v\na,1\nb,2\nc,3\n".utf8), to: "sorted", in: system)
    return system.disk
  }

  static func load(_ way: Way, _ system: SimulatedFileSystem) throws -> LoadCase {
    var load = try LoadCase(key: "k", value: "v")
    load.system = system
    load.options.targetFileSize = 2048
    switch way {
    case .tables: break
    case .database: load.output = .database("db/out")
    case .spilled:
      load.options.memory = 1
      load.options.targetFileSize = 6 << 10
    case .rejects:
      load.options.maxErrors = 1
      load.options.rejects = "db/bad"
    case .streamed: load.options.isSorted = true
    }
    return load
  }

  static func run(_ way: Way, _ system: SimulatedFileSystem) throws {
    let load = try load(way, system)
    let input =
      switch way {
      case .rejects: "db/input"
      case .streamed: "db/sorted"
      case .spilled: "db/large"
      default: "db/good"
      }
    let report = try load.run([.path(input)])
    if way == .spilled, report.bytesSpilled == 0 { throw Broken(description: "nothing was spilled") }
  }

  static func expected(_ way: Way) -> Int { way == .streamed ? 3 : way == .spilled ? 180 : 60 }

  /// True when the result is there.
  static func check(_ way: Way, _ system: SimulatedFileSystem) throws -> Bool {
    guard try system.directory(at: "db").attributes(of: "out") != nil else { return false }
    let output = try load(way, system).output
    let count = try LoadCase.entries(system, output).count
    guard count == expected(way) else { throw Broken(description: "\(count) entries under the final name") }
    if way == .rejects, try system.directory(at: "db").attributes(of: "bad") == nil {
      throw Broken(description: "the result is there without its rejects")
    }
    return true
  }

  /// The same load once more, on what is left.
  static func runAgain(_ way: Way, _ system: SimulatedFileSystem) throws {
    try run(way, system)
    guard try check(way, system) else { throw Broken(description: "the second run has no result") }
    let names = try LoadCase.names(system).filter { $0.contains("partial") }
    guard names.isEmpty else { throw Broken(description: "left behind: \(names)") }
  }

  @Test(arguments: Way.allCases)
  func A4_aCrashLeavesAllOrNothing(_ way: Way) throws {
    let report = enumerateCrashes(from: try BulkLoadCrashTests.start()) { system in
      try BulkLoadCrashTests.run(way, system)
      system.milestone += 1
    } check: { image in
      let isThere = try BulkLoadCrashTests.check(way, image.fileSystem)
      if image.milestone > 0, !isThere { throw Broken(description: "the result is gone") }
      if !isThere { try BulkLoadCrashTests.runAgain(way, image.fileSystem) }
    }
    #expect(report.failures.isEmpty && report.distinct > 10, "\(report)")
  }

  @Test(arguments: Way.allCases)
  func aFaultLeavesAllOrNothing(_ way: Way) throws {
    for duration in [FaultDuration.once, .forEver] {
      let report = enumerateFaults(from: try BulkLoadCrashTests.start(), lasting: duration) { system in
        try BulkLoadCrashTests.run(way, system)
        system.milestone += 1
      } check: { outcome in
        let isThere = try BulkLoadCrashTests.check(way, outcome.fileSystem)
        if outcome.error == nil, !isThere { throw Broken(description: "success, and no result") }
        // Who is told of any other error may rely on it that nothing has been made.
        if let error = outcome.error, isThere, (error as? DatabaseError)?.kind != .unsettled {
          throw Broken(description: "\(error), and the result is there")
        }
        if !isThere { try BulkLoadCrashTests.runAgain(way, outcome.fileSystem) }
        if outcome.fileSystem.openHandles != 0 { throw Broken(description: "files are left open") }
      }
      #expect(report.failures.isEmpty && report.runs > 50, "\(report)")
    }
  }
}
