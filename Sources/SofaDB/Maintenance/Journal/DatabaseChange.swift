internal import Synchronization

/// One change of a database by an offline command, all or nothing.
///
///     let database = try ExclusiveDatabase(path, in: fileSystem)
///     let change = try DatabaseChange("compact", of: database, base: version)
///     let number = change.newNumber()
///     ... create `change.tableName(number)` in `change.staging`, sync and close it ...
///     let id = try change.commit(newVersion, summary: "...")
///
/// The order of the steps, each durable before the next; the reasons are in `Journal`:
///
///     1. the entry in the journal, then the new files in its new/
///     2. the new MANIFEST in new/, read back; the state it gives is checked, with every file that it names
///     3. hard links of all that goes away, and of CURRENT, in old/
///     4. change.json
///     5. hard links of all that comes, in the database's directory
///     6. CURRENT, by rename: the commit
///     7. the names of what went away are removed; old/ keeps the bytes
///
/// An error before step 6 leaves the database as it was.
public final class DatabaseChange: Sendable {
  /// Where the new files are created, under their final names.
  public let staging: any Directory

  private let database: any Directory
  private let journal: Journal
  private let entry: OpenJournalEntry
  private let base: Version?
  private let time: any TimeSource
  private let dialect: ManifestDialect
  private let next: Mutex<UInt64>

  /// `command` becomes part of the id. `base` is the present state; nil when it cannot be read.
  public init(_ command: String, of database: ExclusiveDatabase, base: Version?) throws(DatabaseError) {
    self.database = database.directory
    self.base = base
    time = database.time
    dialect = base?.dialect ?? .rocksdb
    journal = database.journal
    var largest = try journal.largestNumber()
    for entry in try database.directory.entries() {
      largest = max(largest, DatabaseFile(name: entry.name).number ?? 0)
    }
    largest = max(largest, (base?.nextFileNumber ?? 1) - 1)
    guard largest < VersionEdit.largestFileNumber - (1 << 32) else {
      throw DatabaseError(.unsupported, file: database.directory.path, "its file numbers are used up")
    }
    next = Mutex(largest + 1)
    entry = try journal.begin(command)
    staging = try entry.staging()
  }

  /// A number that no file has or had. Any thread.
  public func newNumber() -> UInt64 {
    next.withLock { next in
      next += 1
      return next - 1
    }
  }

  /// The ending that the database's engine gives to its tables.
  public var tableSuffix: DatabaseFile.TableSuffix { dialect == .leveldb ? .ldb : .sst }

  /// The name of a new table.
  public func tableName(_ number: UInt64) -> String { DatabaseFile.table(number, tableSuffix).name }

  /// Keeps a report beside the change, for people; it goes when the change is discarded or undone.
  public func write(report: [UInt8]) throws(DatabaseError) { try entry.write(report: report) }

  /// Forgets everything; the database is as it was. Called when the work before `commit` fails or is cancelled; after
  /// a commit, also one that failed, it does no harm.
  public func abandon() {
    do throws(DatabaseError) {
      let present = try Journal.entries(of: database).first { $0.id == entry.id }
      guard present?.state == .unfinished else { return }
      try entry.rollBack()
      try journal.removeIfEmpty()
    } catch {
      // Whoever abandons has an error that says more; the next change clears the rest away.
    }
  }

  /// Makes `version` the state of the database and returns the change's id. Its next file number is set here. All
  /// tables and blob files of the base that `version` does not name are taken away, and the files `removing` besides.
  ///
  /// Throws `unsettled` when the change is in place, or may be, and a crash may still take it back; after any other
  /// error the database is as it was. Throws `corruption` when `version` breaks a rule that the base did not, unless
  /// `forced`. `sources` are digests of what came from outside; `isFinal` keeps the change from being undone.
  public func commit(
    _ version: Version, removing extra: [String] = [], summary: String, forced: Bool = false,
    sources: [[UInt8]] = [], isFinal: Bool = false
  ) throws(DatabaseError) -> String {
    do throws(DatabaseError) {
      let number = newNumber()
      let version = try numbered(version, next: number + 1)
      if !forced { try check(version) }
      let name = DatabaseFile.manifest(number).name
      try ManifestWriter.write(version, as: name, in: staging)
      let removed = try namesToRemove(version, extra)
      try checkFiles(of: version, removed: removed)
      try entry.keep(removed.map(\.name))
      var record = try record(number, removed, summary + passedOver())
      record.sources = sources
      record.isFinal = isFinal
      try entry.write(record)
      try entry.publish()
      try CurrentFile.replace(database, manifest: number)
    } catch {
      throw afterFailure(error)
    }
    do throws(DatabaseError) {
      try entry.finish()
    } catch {
      // The change has taken place; the next command tidies up.
    }
    return entry.id
  }

  /// What a failure means depends on CURRENT: when it names the new MANIFEST the change must not be rolled back.
  private func afterFailure(_ error: DatabaseError) -> DatabaseError {
    do throws(DatabaseError) {
      let entries = try Journal.entries(of: database)
      if entries.first(where: { $0.id == entry.id })?.state == .committed {
        return DatabaseError(
          .unsettled, file: error.file, offset: error.offset,
          "\(error.detail); the change is in place, but a crash may still take it back. Run the command again")
      }
    } catch {
      // Not knowing is a reason to touch nothing.
      return DatabaseError(
        .unsettled, file: error.file, offset: error.offset, "\(error.detail); the next command settles the change")
    }
    abandon()
    return error
  }

