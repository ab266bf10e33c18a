import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits in every file of whole databases: `Verify` names the file, unless nothing can know; a reader sees what
/// was written, or a part of it and is told, or nothing and is told.
@Suite struct DirectoryDamageTests {
  /// Flips in a file, at most. Tables have tests of their own.
  private static func flips(in name: String) -> Int {
    #if DEBUG
      return 40
    #else
      if case .table = DatabaseFile(name: name) { return 100 }
      return 1500
    #endif
  }

  static let databases = [
    "l123-levels", "l123-wal", "l123-empty", "r783-single", "r783-txn", "r783-cfwals", "r783-trackwal", "r783-recycle",
    "r1075-timed", "r1075-wal-zstd", "r1075-atomicflush", "r1075-u64ts", "r783-blob", "r1075-blob-snappy",
    "r1075-blob-zstd-gc", "r1112-udt-stripped", "main-blob-direct", "main-entity-blob", "r783-rangedel-wal",
    "r1075-over-leveldb-l0",
  ]

  /// Files, or parts of them, in which a flip may go unreported, with the reason.
  private static func isUnprotected(_ name: String, byte: Int, _ whole: MemoryFile, _ view: DatabaseView) -> String? {
    switch DatabaseFile(name: name) {
    case .options: return "OPTIONS has no checksum, and is a hint only"
    case .log(let number):
      if !view.logs.contains(number) { return "a log whose contents are in tables already" }
      if isPadding(byte, whole) { return "the zero fill at the end of a log's block" }
      return nil
    case .blob(let number):
      let isLive = view.history?.version.blobFiles.contains { $0.number == number } ?? false
      if !isLive { return "a blob file that is not live" }
      return nil
    case .table(let number, _):
      let isLive = view.families.contains { $0.tables.contains { $0.number == number } }
      if !isLive { return "a table that is not live" }
      return nil
    case .current, .manifest: return nil
    default: return "no part of the database: \(name)"
    }
  }

  /// Fewer than seven bytes before a multiple of 32 KiB, all zero: no header fits there.
  private static func isPadding(_ byte: Int, _ file: MemoryFile) -> Bool {
    let end = byte / LogFormat.blockSize * LogFormat.blockSize + LogFormat.blockSize
    guard end - byte < 7, end <= file.content.count else { return false }
    let start = end - 6
    return file.content[byte..<end].allSatisfy { $0 == 0 } && byte >= start
  }

  private struct Seen: Equatable {
    var digests: [String: String] = [:]
    var isTold = false
  }

  private static func read(_ directory: MemoryDirectory) throws -> Seen {
    var seen = Seen()
    do throws(DatabaseError) {
      let view = try DatabaseView(database: directory)
      seen.isTold = !view.problems.isEmpty || view.incidents.contains { $0.event.stopsReplay || $0.event.length > 0 }
      for family in view.families where family.order.isKnown {
        let scan = try FamilyScan(view.cursor(family))
        seen.digests[family.name] = scan.digest + scan.entityDigest
      }
    } catch {
      guard [.corruption, .notFound, .unsupported].contains(error.kind) else { throw error }
      seen.isTold = true
    }
    return seen
  }

  @Test(arguments: databases) func everyFile(name: String) throws {
    let fixture = try FixtureDatabase(name)
    let directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    let healthy = try MuseumDirectoryTests.verify(directory)
    #expect(healthy.isEmpty)
    let view = try DatabaseView(database: directory)
    let whole = try DirectoryDamageTests.read(directory)
    var failures: [String] = []
    for (name, file) in directory.files.sorted(by: { $0.key < $1.key }) where !file.content.isEmpty {
      let original = MemoryFile(file.content, name: name)
      let bits = file.content.count * 8
      // A step without common factors, so that all bits of bytes get their turn.
      for bit in stride(from: 0, to: bits, by: max(1, bits / DirectoryDamageTests.flips(in: name)) | 1) {
        file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
        defer { file.content[bit >> 3] ^= 1 << UInt8(bit & 7) }
        let unprotected = DirectoryDamageTests.isUnprotected(name, byte: bit >> 3, original, view)
        let findings = try MuseumDirectoryTests.verify(directory)
        if unprotected == nil, !findings.contains(where: { $0.file == name }) {
          failures.append("\(name), bit \(bit): \(findings.map(\.line))")
        }
        // Reading is slower; logs and the small files are what only it can get wrong.
        guard bit % 8 == 0 || bits < 8000 else { continue }
        let seen = try DirectoryDamageTests.read(directory)
        if !seen.isTold, seen.digests != whole.digests {
          failures.append("\(name), bit \(bit): other content in silence")
        }
      }
    }
    guard !failures.isEmpty else { return }
    Issue.record("\(name): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }
}
