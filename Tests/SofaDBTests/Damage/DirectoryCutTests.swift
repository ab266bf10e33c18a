import SofaTesting
import Testing

@testable import SofaDB

/// Files of whole databases, cut short or made longer: `Verify` names them, or nobody can know. A log that ends behind
/// a record may have ended there, and a MANIFEST that does is an older history. A reader sees what the whole records
/// say, or is told.
@Suite struct DirectoryCutTests {
  private static func limits(_ name: String) -> (lengths: Int, readings: Int) {
    #if DEBUG
      return (40, 5)
    #else
      if case .table = DatabaseFile(name: name) { return (60, 10) }
      return (6000, 60)
    #endif
  }

  /// Lengths at which a cut of the file leaves nothing to see.
  private static func silentLengths(_ name: String, _ content: [UInt8], _ database: DamagedDatabase) throws -> Set<Int>
  {
    switch DatabaseFile(name: name) {
    case .manifest:
      let history = try ManifestReader.read(MemoryFile(content), keepingRecords: true)
      return Set(history.records.map { Int($0.end) })
    case .log(let number):
      let log = LogExtent(content, number: number)
      // So few bytes of a header may as well be the last ones of the log that the file was before.
      return log.isRecycled ? Set(log.boundaries.flatMap { $0...($0 + 6) }) : log.boundaries
    default: return []
    }
  }

  @Test(arguments: DamagedDatabase.names) func everyLengthOfEveryFile(name: String) throws {
    let database = try DamagedDatabase(name)
    var failures: [String] = []
    var cuts = 0
    for name in database.files {
      let file = try #require(database.directory.files[name])
      let content = file.content
      defer { file.content = content }
      let unprotected = try UnprotectedBytes(name, in: database)
      let silent = try DirectoryCutTests.silentLengths(name, content, database)
      let boundaries = DatabaseFile(name: name).number.map { LogExtent(content, number: $0).boundaries } ?? []
      let limits = DirectoryCutTests.limits(name)
      let often = DirectoryDamageTests.step(min(content.count, limits.lengths), limits.readings)
      let step = DirectoryDamageTests.step(content.count, limits.lengths)
      for (number, length) in stride(from: 0, to: content.count, by: step).enumerated() {
        cuts += 1
        file.content = Array(content[..<length])
        let isOpen = silent.contains(length) || unprotected.hides(length)
        let isChecked = number % often == 0
        if !isOpen, try !database.isReported(name, completely: isChecked) {
          failures.append("\(name), \(length) bytes: verify finds nothing")
        }
        guard isChecked else { continue }
        let seen = try database.read()
        // A log without its end is read as one that ends behind its last whole record.
        guard case .log = DatabaseFile(name: name), !unprotected.hides(length) else {
          let mayDiffer = silent.contains(length) || unprotected.changesContent(at: length)
          if !seen.isTold, !mayDiffer, seen != database.whole {
            failures.append("\(name), \(length) bytes: other content in silence")
          }
          continue
        }
        guard let boundary = boundaries.filter({ $0 <= length }).max(), !seen.digests.isEmpty else { continue }
        // Behind a torn log replay stops, behind one that ends it goes on.
        guard DatabaseFile(name: name) == database.view.logs.last.map({ DatabaseFile.log($0) }) else {
          if !silent.contains(length), !seen.isTold { failures.append("\(name), \(length) bytes: not told") }
          continue
        }
        file.content = Array(content[..<boundary])
        let wanted = try database.read()
        if seen.digests != wanted.digests { failures.append("\(name), \(length) bytes: not as \(boundary) bytes") }
        if !silent.contains(length), !seen.isTold { failures.append("\(name), \(length) bytes: not told") }
      }
    }
    print("\(database): \(cuts) cuts")
    guard !failures.isEmpty else { return }
    Issue.record("\(database): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  /// A log or a MANIFEST may go on with zeros, which is what space that was reserved and not used reads as.
  private static func mayEnd(in filler: String, _ name: String) -> Bool {
    switch DatabaseFile(name: name) {
    case .log, .manifest: filler == "zeros"
    default: false
    }
  }

  @Test(arguments: DamagedDatabase.names) func everyExtension(name: String) throws {
    let database = try DamagedDatabase(name)
    var random = SeededRandom(seed: 11)
    var failures: [String] = []
    for name in database.files {
      let file = try #require(database.directory.files[name])
      let content = file.content
      defer { file.content = content }
      let unprotected = try UnprotectedBytes(name, in: database)
      var isRecycled = false
      if case .log(let number) = DatabaseFile(name: name) {
        isRecycled = LogExtent(content, number: number).isRecycled
      }
      // What stands behind a recycled log's records is never looked at.
      let isOpen = isRecycled || (content.count > 0 && unprotected.hides(content.count - 1))
      for length in [1, 2, 6, 7, 8, 11, 48, 53, 500, 4096, 40_000] {
        for (filler, more) in [
          ("zeros", [UInt8](repeating: 0, count: length)), ("garbage", random.bytes(length).map { $0 | 1 }),
          ("ones", [UInt8](repeating: 0xFF, count: length)),
        ] {
          file.content = content + more
          let place = "\(name) and \(length) bytes of \(filler)"
          let isQuiet = isOpen || DirectoryCutTests.mayEnd(in: filler, name) || database.ignores(name)
          if !isQuiet, try !database.isReported(name, completely: true) {
            failures.append("\(place): verify finds nothing")
          }
          let seen = try database.read()
          if !seen.isTold, seen != database.whole, !unprotected.changesContent(at: 0) {
            failures.append("\(place): other content in silence")
          }
        }
      }
    }
    guard !failures.isEmpty else { return }
    Issue.record("\(database): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  /// A file that is gone, where something knows that it was there.
  @Test(arguments: DamagedDatabase.names) func everyFileGone(name: String) throws {
    let database = try DamagedDatabase(name)
    for name in database.files {
      let file = database.directory.files.removeValue(forKey: name)
      defer { database.directory.files[name] = file }
      switch DatabaseFile(name: name) {
      case .current, .manifest, .table, .blob:
        let findings = try MuseumDirectoryTests.verify(database.directory)
        // A missing table may have either ending.
        let isNamed = findings.contains { finding in
          finding.code == .currentDangling || finding.file?.prefix(6) == name.prefix(6)
        }
        #expect(isNamed || database.isUnused(name), "\(database), \(name)")
        #expect(try database.read().isTold || database.isUnused(name))
      default: _ = try database.read()
      }
    }
  }
}
