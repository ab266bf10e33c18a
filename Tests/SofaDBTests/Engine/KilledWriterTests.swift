import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// A process that writes with several threads, killed at any moment, hundreds of times: what was acknowledged is there,
/// batches are whole, nothing that was deleted comes back, and of what was begun before and after something nothing is
/// missing in between.
struct KilledWriterTests {
  static let program = BuiltProgram.path("sofawriter")
  static let missing = "sofawriter is not built beside the tests"

  /// Debug builds are slow and take a sample.
  private static var kills: Int {
    #if DEBUG
      6
    #else
      30
    #endif
  }

  /// What a database has to hold, from how many batches of each thread are in it.
  private struct Expectation {
    var model = NumberedWriter.model
    var applied = [UInt64](repeating: 0, count: NumberedWriter.threads)

    mutating func advance(_ thread: Int, to number: UInt64) {
      while applied[thread] < number {
        applied[thread] += 1
        model.reopen()
        for operation in NumberedWrites(thread: thread).operations(applied[thread]) { model.apply(operation) }
      }
    }
  }

  typealias Contents = [String: [(key: [UInt8], value: [UInt8])]]

  @Test(.enabled(if: program != nil, "\(missing)"), arguments: 0..<10)
  func whatWasAcknowledgedIsThere(_ setting: Int) throws {
    let scratch = try TemporaryDirectory(inMemory: true)
    let path = scratch.path + "/db"
    let progress = try WriterProgress(scratch.path + "/progress")
    var random = SeededRandom(seed: UInt64(setting))
    var expectation = Expectation()
    let writer = NumberedWriter(setting: setting)
    for kill in 1...Self.kills {
      try Self.runAndKill(path, progress, scratch.path + "/progress", setting, &random)
      let contents: Contents
      if kill % 3 == 0, FileManager.default.fileExists(atPath: path + "/CURRENT") {
        // The next writer goes on from what this one left.
        contents = try Self.read(DatabaseView(database: PosixFileSystem().readableDirectory(at: path)))
      } else {
        let database = try Database.open(path, options: writer.options, families: writer.families)
        contents = try Self.read(database)
        try database.close()
      }
      let problem = Self.check(contents, progress, &expectation)
      #expect(problem == nil, "setting \(setting), kill \(kill)")
      if problem != nil { return }
    }
    #expect(expectation.applied.allSatisfy { $0 > 0 }, "nothing was written: \(expectation.applied)")
    try Self.judge(path, expectation, setting)
  }

  /// Lets a writer work until some moment between its start and 30 ms after it is open.
  private static func runAndKill(
    _ path: String, _ progress: WriterProgress, _ file: String, _ setting: Int, _ random: inout SeededRandom
  ) throws {
    progress.isReady = false
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(program))
    process.arguments = [path, file, "\(setting)"]
    let errors = file + ".errors"
    try Data().write(to: URL(fileURLWithPath: errors))
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    let delay = UInt32(random.below(30_000))
    if random.below(4) > 0 {
      while !progress.isReady, process.isRunning { usleep(100) }
    }
    usleep(delay)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self)
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL, "\(text)")
  }

  /// What is wrong with what a reader finds.
  private static func check(
    _ contents: Contents, _ progress: WriterProgress, _ expectation: inout Expectation
  ) -> String? {
    var counters: [[UInt64]] = []
    for thread in 0..<NumberedWriter.threads {
      let key = NumberedWrites(thread: thread).counterKey
      let value = contents["default"]?.first { $0.key == key }?.value
      counters.append(value.map(NumberedWrites.numbers) ?? [0])
      let (found, acknowledged) = (counters[thread][0], progress.acknowledged(thread))
      if found < max(acknowledged, expectation.applied[thread]) || found > max(progress.begun(thread), acknowledged) {
        return "thread \(thread): \(found) batches, \(acknowledged) acknowledged, \(progress.begun(thread)) begun"
      }
      expectation.advance(thread, to: found)
    }
    for (thread, numbers) in counters.enumerated() {
      for (other, seen) in numbers.dropFirst().enumerated() where counters[other][0] < seen {
        return "a hole: batch \(numbers[0]) of \(thread) came after \(seen) of \(other), of which \(counters[other][0])"
      }
    }
    for (name, family) in expectation.model.families {
      let found = (contents[name] ?? []).filter { $0.key.count > 1 }
      let wanted = family.sorted
      if let index = zip(found, wanted).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        return "\(name): \(found[index]) instead of \(wanted[index])"
      }
      if found.count != wanted.count { return "\(name): \(found.count) keys instead of \(wanted.count)" }
    }
    return nil
  }

  private static func read(_ database: Database) throws -> Contents {
    var contents: Contents = [:]
    for family in database.families {
      contents[family.name] = try database.scan(family)
    }
    return contents
  }

  private static func read(_ view: DatabaseView) throws -> Contents {
    var contents: Contents = [:]
    for family in view.families {
      var cursor = try view.cursor(family)
      var pairs: [(key: [UInt8], value: [UInt8])] = []
      try cursor.seekToFirst()
      while cursor.isValid {
        pairs.append(([UInt8](cursor.userKey), [UInt8](cursor.value)))
        try cursor.next()
      }
      contents[family.name] = pairs
    }
    return contents
  }

  /// The last killed writer's directory as RocksDB reads it.
  private static func judge(_ path: String, _ expectation: Expectation, _ setting: Int) throws {
    guard let oracle = RocksOracle.shared else { return }
    let families = try oracle.families("digest", path, ["merge=stringappend"])
    // The counters are not in the model.
    #expect(
      families.map { $0.entries - ($0.name == "default" ? NumberedWriter.threads : 0) }
        == families.map { expectation.model.families[$0.name]?.contents.count ?? 0 }, "setting \(setting)")
  }
}
