import SofaTesting
import Testing

@testable import SofaDB

/// A copy of a real directory in memory, to be damaged, repaired, and compared with what it held.
final class BrokenDatabase {
  /// Visible pairs by family.
  typealias Contents = [String: [[UInt8]: [UInt8]]]

  let system: SimulatedFileSystem
  let directory: any Directory
  let before: Contents
  let version: Version
  /// What logs held of each family, by sequence number.
  private let logged: [String: [SequenceNumber: KeyRange]]

  private struct KeyRange {
    var first: [UInt8]
    /// Excluded, of a range deletion.
    var end: [UInt8]?
  }

  convenience init(_ path: String) throws { try self.init(SimulatedFileSystem.importing(path)) }

  /// The directory `db` of `system`.
  init(_ system: SimulatedFileSystem) throws {
    self.system = system
    directory = try system.directory(at: "db")
    before = try BrokenDatabase.contents(directory)
    version = try ManifestReader.readCurrent(directory).version
    logged = try BrokenDatabase.writes(version, directory)
  }

  private static func writes(
    _ version: Version, _ directory: any ReadableDirectory
  ) throws -> [String: [SequenceNumber: KeyRange]] {
    var found: [String: [SequenceNumber: KeyRange]] = [:]
    let names = Dictionary(uniqueKeysWithValues: version.families.map { ($0.id, $0.name) })
    for entry in try directory.entries() {
      guard case .log(let number) = DatabaseFile(name: entry.name) else { continue }
      let reader = LogReader(file: try directory.open(entry.name), number: number)
      while let item = try reader.next() {
        guard case .record(let record) = item else { continue }
        var batch = try WriteBatchReader(record.bytes)
        while let operation = try batch.next() {
          guard let kind = operation.entryKind, let name = names[operation.family] else { continue }
          let end = kind == .rangeDeletion ? [UInt8](operation.value) : nil
          found[name, default: [:]][operation.sequence] = KeyRange(first: [UInt8](operation.key), end: end)
        }
      }
    }
    return found
  }

  /// Stands for a value in a blob file that is not there.
  static let unreadable = Array("unreadable".utf8)

  static func contents(_ directory: any ReadableDirectory) throws -> Contents {
    let view = try DatabaseView(database: directory)
    var contents: Contents = [:]
    for family in view.families {
      do { contents[family.name] = try scan(family, of: view) } catch {
        guard case .blob = DatabaseFile(name: DatabaseFile.baseName(error.file)), error.kind == .notFound else {
          throw error
        }
        contents[family.name] = try look(up: family, of: view)
      }
    }
    return contents
  }

  private static func scan(
    _ family: DatabaseView.Family, of view: DatabaseView
  ) throws(DatabaseError) -> [[UInt8]: [UInt8]] {
    var pairs: [[UInt8]: [UInt8]] = [:]
    var cursor = try view.cursor(family)
    try cursor.seekToFirst()
    while cursor.isValid {
      pairs[[UInt8](cursor.userKey)] = [UInt8](cursor.value)
      try cursor.next()
    }
    return pairs
  }

  /// Key by key, since a scan ends at the first value that cannot be read.
  private static func look(
    up family: DatabaseView.Family, of view: DatabaseView
  ) throws -> [[UInt8]: [UInt8]] {
    var keys: Set<[UInt8]> = []
    var all = try view.allVersions(family)
    try all.seekToFirst()
    while all.isValid {
      keys.insert([UInt8](all.key.internalKeyUserKey))
      try all.next()
    }
    var pairs: [[UInt8]: [UInt8]] = [:]
    var cursor = try view.cursor(family)
    for key in keys {
      do throws(DatabaseError) {
        try cursor.seek(key)
        if cursor.isValid, cursor.userKey.elementsEqual(key) { pairs[key] = [UInt8](cursor.value) }
      } catch {
        // It stands on the next visible key, which may be another one.
        if cursor.userKey.elementsEqual(key) { pairs[key] = unreadable }
      }
    }
    return pairs
  }

  // MARK: Damage

  func bytes(_ name: String) throws -> [UInt8] {
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { [UInt8](content.bytes) }
  }

  func replace(_ name: String, _ bytes: [UInt8]) throws {
    if try directory.attributes(of: name) != nil { try directory.remove(name) }
    let file = try directory.create(name)
    try bytes.withUnsafeBytes { try file.append($0) }
    try file.sync()
    try file.close()
    try directory.sync()
  }

  func change(_ name: String, _ damage: (inout [UInt8]) -> Void) throws {
    var bytes = try bytes(name)
    damage(&bytes)
    try replace(name, bytes)
  }

  func remove(_ isWanted: (DatabaseFile) -> Bool) throws {
    for entry in try directory.entries() where isWanted(DatabaseFile(name: entry.name)) {
      try directory.remove(entry.name)
    }
  }

  func removeManifests() throws {
    try remove { file in
      if case .manifest = file { return true }
      return file == .current
    }
  }