  /// What the old MANIFEST has and the new one cannot: the old one stays in the journal.
  private func passedOver() -> String {
    guard let tags = base?.passedOver.sorted(), !tags.isEmpty else { return "" }
    return "; records with the unknown tags \(tags.map(String.init).joined(separator: ", ")) are not carried over"
  }

  private func numbered(_ version: Version, next: UInt64) throws(DatabaseError) -> Version {
    var edit = VersionEdit()
    edit.nextFileNumber = max(next, version.nextFileNumber)
    var builder = VersionBuilder(version)
    try builder.apply(edit)
    return builder.build()
  }

  private func check(_ version: Version) throws(DatabaseError) {
    let known = base.map { VersionInvariants.check($0) } ?? []
    let broken = VersionInvariants.check(version).first { violation in
      !known.contains { $0.rule == violation.rule && $0.files == violation.files }
    }
    if let broken {
      throw DatabaseError(.corruption, file: database.path, "the new state would be wrong: \(broken.detail)")
    }
  }

  private func namesToRemove(_ version: Version, _ extra: [String]) throws(DatabaseError) -> [ChangeRecord.File] {
    let wanted = DatabaseChange.files(of: version)
    let gone = base.map { DatabaseChange.files(of: $0).subtracting(wanted) } ?? []
    var removed: [ChangeRecord.File] = []
    for entry in try database.entries() where entry.kind == .file {
      let file = DatabaseFile(name: entry.name)
      let isOldManifest = if case .manifest = file { true } else { false }
      let isGone = file.holdsEntries && file.number.map(gone.contains) == true
      guard isGone || isOldManifest || extra.contains(entry.name) else { continue }
      guard let size = try database.attributes(of: entry.name)?.size else { continue }
      removed.append(ChangeRecord.File(name: entry.name, size: size))
    }
    return removed.sorted { $0.name < $1.name }
  }

  /// Numbers of tables and blob files.
  private static func files(of version: Version) -> Set<UInt64> {
    Set(version.families.flatMap { $0.tables.map(\.number) + $0.blobFiles.map(\.number) })
  }

  /// Every file that the state names is there with the size that it says, in new/ or in the database.
  private func checkFiles(of version: Version, removed: [ChangeRecord.File]) throws(DatabaseError) {
    var sizes: [UInt64: (name: String, size: UInt64)] = [:]
    let taken = Set(removed.map(\.name))
    for directory in [database, staging] {
      for entry in try directory.entries() where entry.kind == .file && !taken.contains(entry.name) {
        let file = DatabaseFile(name: entry.name)
        guard file.holdsEntries, let number = file.number else { continue }
        sizes[number] = (entry.name, try directory.attributes(of: entry.name)?.size ?? 0)
      }
    }
    let old = base.map { DatabaseChange.files(of: $0) } ?? []
    for family in version.families {
      for table in family.tables where sizes[table.number]?.size != table.size {
        // What was wrong before is not this change's to refuse.
        if old.contains(table.number) { continue }
        throw DatabaseError(
          .corruption, file: DatabaseFile.table(table.number).name,
          "the new state says \(table.size) bytes, and there are \(sizes[table.number]?.size ?? 0)")
      }
      for blob in family.blobFiles where sizes[blob.number] == nil && !old.contains(blob.number) {
        throw DatabaseError(
          .corruption, file: DatabaseFile.blob(blob.number).name, "the new state names it: it is missing")
      }
    }
  }

  private func record(
    _ manifest: UInt64, _ removed: [ChangeRecord.File], _ summary: String
  ) throws(DatabaseError) -> ChangeRecord {
    let name = DatabaseFile.manifest(manifest).name
    var added: [ChangeRecord.File] = []
    var manifestSize: UInt64 = 0
    var logs: [ChangeRecord.File] = []
    for entry in try staging.entries() where entry.kind == .file {
      let file = ChangeRecord.File(name: entry.name, size: try staging.attributes(of: entry.name)?.size ?? 0)
      if entry.name == name { manifestSize = file.size } else { added.append(file) }
      if case .log = DatabaseFile(name: entry.name) { logs.append(file) }
    }
    let taken = Set(removed.map(\.name))
    for entry in try database.entries() where !taken.contains(entry.name) {
      guard case .log = DatabaseFile(name: entry.name) else { continue }
      logs.append(.init(name: entry.name, size: try database.attributes(of: entry.name)?.size ?? 0))
    }
    return ChangeRecord(
      id: entry.id, summary: summary, time: time.now, manifest: manifest, manifestSize: manifestSize,
      manifestDigest: try JournalEntry.digest(of: name, in: staging),
      added: added.sorted { $0.name < $1.name }, removed: removed, logs: logs.sorted { $0.name < $1.name })
  }
}

extension Directory {
  /// Throws `noSpace` when fewer than `bytes` are free: what is missing is better known before than after hours.
  /// `advice` says what else can be done; the sentence goes on behind it.
  func requireSpace(_ bytes: UInt64, advice: String) throws(DatabaseError) {
    let available = try availableBytes()
    guard bytes > available else { return }
    throw DatabaseError(
      .noSpace, file: path,
      "this needs up to \(bytes) bytes, and \(available) are free; \(advice), or free space (undo --list shows what "
        + "old changes hold)")
  }
}

extension DatabaseFile {
  /// A table or a blob file.
  fileprivate var holdsEntries: Bool {
    switch self {
    case .table, .blob: true
    default: false
    }
  }
}
