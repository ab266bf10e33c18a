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

  convenience init(_ path: String) throws { try self.init(SimulatedFileSystem.importing(path)) }

  /// The directory `db` of `system`.
  init(_ system: SimulatedFileSystem) throws {
    self.system = system
    directory = try system.directory(at: "db")
    before = try BrokenDatabase.contents(directory)
    version = try ManifestReader.readCurrent(directory).version
  }

  static func contents(_ directory: any ReadableDirectory) throws -> Contents {
    let view = try DatabaseView(database: directory)
    var contents: Contents = [:]
    for family in view.families {
      contents[family.name] = [:]
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      while cursor.isValid {
        contents[family.name]?[[UInt8](cursor.userKey)] = [UInt8](cursor.value)
        try cursor.next()
      }
    }
    return contents
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

  /// Everything outside the losses is as it was, or as it is `expected`; nothing old comes to light unless a loss warns
  /// of it; a repaired database verifies clean and has nothing left to repair. With `trustsTables` no table was brought
  /// back, so nothing may come to light because that is not proven.
  func check(
    _ report: Repair.Report, _ what: String, expected: Contents? = nil, trustsTables: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let errors = report.findings.filter { $0.severity == .error }
    let steps = report.plan.changes.map { "\($0.action) \($0.file) \($0.level ?? -1) \($0.evidence)" }
    #expect(errors.isEmpty, "\(what): \(errors.map(\.line)); \(steps)", sourceLocation: sourceLocation)
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

  /// Whether a value came to light that something had hidden; of merged ones a part may be lost.
  private func isOlder(_ new: [UInt8]?, _ old: [UInt8]?) -> Bool {
    guard let new else { return false }
    return old.map { !$0.contains(0x2C) && !new.contains(0x2C) } ?? true
  }

  /// Whether a loss says that the key may be missing, or, if `isBack`, that older content of it may be seen.
  private func isTold(_ key: [UInt8], _ family: String, _ losses: [RepairLoss], isBack: Bool) -> Bool {
    let order = version.families.first { $0.name == family }?.order ?? .bytewise
    return losses.contains { loss in
      guard loss.kind != .manifestEdits, loss.family == nil || loss.family == family else { return false }
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
