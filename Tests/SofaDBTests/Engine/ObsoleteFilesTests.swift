/// What the file collection removes, and what it must leave alone.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ObsoleteFilesTests {
  private static func system(_ names: [String]) throws -> (SimulatedFileSystem, any Directory) {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    for name in names { try directory.create(name).close() }
    return (system, directory)
  }

  /// Tables 10 and 11, blob file 12; logs from 20 on are replayed.
  private static func version() -> Version {
    var linked = ManifestWriterTests.table(11, level: 1, "c", "d", 3...4)
    linked.oldestBlobFile = 12
    let family = ColumnFamily(
      id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 20,
      tables: [ManifestWriterTests.table(10, level: 1, "a", "b", 1...2), linked],
      blobFiles: [BlobFileMetadata(number: 12, count: 1, bytes: 40)])
    return Version(families: [family], lastSequence: 10, nextFileNumber: 90)
  }

  private static let needed = ObsoleteFiles.Needed(version: version(), manifestNumber: 30)

  private static let foreign = [
    "CURRENT", "LOCK", "IDENTITY", "LOG", "LOG.old", "LOG.old.1700000000000000", "notes.txt", "12.sst",
    "000009.sst.bak",
    "MANIFEST-abc", "000099.tmp",
  ]
  private static let live = [
    "000010.sst", "000011.ldb", "000012.blob", "000020.log", "000025.log", "MANIFEST-000030", "MANIFEST-000031",
    "000031.dbtmp", "OPTIONS-000028", "OPTIONS-000029",
  ]
  private static let dead = [
    "000007.sst", "000008.ldb", "000009.blob", "000019.log", "000030.dbtmp", "MANIFEST-000029", "OPTIONS-000027",
    "OPTIONS-000040.dbtmp",
  ]

  @Test func removesWhatNothingNeeds() throws {
    let (_, directory) = try Self.system(Self.foreign + Self.live + Self.dead)
    let files = try ObsoleteFiles(in: directory)
    let removal = files.remove(keeping: Self.needed)
    #expect(removal.removed.map(\.name) == Self.dead.sorted())
    #expect(removal.failed.isEmpty && removal.left == 0)
    #expect(try directory.entries().map(\.name).sorted() == (Self.foreign + Self.live).sorted())
    #expect(try ObsoleteFiles(in: directory).obsolete(Self.needed).isEmpty)
  }

  @Test func keepsWhatReadersAndJobsNeed() throws {
    let (_, directory) = try Self.system(Self.dead)
    var needed = Self.needed
    needed.tables = [7]
    needed.blobFiles = [9]
    needed.logs = [19]
    needed.pending = [8, 40]
    let files = try ObsoleteFiles(in: directory)
    let only = ["000030.dbtmp", "MANIFEST-000029"]
    #expect(files.obsolete(needed).map(\.name) == only)
    needed.isUnknown = true
    #expect(files.obsolete(needed).isEmpty)
    #expect(files.remove(keeping: needed).removed.isEmpty)
  }

  // A directory or a link is nobody's table, whatever its name.
  @Test func directoriesAndLinksStay() throws {
    let (system, directory) = try Self.system([])
    for name in ["000007.sst", "sofatool.undo", "archive", "000019.log"] { _ = try directory.createDirectory(name) }
    try system.plant(.symbolicLink, at: "db/000008.sst")
    #expect(try ObsoleteFiles(in: directory).obsolete(Self.needed).isEmpty)
  }

  // Museum E13, H1: a file that appears or is installed after the listing is not judged by it.
  @Test func whatCameAfterTheListingStays() throws {
    let (_, directory) = try Self.system(["000007.sst"])
    let files = try ObsoleteFiles(in: directory)
    try directory.create("000008.sst").close()
    #expect(files.remove(keeping: Self.needed).removed.map(\.name) == ["000007.sst"])
    #expect(try directory.entries().map(\.name) == ["000008.sst"])
  }

  @Test func workIsBoundedAndFailuresAreTriedAgain() throws {
    let (system, directory) = try Self.system((1...9).map { "00000\($0).sst" })
    var removal = try ObsoleteFiles(in: directory).remove(keeping: Self.needed, limit: 4)
    #expect(removal.removed.count == 4 && removal.left == 5)
    system.faults = .all([.remove], named: { $0 == "000006.sst" }, .fail(EIO))
    removal = try ObsoleteFiles(in: directory).remove(keeping: Self.needed)
    #expect(removal.removed.count == 4 && removal.failed.map(\.file) == [.table(6)])
    system.faults = .all([.remove], .failDone(EIO))
    removal = try ObsoleteFiles(in: directory).remove(keeping: Self.needed)
    #expect(removal.failed.count == 1)
    #expect(try directory.entries().isEmpty)
    // Somebody else was faster.
    let late = try Self.system(["000007.sst"]).1
    let files = try ObsoleteFiles(in: late)
    try late.remove("000007.sst")
    #expect(files.remove(keeping: Self.needed).failed.isEmpty)
  }

  // All that the real engines leave in a directory without a crash is needed.
  @Test(arguments: FixtureDatabase.databases.filter { $0.damage == nil && ($0.live?.isOK ?? false) })
  func healthyDirectoriesKeepWhatTheirStateNames(fixture: FixtureDatabase) throws {
    let system = try SimulatedFileSystem(copying: fixture.path)
    let directory = try system.directory(at: "db")
    let history = try ManifestReader.readCurrent(directory)
    let needed = ObsoleteFiles.Needed(
      version: history.version, manifestNumber: try CurrentFile.read(directory), twoPhaseCommit: true)
    let removed = try ObsoleteFiles(in: directory).remove(keeping: needed).removed
    let view = try DatabaseView(database: directory)
    #expect(view.problems.isEmpty)
    let tables = Set(view.families.flatMap(\.tables).map(\.number))
    for case .table(let number, _) in removed { #expect(!tables.contains(number)) }
    for number in tables {
      let names = [DatabaseFile.table(number).name, DatabaseFile.table(number, .ldb).name]
      #expect(try names.contains { try directory.attributes(of: $0) != nil })
    }
  }
}
