/// A history of installs over two families, and the states that it passes through.
import SofaTesting

@testable import SofaDB

struct VersionSetCase {
  struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// Family id to its tables, as "level/number".
  typealias State = [UInt32: Set<String>]

  /// The MANIFEST is replaced every few installs.
  static let rolloverSize: UInt64 = 400

  static func version(nextFileNumber: UInt64 = 500) -> Version {
    ManifestWriterTests.version(
      [ManifestWriterTests.table(10, level: 1, "a", "b", 1...2)], lastSequence: 2, next: nextFileNumber)
  }

  /// A directory whose CURRENT names a MANIFEST of another run.
  static func start() throws -> SimulatedDisk {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    try ManifestWriter.write(version(), as: DatabaseFile.manifest(5).name, in: directory)
    try CurrentFile.replace(directory, manifest: 5)
    system.settle()
    return system.disk
  }

  static func open(_ system: SimulatedFileSystem, rolloverSize: UInt64 = rolloverSize) throws -> VersionSet {
    let directory = try system.directory(at: "db")
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    return try VersionSet(version, in: directory, rolloverSize: rolloverSize)
  }

  // MARK: The history

  static let stepCount = 12

  /// What step `index` installs: a new table of one or of both families, as a group then; each fourth also moves the
  /// table of the step before. Family 1 comes with the first step, family 2 comes and goes.
  static func edits(_ index: Int) -> [VersionEdit] {
    func addition(_ family: UInt32) -> VersionEdit {
      var edit = VersionEdit(family: family)
      edit.newTables = [table(index, family: family, level: 2)]
      edit.logNumber = UInt64(index)
      return edit
    }
    switch index {
    case 0, 5:
      var edit = VersionEdit(family: index == 0 ? 1 : 2)
      edit.comparator = KeyOrder.bytewise.name
      edit.addedFamily = index == 0 ? "one" : "two"
      return [edit]
    case 8:
      var edit = VersionEdit(family: 2)
      edit.dropsFamily = true
      return [edit]
    case 3, 7, 11:
      var move = VersionEdit(family: 0)
      move.deletedTables = [.init(level: 2, number: number(index - 1, family: 0))]
      move.newTables = [table(index - 1, family: 0, level: 3)]
      return [move, addition(1)]
    case 6: return [addition(0), addition(1), addition(2)]
    default: return [addition(0)]
    }
  }

  private static func number(_ index: Int, family: UInt32) -> UInt64 { 100 + UInt64(index) * 3 + UInt64(family) }

  private static func table(_ index: Int, family: UInt32, level: Int) -> TableMetadata {
    let letter = String(UnicodeScalar(UInt8(ascii: "c") + UInt8(index)))
    let sequence = UInt64(10 + index)
    return ManifestWriterTests.table(
      number(index, family: family), level: level, letter, letter + "x", sequence...sequence, epoch: nil)
  }

  /// The states before the first step and after each.
  static let states: [State] = {
    var states: [State] = [[0: ["1/10"]]]
    var builder = VersionBuilder(version())
    for index in 0..<stepCount {
      let edits = edits(index)
      do {
        for (position, var edit) in edits.enumerated() {
          edit.remainingInGroup = edits.count > 1 ? UInt32(edits.count - 1 - position) : nil
          try builder.apply(edit)
        }
      } catch { preconditionFailure("\(error)") }
      states.append(state(builder.build()))
    }
    return states
  }()

  static func state(_ version: Version) -> State {
    Dictionary(
      uniqueKeysWithValues: version.families.map { ($0.id, Set($0.tables.map { "\($0.level)/\($0.number)" })) })
  }

  static func install(_ index: Int, into set: VersionSet) throws(DatabaseError) {
    try set.install(edits(index), lastSequence: UInt64(10 + index))
  }

  // MARK: Judging

  /// The format's own limit: a last record all there, of which one sector is wrong, may be a write that a crash tore or
  /// one that was acknowledged and has rotted since. It is refused, as RocksDB does.
  static func isTornRecord(_ image: CrashImage) -> Bool {
    guard image.persistence == .torn, image.operation?.kind == .append else { return false }
    do {
      let history = try ManifestReader.readCurrent(image.fileSystem.readableDirectory(at: "db"))
      guard case .corrupt(let error) = history.tail, error.detail.hasPrefix("checksum mismatch") else { return false }
      return history.name == image.operation?.name
    } catch {
      return false
    }
  }

  /// How many steps the directory's state holds, whole. Throws when it holds no prefix of them, or cannot be read.
  static func steps(_ system: SimulatedFileSystem) throws -> Int {
    let directory = try system.readableDirectory(at: "db")
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    guard VersionInvariants.check(version).isEmpty else { throw Broken("\(VersionInvariants.check(version))") }
    guard let steps = states.firstIndex(of: state(version)) else {
      throw Broken("no prefix of the installs: \(state(version))")
    }
    return steps
  }
}
