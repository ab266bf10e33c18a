import SofaTesting
import Testing

@testable import SofaDB

/// As `MuseumTests`, for whole directories and logs.
@Suite struct MuseumDirectoryTests {
  static func verify(_ directory: any ReadableDirectory) throws -> [Finding] { try verifying(directory) }

  /// As `verify`, with its type of error.
  static func verifying(_ directory: any ReadableDirectory) throws(DatabaseError) -> [Finding] {
    let collected = Collected()
    _ = try Verify(database: directory, jobs: 1).run { collected.add($0) }
    return collected.findings.filter { $0.severity > .info }
  }

  /// memgraph#3785: SIGSEGV on a truncated MANIFEST. Every length is an error or a finding.
  @Test func museumJ13TruncatedManifest() throws {
    let fixture = try FixtureDatabase("r783-cfs")
    let directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    let name = DatabaseFile.manifest(try CurrentFile.read(directory)).name
    let whole = try #require(directory.files[name]).content
    let boundaries = Set(try ManifestReader.read(MemoryFile(whole), keepingRecords: true).records.map { Int($0.end) })
    #expect(try MuseumDirectoryTests.verify(directory).isEmpty)
    for length in 0..<whole.count {
      directory.files[name] = MemoryFile(Array(whole[..<length]), name: name)
      let findings = try MuseumDirectoryTests.verify(directory)
      // At a record's end the file is an older, whole history; files that only the lost records knew are information.
      #expect(!findings.isEmpty || boundaries.contains(length), "\(length) bytes")
      do throws(DatabaseError) { _ = try DatabaseView(database: directory) } catch {
        #expect(error.kind == .corruption || error.kind == .notFound, "\(length) bytes: \(error)")
      }
    }
  }

  /// pebble 816fda561: blocks above 2 GiB, whose offsets wrap.
  @Test func museumJ14BlocksBeyondTwoGiB() throws {
    for size in [1 << 31 + 1, 3 << 30, 1 << 32 + 8, 40 << 30] as [UInt64] {
      let file = SparseFile(size: size + 1000)
      var footer = ByteWriter()
      Footer(
        formatVersion: 5, checksum: .crc32c, metaindex: BlockHandle(offset: 7, size: size),
        index: BlockHandle(offset: 7, size: size), offset: file.size - 53
      ).append(to: &footer)
      file.tail = footer.array
      let error = #expect(throws: DatabaseError.self) { try TableReader(file) }
      #expect(error?.offset == 7 && error?.detail.contains("\(size) bytes") ?? false)
      #expect(file.largestRead < 1 << 20)
    }
  }

  /// leveldown#315: one internal key twice in a WAL.
  @Test func museumJ15DuplicateKeysInALog() throws {
    let file = MemoryFile(name: "000003.log")
    let writer = LogWriter(file: file)
    for value in [UInt8(1), 2, 3] {
      var batch = WriteBatch()
      try batch.put([7], [value])
      try batch.delete([8])
      batch.setSequence(5)
      try writer.append(batch.bytes)
    }
    let manifest = MemoryFile(name: "MANIFEST-000002")
    var edit = VersionEdit()
    (edit.comparator, edit.logNumber, edit.nextFileNumber, edit.lastSequence) = ("leveldb.BytewiseComparator", 3, 4, 4)
    var encoded = ByteWriter()
    edit.encode(into: &encoded)
    try LogWriter(file: manifest).append(encoded.bytes)
    let directory = MemoryDirectory([
      "CURRENT": Array("MANIFEST-000002\n".utf8), "MANIFEST-000002": manifest.content, "000003.log": file.content,
    ])
    let findings = try MuseumDirectoryTests.verify(directory)
    #expect(findings.map(\.code) == [.walRecord, .walRecord])
    #expect(findings.allSatisfy { $0.file == "000003.log" && $0.offset != nil })
    let view = try DatabaseView(database: directory)
    var cursor = try view.cursor(view.families[0])
    try cursor.seekToFirst()
    var keys: [[UInt8]] = []
    while cursor.isValid {
      keys.append([UInt8](cursor.userKey))
      try cursor.next()
    }
    #expect(keys == [[7]])
  }

  /// LevelDB joins what CURRENT says to the path: `../x` escapes. Nothing but a canonical name is taken.
  @Test func museumJ16CurrentLeadsOutside() throws {
    let names = [
      "../x", "../MANIFEST-000005", "/etc/passwd", "MANIFEST-000005/../../x", "MANIFEST-../etc", "MANIFEST-",
      "MANIFEST",
      "MANIFEST-5", "MANIFEST-00000x", "MANIFEST--00005", "MANIFEST-+00005", "MANIFEST- 00005", "manifest-000005", "",
      ".", "..", "\0", "MANIFEST-000005\0", "MANIFEST-000005 ", " MANIFEST-000005", "MANIFEST-000005\r", "000009.sst",
      "MANIFEST-000005\nMANIFEST-000006", "CURRENT", "MANIFEST-99999999999999999999", "MANIFEST-18446744073709551616",
      "MANIFEST-000005.bak", "./MANIFEST-000005", "MANIFEST-000005/", "%2e%2e/x", "MANIFEST-٠٠٠٠٠٥", "\u{202E}500000",
    ]
    var hostile = names.map { $0 + "\n" } + names
    for byte in 0..<256 { hostile.append("MANIFEST-00000\(Character(Unicode.Scalar(UInt8(byte))))\n") }
    hostile += ["MANIFEST-000005\n\n", String(repeating: "MANIFEST-", count: 1000) + "\n", "\n"]
    let fixture = try FixtureDatabase("r783-single")
    let directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    directory.asked = []
    for text in hostile where text != "MANIFEST-000005\n" {
      directory.files["CURRENT"] = MemoryFile(Array(text.utf8), name: "CURRENT")
      let findings = try MuseumDirectoryTests.verify(directory)
      #expect(findings.contains { $0.code == .currentDangling && $0.file == "CURRENT" }, "\(text.debugDescription)")
      #expect(throws: DatabaseError.self) { try DatabaseView(database: directory) }
    }
    let asked = try #require(directory.asked)
    #expect(asked.contains("CURRENT"))
    for name in asked where DatabaseFile(name: name) == .other(name) { Issue.record("opened \(name)") }
    #expect(hostile.count >= 200)
  }
}

/// Findings from other threads.
final class Collected: @unchecked Sendable {
  private(set) var findings: [Finding] = []
  func add(_ finding: Finding) { findings.append(finding) }
}

/// Zeros up to its last bytes, of any size, without memory for them.
final class SparseFile: RandomAccessFile, @unchecked Sendable {
  let name = "sparse.sst"
  let size: UInt64
  var tail: [UInt8] = []
  private(set) var largestRead = 0

  init(size: UInt64) { self.size = size }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    largestRead = max(largestRead, buffer.count)
    guard offset < size else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    let tailStart = size - UInt64(tail.count)
    for index in 0..<count {
      let place = offset + UInt64(index)
      buffer[index] = place < tailStart ? 0 : tail[Int(place - tailStart)]
    }
    return count
  }

  func adviseSequential() {}
  func dropCache(offset: UInt64, length: UInt64) {}
}
