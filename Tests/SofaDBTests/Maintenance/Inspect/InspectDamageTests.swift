import SofaTesting
import Testing

@testable import SofaDB

/// Directories with files cut, emptied, flipped or gone: there is always a report, and what matters is told.
@Suite struct InspectDamageTests {
  /// A directory in memory whose files may be replaced.
  private final class MemoryDirectory: ReadableDirectory, @unchecked Sendable {
    let path = "db"
    var files: [String: [UInt8]]
    var failing: Set<String> = []

    init(_ files: [String: [UInt8]]) { self.files = files }

    convenience init(_ fixture: String) throws {
      let source = try PosixFileSystem().readableDirectory(at: FixtureDatabase(fixture).path)
      var files: [String: [UInt8]] = [:]
      for entry in try source.entries() where entry.kind == .file {
        let file = try source.open(entry.name)
        files[entry.name] = try file.copy(Int(file.size), at: 0)
      }
      self.init(files)
    }

    func entries() throws(DatabaseError) -> [DirectoryEntry] {
      files.keys.map { DirectoryEntry(name: $0, kind: .file) }
    }

    func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
      files[name].map { FileAttributes(kind: .file, size: UInt64($0.count), modified: 1) }
    }

    func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
      guard let content = files[name] else { throw DatabaseError(.notFound, file: name, "no such file") }
      if failing.contains(name) { throw DatabaseError(.io(5), file: name, "the device failed") }
      return MemoryFile(content, name: name)
    }

    func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
      throw DatabaseError(.notFound, file: name, "no such directory")
    }

    func lockState(of name: String) throws(DatabaseError) -> LockState { .missing }
  }

  private func report(_ directory: MemoryDirectory) throws -> InspectReport {
    var inspect = Inspect(directory)
    inspect.findsBounds = true
    inspect.jobs = 1
    let report = try inspect.run()
    var json = JSONWriter()
    report.encode(into: &json, showKeys: true)
    for family in report.families {
      _ = KeySpaceMap(report.tables.filter { $0.family == family.name }, order: family.order)
    }
    return report
  }

  private static let fixtures = [
    "l123-levels", "main-levels", "r783-cfs", "r1075-part-iri", "r1075-blob-zstd-gc", "r783-wal", "r1112-udt-stripped",
    "r1075-over-leveldb-l0", "sofadb-go-engine", "r783-sst",
  ]

  @Test(arguments: fixtures) func anyFileMayBeAnything(fixture: String) throws {
    let original = try MemoryDirectory(fixture)
    var random = SeededRandom(seed: 17)
    for (name, content) in original.files.sorted(by: { $0.key < $1.key }) {
      var variants: [[UInt8]?] = [nil, [], Array(content.prefix(content.count / 2)), Array(content.dropLast())]
      for _ in 0..<6 where !content.isEmpty {
        var flipped = content
        flipped[Int.random(in: 0..<content.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        variants.append(flipped)
      }
      for variant in variants {
        let directory = MemoryDirectory(original.files)
        directory.files[name] = variant
        do {
          _ = try report(directory)
        } catch let error as DatabaseError {
          // Only a directory that is none any more is refused.
          #expect(error.kind == .notFound, "\(name): \(error)")
        }
      }
    }
  }

  @Test func withoutCurrentTheNewestManifestCounts() throws {
    let directory = try MemoryDirectory("main-levels")
    let whole = try report(directory)
    directory.files["CURRENT"] = nil
    let found = try report(directory)
    #expect(found.kind == .damagedDatabase)
    #expect(found.findings.map(\.code) == [.currentDangling])
    #expect(found.remarks.contains { $0.code == "manifest-guessed" })
    #expect(found.manifest?.isCurrent == false)
    #expect(found.tables.map(\.name) == whole.tables.map(\.name))
    #expect(found.tables.map(\.level) == whole.tables.map(\.level))
    #expect(found.pendingEntries == whole.pendingEntries)
    directory.files["000014.sst"] = nil
    let worse = try report(directory)
    #expect(worse.findings.contains { $0.code == .fileMissing && $0.file == "000014.sst" })
    #expect(worse.tables.first { $0.name == "000014.sst" }?.state == .missing)
  }

  @Test func withoutManifestTheTablesSpeak() throws {
    let directory = try MemoryDirectory("r783-cfs")
    directory.files = directory.files.filter { !$0.key.hasPrefix("MANIFEST") }
    let found = try report(directory)
    #expect(found.kind == .damagedDatabase && found.manifest == nil)
    #expect(found.engine == .rocksDB)
    #expect(found.findings.map(\.code).contains(.currentDangling))
    let whole = try report(MemoryDirectory("r783-cfs"))
    #expect(found.sum(\.entries) == whole.sum(\.entries))
    #expect(Set(found.families.map(\.name)).isSubset(of: Set(whole.families.map(\.name))))
    #expect(found.tables.allSatisfy { $0.level == nil && $0.smallest != nil })
  }

  @Test func damageIsTold() throws {
    func codes(_ damage: (MemoryDirectory) -> Void) throws -> Set<FindingCode> {
      let directory = try MemoryDirectory("main-levels")
      damage(directory)
      return Set(try report(directory).findings.map(\.code))
    }
    #expect(try codes { _ in } == [])
    #expect(try codes { $0.files["000010.sst"] = nil } == [.fileMissing])
    #expect(try codes { $0.files["000010.sst"]?.removeLast() }.contains(.fileSize))
    #expect(try codes { $0.files["000099.sst"] = $0.files["000010.sst"] } == [.fileOrphan])
    #expect(try codes { $0.files["000020.log"]?.removeLast() } == [.walTail])
    #expect(try codes { $0.files["MANIFEST-000005"]?.removeLast() }.contains(.manifestTail))
    #expect(try codes { $0.files["MANIFEST-000005"]?[20] ^= 1 }.contains(.manifestRecord))
    #expect(try codes { $0.files["000010.sst"]?[8393 - 60] ^= 1 }.contains(.blockChecksum))
    #expect(try codes { $0.files["000010.sst"] = [UInt8](repeating: 7, count: 8393) } == [.tableNotATable])
  }

  @Test func whatTheSystemRefusesHidesNothingElse() throws {
    let directory = try MemoryDirectory("main-levels")
    directory.failing = ["000010.sst", "000020.log", "OPTIONS-000007"]
    let found = try report(directory)
    #expect(found.findings.isEmpty && !found.isComplete && !found.summary.isComplete)
    #expect(found.tables.count { $0.state == .unreadable } == 1)
    #expect(found.remarks.count { $0.code == "unreadable" } == 3)
    #expect(found.sum(\.entries) != nil)
  }

  @Test func sizesOfAHostileManifestAreSummed() throws {
    let huge = UInt64(Int64.max)
    let key = InternalKey(userKey: [1], sequence: 1, kind: EntryKind.value)
    var edit = VersionEdit()
    edit.comparator = KeyOrder.bytewise.name
    (edit.logNumber, edit.nextFileNumber, edit.lastSequence) = (0, 90, 9)
    for number in UInt64(10)..<20 {
      edit.newTables.append(
        TableMetadata(
          number: number, level: 0, size: huge, smallest: key, largest: key, smallestSequence: 1, largestSequence: 1))
    }
    var record = ByteWriter(capacity: 256)
    edit.encode(into: &record)
    let file = MemoryFile()
    let writer = LogWriter(file: file)
    try writer.append(record.bytes)
    let directory = MemoryDirectory(["CURRENT": Array("MANIFEST-000005\n".utf8), "MANIFEST-000005": file.content])
    let found = try report(directory)
    #expect(found.tables.count == 10 && found.findings.count { $0.code == .fileMissing } == 10)
    #expect(found.summary.hasFindings)
  }
}
