/// A copy of a fixture in the simulation, edited as the command does it, with what its readers see.
import SofaTesting

@testable import SofaDB

struct EditCase {
  /// What a reader sees of one key.
  struct Seen: Equatable {
    var sequence: SequenceNumber
    var value: [UInt8]
  }

  let system: SimulatedFileSystem

  init(_ fixture: String) throws {
    system = try SimulatedFileSystem.importing(FixtureDatabase(fixture).path)
  }

  init(_ system: SimulatedFileSystem) { self.system = system }

  var directory: any Directory { get throws { try system.directory(at: "db") } }

  func version() throws -> Version { try ManifestReader.readCurrent(directory).readableVersion() }

  func plan(
    _ edits: ManifestEdit..., atEdit: Int? = nil, family: String? = nil, rebuilds: Bool = false
  ) throws -> ManifestPlan {
    try plan(edits, atEdit: atEdit, family: family, rebuilds: rebuilds)
  }

  func plan(
    _ edits: [ManifestEdit], atEdit: Int? = nil, family: String? = nil, rebuilds: Bool = false
  ) throws -> ManifestPlan {
    try EditManifest(directory, .init(edits: edits, atEdit: atEdit, family: family, rebuilds: rebuilds)).run()
  }

  /// Plans and commits under the lock; returns the change's id.
  @discardableResult
  func commit(
    _ edits: ManifestEdit..., atEdit: Int? = nil, family: String? = nil, rebuilds: Bool = false, forced: Bool = false
  ) throws -> String {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    let request = EditManifest.Request(edits: edits, atEdit: atEdit, family: family, rebuilds: rebuilds)
    let plan = try EditManifest(database.directory, request).run()
    return try EditManifest.commit(plan, to: database, forced: forced)
  }

  func undo() throws {
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    if let last = try database.changes().last { try database.undo(last.id) }
  }

  /// Name and content of every file, without LOCK.
  func files() throws -> JournalTests.Files { try JournalTests.files(directory) }

  /// Everything that readers see, by family and key.
  func seen() throws -> [String: [[UInt8]: Seen]] {
    let view = try DatabaseView(database: directory)
    var all: [String: [[UInt8]: Seen]] = [:]
    for family in view.families where family.order.isKnown {
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      var entries: [[UInt8]: Seen] = [:]
      while cursor.isValid {
        let operands = cursor.content == .operands ? cursor.operands.flatMap { $0 } : []
        let columns = cursor.content == .entity ? (cursor.entity?.columns ?? []).flatMap { $0.name + $0.value } : []
        entries[[UInt8](cursor.userKey)] = Seen(
          sequence: cursor.sequence, value: [UInt8](cursor.value) + operands + columns)
        try cursor.next()
      }
      all[family.name] = entries
    }
    return all
  }

  /// The same counts as `VisibilityComparison`, from two whole scans.
  static func changes(
    _ before: [String: [[UInt8]: Seen]], _ after: [String: [[UInt8]: Seen]]
  ) -> [String: [VisibilityChange.Effect: UInt64]] {
    var counts: [String: [VisibilityChange.Effect: UInt64]] = [:]
    for name in Set(before.keys).union(after.keys) {
      let (old, new) = (before[name] ?? [:], after[name] ?? [:])
      for key in Set(old.keys).union(new.keys) {
        let effect: VisibilityChange.Effect? =
          switch (old[key], new[key]) {
          case (_?, nil): .vanish
          case (nil, _?): .appear
          case (let a?, let b?) where a.sequence != b.sequence: b.sequence < a.sequence ? .older : .newer
          case (let a?, let b?) where a.value != b.value: .other
          default: nil
          }
        if let effect { counts[name, default: [:]][effect, default: 0] += 1 }
      }
    }
    return counts
  }

  static func counts(_ changes: [VisibilityChange]) -> [String: [VisibilityChange.Effect: UInt64]] {
    var counts: [String: [VisibilityChange.Effect: UInt64]] = [:]
    for change in changes { counts[change.family, default: [:]][change.effect] = change.entries }
    return counts
  }

  /// Writes the state anew with a last record that deletes `number`, as an engine's MANIFEST looks behind a compaction
  /// that was to remove the table's file.
  func orphan(_ number: UInt64) throws {
    let version = try version()
    guard let family = version.families.first(where: { $0.tables.contains { $0.number == number } }),
      let table = family.tables.first(where: { $0.number == number })
    else { return }
    var deletion = VersionEdit(family: family.id)
    deletion.deletedTables = [.init(level: table.level, number: number)]
    try rewrite(ManifestWriter.snapshot(of: version) + [deletion], as: 990)
  }

  /// Makes a MANIFEST of these records the live one.
  func rewrite(_ edits: [VersionEdit], as number: UInt64) throws {
    let directory = try directory
    let dialect = try version().dialect
    let file = try directory.create(DatabaseFile.manifest(number).name)
    let writer = ManifestWriter(file: file, dialect: dialect)
    for edit in edits { try writer.append([edit]) }
    try writer.sync()
    try writer.close()
    try CurrentFile.replace(directory, manifest: number)
  }

  /// Replaces a file's content.
  func overwrite(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    let directory = try directory
    let file = try directory.open(name)
    let old = try file.readExactly(Int(file.size), at: 0)
    var content = withExtendedLifetime(old) { [UInt8](old.bytes) }
    change(&content)
    try directory.remove(name)
    let new = try directory.create(name)
    try content.withUnsafeBytes { try new.append($0) }
    try new.sync()
    try new.close()
  }
}