  /// Live tables, by name, with their family.
  func tables() throws -> [(name: String, table: TableMetadata, family: ColumnFamily)] {
    try version.families.flatMap { family in
      try family.tables.map { table in
        let name = DatabaseFile.table(table.number, .sst).name
        let exists = try directory.attributes(of: name) != nil
        return (exists ? name : DatabaseFile.table(table.number, .ldb).name, table, family)
      }
    }
  }

  // MARK: Repair

  func plan() throws -> RepairPlan {
    var repair = Repair()
    repair.jobs = 1
    return try repair.plan(directory)
  }

  func repair(_ adopted: Set<String> = []) throws -> Repair.Report {
    var repair = Repair()
    repair.jobs = 1
    repair.adopted = adopted
    let database = try ExclusiveDatabase("db", in: system, isFromTables: true)
    defer { database.close() }
    return try repair.apply(to: database)
  }

  /// Everything outside the losses of keys is as it was, or as it is `expected`, which is without what the losses of
  /// log records and blob files name; nothing old comes to light unless a loss warns
  /// of it; a repaired database verifies clean and has nothing left to repair. With `trustsTables` no table was brought
  /// back, so nothing may come to light because that is not proven.
  func check(
    _ report: Repair.Report, _ what: String, expected: Contents? = nil, trustsTables: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let lostBlobs = Set(report.plan.losses.filter { $0.kind == .blobs }.map { Optional($0.file) })
    let errors = report.findings.filter { $0.severity == .error && !lostBlobs.contains($0.file) }
    let steps = report.plan.changes.map { "\($0.action) \($0.file) \($0.level ?? -1) \($0.evidence)" }
    #expect(errors.isEmpty, "\(what): \(errors.map(\.line)); \(steps)", sourceLocation: sourceLocation)
    let isModelled = expected != nil
    let expected = expected ?? before
    let after = try BrokenDatabase.contents(directory)
    // What damage hides of a table might have proven something.
    let losses = report.plan.losses.filter { loss in
      if case .table = DatabaseFile(name: loss.file) { return true }
      return loss.kind != .liveness || !trustsTables
    }
    let told = losses.map(\.line) + report.plan.remarks
    var differing: [String] = []
    for family in Set(expected.keys).union(after.keys) {
      let (old, new) = (expected[family] ?? [:], after[family] ?? [:])
      for key in Set(old.keys).union(new.keys).sorted(by: { $0.lexicographicallyPrecedes($1) })
      where old[key] != new[key] && !isTold(key, family, losses, isBack: isOlder(new[key], old[key])) {
        if !isModelled, isLogged(key, family, losses) { continue }
        let change = old[key] == nil ? "is back" : new[key] == nil ? "is gone" : "is another"
        differing.append("\(family) \(String(decoding: key, as: UTF8.self)) \(change)")
      }
    }
    #expect(
      differing.isEmpty,
      "\(what): \(differing.count) keys, \(differing.prefix(4)); \(steps); \(told)",
      sourceLocation: sourceLocation)
    #expect(try plan().isNothing, "\(what): a second repair finds something", sourceLocation: sourceLocation)
  }

  /// Whether a lost stretch of a log had a write to the key.
  private func isLogged(_ key: [UInt8], _ family: String, _ losses: [RepairLoss]) -> Bool {
    let order = version.families.first { $0.name == family }?.order ?? .bytewise
    let numbers = losses.compactMap(\.lostLogNumbers)
    return logged[family]?.contains { sequence, keys in
      let isOfKey =
        keys.end.map { order.compare(keys.first, key) <= 0 && order.compare(key, $0) < 0 } ?? (keys.first == key)
      return isOfKey && numbers.contains { $0.contains(sequence) }
    } ?? false
  }

  /// Whether a value came to light that something had hidden; of merged ones a part may be lost.
  private func isOlder(_ new: [UInt8]?, _ old: [UInt8]?) -> Bool {
    guard let new else { return false }
    return old.map { !$0.contains(0x2C) && !new.contains(0x2C) } ?? true
  }

  /// Whether a loss says that the key may be missing, or, if `isBack`, that older content of it may be seen.
  private func isTold(_ key: [UInt8], _ family: String, _ losses: [RepairLoss], isBack: Bool) -> Bool {
    let order = version.families.first { $0.name == family }?.order ?? .bytewise
    return losses.contains { loss in
      guard loss.kind != .manifestEdits, loss.kind != .blobs, loss.lostLogNumbers == nil else { return false }
      guard loss.family == nil || loss.family == family else { return false }
      guard loss.mayResurface || !isBack else { return false }
      let key = key + [UInt8](repeating: 0, count: order.timestampSize)
      return (loss.after.map { order.compareWithoutTimestamp($0, key) <= 0 } ?? true)
        && (loss.before.map { order.compareWithoutTimestamp(key, $0) <= 0 } ?? true)
    }
  }
}

extension KeyOrder {
  fileprivate func compareWithoutTimestamp(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { one in
      b.withUnsafeBytes { compareWithoutTimestamp(withoutTimestamp(one), withoutTimestamp($0)) }
    }
  }
}
