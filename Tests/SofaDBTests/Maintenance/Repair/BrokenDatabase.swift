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

  init(_ path: String) throws {
    system = try SimulatedFileSystem.importing(path)
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
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    return try repair.apply(to: database)
  }

  /// Everything outside the losses is as it was; a repaired database verifies clean and has nothing left to repair.
  func check(
    _ report: Repair.Report, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let errors = report.findings.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(what): \(errors.map(\.line))", sourceLocation: sourceLocation)
    let after = try BrokenDatabase.contents(directory)
    let losses = report.plan.losses
    let steps = report.plan.changes.map { "\($0.action) \($0.file) \($0.evidence)" }
    let orders = Dictionary(version.families.map { ($0.name, $0.order) }, uniquingKeysWith: { $1 })
    func isTold(_ key: [UInt8], _ family: String) -> Bool {
      losses.contains { loss in
        guard loss.kind != .manifestEdits, loss.family == nil || loss.family == family else { return false }
        let order = orders[family] ?? .bytewise
        let key = key + [UInt8](repeating: 0, count: order.timestampSize)
        return (loss.after.map { order.compareWithoutTimestamp($0, key) <= 0 } ?? true)
          && (loss.before.map { order.compareWithoutTimestamp(key, $0) <= 0 } ?? true)
      }
    }
    var differing = 0
    for family in Set(before.keys).union(after.keys) {
      let (old, new) = (before[family] ?? [:], after[family] ?? [:])
      for key in Set(old.keys).union(new.keys) where old[key] != new[key] && !isTold(key, family) { differing += 1 }
    }
    #expect(
      differing == 0, "\(what): \(differing) keys; \(steps); \(losses.map(\.line))", sourceLocation: sourceLocation)
    #expect(try plan().isNothing, "\(what): a second repair finds something", sourceLocation: sourceLocation)
  }
}

extension KeyOrder {
  fileprivate func compareWithoutTimestamp(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { one in
      b.withUnsafeBytes { compareWithoutTimestamp(withoutTimestamp(one), withoutTimestamp($0)) }
    }
  }
}
