/// What must hold of every directory that a crash or a fault leaves of a running database.
///
///     I1 every write acknowledged as synced is there
///     I2 the state is that after a prefix of the commits
///     I3 batches are there whole or not at all
///     I4 nothing that the prefix deletes is visible
///     I5 opening needs nobody, and twice gives the same
///     I6 after recovery and a full compaction no check finds anything
///     I7 left-over files go
///     I8 RocksDB opens it and agrees
import SofaTesting

@testable import SofaDB

struct EngineImage {
  private typealias Broken = EngineRun.Broken

  let run: EngineRun
  let system: SimulatedFileSystem

  /// The `turn`th image of many: I1 to I4 of each, I5 and I7 of each fourth, I6 and the reads by key of each sixteenth.
  func check(turn: Int) throws { try check(isThorough: turn % 16 == 1, isBrief: turn % 4 != 1) }

  /// I1 to I4; unless `isBrief` also I5 and I7; `isThorough` also I6 and the reads by key.
  func check(isThorough: Bool, isBrief: Bool = false) throws {
    let database = try open()
    let contents = try EngineRun.contents(of: database)
    try run.require(contents)
    if isThorough { try compareGets(database, contents) }
    try database.close()
    if isBrief { return }
    try requireNoLeftovers()
    let again = try open()
    guard try EngineRun.contents(of: again) == contents else { throw Broken("the second opening differs") }
    if isThorough {
      for family in again.families { try again.compactRange(in: family) }
      guard try EngineRun.contents(of: again) == contents else { throw Broken("the compaction changed something") }
    }
    try again.close()
    if isThorough { try requireSound() }
    guard system.unclosedFiles.isEmpty else { throw Broken("not closed: \(system.unclosedFiles)") }
  }

  func open() throws(DatabaseError) -> Database {
    try Database.open("db", options: run.options, in: system)
  }

  /// Every key that was ever written is found, or not, as a scan says.
  private func compareGets(_ database: Database, _ contents: EngineRun.Contents) throws {
    var keys: Set<[UInt8]> = []
    for (_, change) in run.commits.lazy.flatMap(\.changes) {
      switch change {
      case .put(let key, _), .delete(let key), .singleDelete(let key), .merge(let key, _): keys.insert(key)
      case .deleteRange(let begin, let end): keys.formUnion([begin, end])
      }
    }
    for family in database.families {
      for key in keys {
        guard try database.get(key, in: family) == contents[family.id]?[key] else {
          throw Broken("a look-up of \(String(decoding: key, as: UTF8.self)) differs from the scan")
        }
      }
    }
  }

  /// After a close: CURRENT, its MANIFEST, one log, live tables, and little else.
  private func requireNoLeftovers() throws {
    let directory = try system.directory(at: "db")
    let history = try ManifestReader.readCurrent(directory)
    let needed = ObsoleteFiles.Needed(version: history.version, manifestNumber: try CurrentFile.read(directory))
    let obsolete = try ObsoleteFiles(in: directory).obsolete(needed)
    guard obsolete.isEmpty else { throw Broken("left over: \(obsolete.map(\.name))") }
    let names = try directory.entries().map { DatabaseFile(name: $0.name) }
    let logs = names.count { if case .log = $0 { true } else { false } }
    let manifests = names.count { if case .manifest = $0 { true } else { false } }
    guard logs <= 1, manifests == 1 else { throw Broken("\(logs) logs, \(manifests) MANIFESTs are left") }
  }

  private func requireSound() throws {
    let findings = Collected()
    _ = try Verify(database: try system.readableDirectory(at: "db"), jobs: 1).run { findings.add($0) }
    guard findings.findings.isEmpty else { throw Broken("findings: \(findings.findings.prefix(4).map { "\($0)" })") }
  }

  /// I8: the image as it is, before we touch it, read by RocksDB itself.
  func compareWithRocksDB(_ oracle: RocksOracle, _ arguments: [String]) throws {
    let temporary = try TemporaryDirectory()
    try system.export(as: "db", into: temporary.path)
    let there = try oracle.families("digest", temporary.path + "/db", arguments)
    let database = try open()
    var ours: [RocksOracle.Family] = []
    for family in database.families {
      let scan = try EngineImage.digest(database, family)
      ours.append(RocksOracle.Family(id: family.id, name: family.name, entries: scan.entries, digest: scan.digest))
    }
    try database.close()
    guard there.sorted(by: { $0.id < $1.id }) == ours.sorted(by: { $0.id < $1.id }) else {
      throw Broken("RocksDB reads \(there), we \(ours)")
    }
  }

  /// As `FamilyScan`, of a cursor of the engine.
  private static func digest(_ database: Database, _ family: LiveFamily) throws -> (entries: Int, digest: String) {
    var digest = SHA256()
    var entries = 0
    var cursor = try database.cursor(in: family)
    try cursor.seekToFirst()
    while cursor.isValid {
      for part in [[UInt8](cursor.key), [UInt8](cursor.value)] {
        withUnsafeBytes(of: UInt32(part.count).littleEndian) { digest.update($0) }
        part.withUnsafeBytes { digest.update($0) }
      }
      entries += 1
      try cursor.next()
    }
    let digits = Array("0123456789abcdef")
    return (entries, String(digest.digest().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
  }
}
