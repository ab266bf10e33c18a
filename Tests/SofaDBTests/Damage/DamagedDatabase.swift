import SofaTesting
import Testing

@testable import SofaDB

/// A small database in memory, to be damaged file by file, and what its readers see while it is whole. For one thread.
final class DamagedDatabase: CustomStringConvertible {
  /// What a reader gets: a digest of each family, and whether it is told that anything is wrong.
  struct Seen: Equatable {
    var digests: [String: String] = [:]
    var isTold = false
  }

  /// Every kind of file that the engines leave beside each other.
  static let names = [
    "l123-levels", "l123-wal", "l123-empty", "r783-single", "r783-txn", "r783-cfwals", "r783-trackwal", "r783-recycle",
    "r1112-recycle", "r1075-trackwal", "r1075-timed", "r1075-wal-zstd", "r1075-atomicflush", "r1075-u64ts", "r783-blob",
    "r1075-blob-snappy", "r1075-blob-zstd-gc", "r1112-udt-stripped", "main-blob-direct", "main-entity-blob",
    "r783-rangedel-wal", "r1075-over-leveldb-l0", "r783-merge-append",
  ]

  let description: String
  let directory: MemoryDirectory
  let view: DatabaseView
  let whole: Seen
  private let version: Version

  init(_ name: String) throws {
    description = name
    let fixture = try FixtureDatabase(name)
    directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    view = try DatabaseView(database: directory)
    version = try #require(view.history?.version)
    whole = try DamagedDatabase.read(directory)
    let findings = try MuseumDirectoryTests.verify(directory)
    #expect(findings.isEmpty && !whole.isTold)
  }

  /// Names of all files, in order.
  var files: [String] { directory.files.keys.sorted() }

  /// Whether the MANIFEST does not list the file.
  func isUnused(_ name: String) -> Bool {
    switch DatabaseFile(name: name) {
    case .table(let number, _): !view.families.contains { $0.tables.contains { $0.number == number } }
    case .blob(let number): !version.blobFiles.contains { $0.number == number }
    default: false
    }
  }

  /// Whether nothing in the file is stored data: what `Verify` does not open.
  func ignores(_ name: String) -> Bool {
    switch DatabaseFile(name: name) {
    case .current, .manifest, .table, .blob: false
    case .log(let number): !view.logs.contains(number)
    default: true
    }
  }

  func read() throws -> Seen { try DamagedDatabase.read(directory) }

  private static func read(_ directory: MemoryDirectory) throws -> Seen {
    var seen = Seen()
    do throws(DatabaseError) {
      let view = try DatabaseView(database: directory)
      seen.isTold = !view.problems.isEmpty
      // As a dump does.
      for log in view.logs {
        let findings = try LogFindings.scan(FileTarget(directory, DatabaseFile.log(log).name))
        if findings.contains(where: { $0.severity > .info }) { seen.isTold = true }
      }
      if case .some(.torn) = view.history?.tail { seen.isTold = true }
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

  /// Whether `Verify` says something about the file `name`, which is damaged. The part of it that looks at this file
  /// is asked alone unless `completely`; what it says `Verify` says.
  func isReported(_ name: String, completely: Bool) throws -> Bool {
    if !completely, let findings = try partialFindings(name) {
      if findings.contains(where: { $0.severity > .info && $0.file == name }) { return true }
    }
    return try MuseumDirectoryTests.verify(directory).contains { $0.file == name }
  }

  private func partialFindings(_ name: String) throws -> [Finding]? {
    let file = try #require(directory.files[name])
    switch DatabaseFile(name: name) {
    case .current, .manifest:
      var audit = DirectoryAudit(directory)
      try audit.run()
      return audit.findings
    case .log(let number):
      guard view.logs.contains(number) else { return nil }
      var audit = LogAudit(
        file, number: number, isNewest: number == view.logs.last, plainOnly: version.dialect == .leveldb)
      try audit.run()
      return audit.findings
    case .blob(let number):
      for family in version.families {
        guard let blob = family.blobFiles.first(where: { $0.number == number }) else { continue }
        var audit = BlobAudit(file, DirectoryAudit.Blob(metadata: blob, family: family.id))
        try audit.run()
        return audit.findings
      }
      return nil
    default: return nil
    }
  }
}
