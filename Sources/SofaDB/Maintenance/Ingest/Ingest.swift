/// Adds tables from outside to a database that nobody has open, all in one change that can be undone.
///
/// Each table is read in full first, and its copy is compared with it. The sources are never written: a sequence number
/// that a table gets is recorded in the MANIFEST alone. What is in the database already, byte for byte, is left out, so
/// that a run may be repeated.
public struct Ingest: Sendable {
  public enum Mode: String, Sendable, CaseIterable {
    /// The database gets a file of its own.
    case copy
    /// The database's file and the source are one; the source must not be changed any more.
    case link
    /// As `link`, and the source's name is removed when the change is durable. It cannot be undone.
    case move
  }

  public var tables: [FileTarget]
  public var mode = Mode.copy
  /// Column family by name; nil for what each table says.
  public var family: String?
  public var createsFamily = false
  /// Below all existing data instead of above.
  public var goesBehind = false
  /// True ends the work with `cancelled` and leaves the database as it was.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told how many of how many bytes are copied.
  public var progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in }

  private static let piece = 1 << 20

  public init(_ tables: [FileTarget]) { self.tables = tables }

  /// Checks the tables and says where they would go. Writes nothing and takes no lock.
  public func plan(_ directory: any ReadableDirectory) throws(DatabaseError) -> IngestPlan {
    try IngestPlan(self, in: directory)
  }

  /// The id of the change, nil when everything was there already. `sources` opens a directory of sources for linking
  /// and moving.
  public func run(
    _ database: ExclusiveDatabase, sources: any FileSystem
  ) throws(DatabaseError) -> (plan: IngestPlan, change: String?) {
    let plan = try plan(database.directory)
    if plan.steps.isEmpty { return (plan, nil) }
    let size = (mode == .copy ? plan.size : 0) &+ (plan.flush?.tables.reduce(0) { $0 &+ $1.size } ?? 0)
    if size > 0 {
      try database.directory.requireSpace(size, advice: "--mode link takes less on the same file system")
    }
    let change = try DatabaseChange("ingest", of: database, base: plan.version)
    let id: String
    do throws(DatabaseError) {
      var done: UInt64 = 0
      var edits: [UInt32: VersionEdit] = [:]
      let origin = try DatabaseIdentity.newSession(plan.version.databaseID, in: database.directory)
      for flushed in plan.flush?.tables ?? [] {
        if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
        let table = try flushed.write(change.newNumber(), origin, change, database.directory)
        edits[flushed.family.id, default: VersionEdit(family: flushed.family.id)].newTables.append(table)
      }
      for step in plan.steps {
        let number = change.newNumber()
        try bring(step.source, as: change.tableName(number), into: change.staging, sources, &done, plan.size)
        var table = step.table
        table.number = number
        let family = plan.familyID(step.family)
        edits[family, default: VersionEdit(family: family)].newTables.append(table)
      }
      let flushed = plan.flush.map { "; \($0.logs.count) logs flushed into \($0.tables.count) tables" } ?? ""
      id = try change.commit(
        plan.version(adding: edits), removing: plan.flushedLogs,
        summary: "\(plan.steps.count) tables by \(mode.rawValue)\(flushed)",
        sources: plan.steps.map(\.source.digest), isFinal: mode == .move)
    } catch {
      change.abandon()
      throw error
    }
    if mode == .move { try removeSources(plan.steps.map(\.source), sources) }
    return (plan, id)
  }

  /// Makes a table of the directory from a source: copies or links it, and compares.
  func bring(
    _ source: IngestSource, as name: String, into directory: any Directory, _ sources: any FileSystem,
    _ done: inout UInt64, _ total: UInt64
  ) throws(DatabaseError) {
    if mode == .copy {
      try copy(source, as: name, to: directory, &done, total)
    } else {
      try sources.directory(at: source.target.directory.path).link(source.target.name, into: directory, as: name)
    }
    guard try JournalEntry.digest(of: name, in: directory) == source.digest || Mutant.copyNotCompared.isOn else {
      throw DatabaseError(.corruption, file: source.target.path, "it changed while it was read")
    }
  }

  private func copy(
    _ source: IngestSource, as name: String, to directory: any Directory, _ done: inout UInt64, _ total: UInt64
  ) throws(DatabaseError) {
    let original = try source.target.open()
    let copy = try directory.create(name)
    do throws(DatabaseError) {
      var offset: UInt64 = 0
      while offset < source.size {
        if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
        let piece = try original.readExactly(Int(min(UInt64(Ingest.piece), source.size - offset)), at: offset)
        try withExtendedLifetime(piece) { () throws(DatabaseError) in try copy.append(piece.bytes) }
        offset += UInt64(piece.count)
        done += UInt64(piece.count)
        progress(done, total)
      }
      if !Mutant.ingestedTableNotSynced.isOn { try copy.sync() }
    } catch {
      do throws(DatabaseError) { try copy.close() } catch { /* The first error says more. */  }
      throw error
    }
    try copy.close()
  }

  /// The change is durable: the names may go. One that changed in the meantime stays.
  func removeSources(_ moved: [IngestSource], _ sources: any FileSystem) throws(DatabaseError) {
    for source in moved {
      let directory = try sources.directory(at: source.target.directory.path)
      if try directory.attributes(of: source.target.name)?.size == source.size {
        try directory.remove(source.target.name)
      }
    }
  }
}

extension IngestPlan {
  func familyID(_ name: String) -> UInt32 {
    newFamilies.first { $0.name == name }?.id ?? version.family(named: name)?.id ?? 0
  }

  /// The state with the families that the plan makes, and `edits`.
  func version(adding edits: [UInt32: VersionEdit]) throws(DatabaseError) -> Version {
    var builder = VersionBuilder(version)
    for made in newFamilies {
      var edit = VersionEdit(family: made.id)
      edit.addedFamily = made.name
      edit.comparator = made.order.name
      // Logs hold nothing for it.
      edit.logNumber = flush?.nextLog ?? version.families.lazy.map(\.logNumber).max() ?? 0
      edit.maxColumnFamily = made.id
      try builder.apply(edit)
    }
    for (_, edit) in edits.sorted(by: { $0.key < $1.key }) { try builder.apply(edit) }
    if let flush { try retire(flush, &builder) }
    var numbers = VersionEdit()
    numbers.lastSequence = max(lastSequence, version.lastSequence)
    // What un-flushed logs have is not in tables: it is not the MANIFEST's to count unless a table got a number.
    if flush == nil, steps.allSatisfy({ $0.table.largestSequence == 0 }) { numbers.lastSequence = version.lastSequence }
    try builder.apply(numbers)
    return builder.build()
  }

  /// No log is replayed any more.
  private func retire(_ flush: IngestFlush, _ builder: inout VersionBuilder) throws(DatabaseError) {
    for family in version.families {
      var edit = VersionEdit(family: family.id)
      edit.logNumber = flush.nextLog
      try builder.apply(edit)
    }
    var logs = VersionEdit()
    logs.logDeletion = flush.nextLog
    try builder.apply(logs)
    var numbers = VersionEdit()
    numbers.minLogNumberToKeep = flush.nextLog
    numbers.nextFileNumber = max(version.nextFileNumber, flush.nextLog + 1)
    try builder.apply(numbers)
  }
}
