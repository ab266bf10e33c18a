/// Where each table of an ingestion goes: a value that can be printed, made without writing anything.
public struct IngestPlan: Sendable {
  public struct Step: Sendable {
    public let source: IngestSource
    public let family: String
    /// As the MANIFEST will record it; the file number is given when the plan is carried out.
    public let table: TableMetadata
  }

  public let version: Version
  public let steps: [Step]
  /// Logs that become tables first; nil when no table has keys of theirs.
  let flush: IngestFlush?
  /// Tables that are in the database already.
  public let known: [FileTarget]
  /// Families that the plan makes, by name, with the comparator.
  let newFamilies: [(name: String, id: UInt32, order: KeyOrder)]
  /// With those that tables were given.
  let lastSequence: SequenceNumber

  /// Bytes of all tables.
  public var size: UInt64 { steps.reduce(0) { $0 &+ $1.source.size } }

  /// What logs hold of one column family.
  public struct Flushed: Sendable {
    public let family: String
    public let entries: Int
  }

  /// Names of the logs whose entries become tables of level 0 before anything is ingested.
  public var flushedLogs: [String] { (flush?.logs ?? []).map { DatabaseFile.log($0).name } }
  /// What they hold, a family each.
  public var flushed: [Flushed] {
    (flush?.tables ?? []).map { Flushed(family: $0.family.name, entries: $0.entries) }
  }

  init(_ ingest: Ingest, in directory: any ReadableDirectory) throws(DatabaseError) {
    let view = try DatabaseView(database: directory)
    guard let history = view.history else { throw DatabaseError(.invalid, "there is no MANIFEST") }
    if let problem = view.problems.first { throw problem }
    // Entries behind the damage have numbers that would be given again.
    if let damage = view.incidents.first(where: \.event.isReported) {
      throw DatabaseError(
        .unsupported, file: damage.file, offset: damage.event.offset,
        "the log is damaged (\(damage.event.reason)): repair the database first")
    }
    version = history.version
    guard version.dialect == .rocksdb else {
      throw DatabaseError(
        .unsupported, file: directory.path,
        "LevelDB cannot ingest: its tables carry their own sequence numbers. Put the rows in through LevelDB itself")
    }
    let options = try OptionsFile.newest(in: directory)?.options
    var placement = Placement(ingest, version: version, view: view, options: options)
    let seen = try IngestPlan.knownDigests(directory)
    var known: [FileTarget] = []
    for target in ingest.tables {
      let family = try placement.family(of: target)
      if try IngestPlan.isKnown(target, version, seen, directory) {
        known.append(target)
      } else {
        placement.sources.append((try IngestSource(target, into: family), family.id))
      }
      if ingest.isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    steps = try placement.steps()
    flush = placement.flush
    self.known = known
    newFamilies = placement.newFamilies
    lastSequence = Mutant.ingestedNumbersReused.isOn ? version.lastSequence : placement.sequence
  }

  /// What changes that can still be undone have brought.
  private static func knownDigests(_ directory: any ReadableDirectory) throws(DatabaseError) -> Set<[UInt8]> {
    var digests = Set<[UInt8]>()
    for entry in try Journal.entries(of: directory) where entry.state == .settled {
      for source in entry.record?.sources ?? [] { digests.insert(source) }
    }
    return digests
  }

  /// The same bytes twice would be harmless at first, and wrong once a key was overwritten in between.
  private static func isKnown(
    _ target: FileTarget, _ version: Version, _ seen: Set<[UInt8]>, _ directory: any ReadableDirectory
  ) throws(DatabaseError) -> Bool {
    let size = try target.directory.attributes(of: target.name)?.size ?? 0
    let alike = version.families.flatMap(\.tables).filter { $0.size == size }
    guard !seen.isEmpty || !alike.isEmpty, !Mutant.sameTableTwice.isOn else { return false }
    let digest = try JournalEntry.digest(of: target.name, in: target.directory)
    if seen.contains(digest) { return true }
    for table in alike {
      let name = DatabaseFile.table(table.number).name
      guard try directory.attributes(of: name) != nil else { continue }
      if try JournalEntry.digest(of: name, in: directory) == digest { return true }
    }
    return false
  }
}

/// The families of an ingestion and what was placed so far.
private struct Placement {
  private let ingest: Ingest
  private let version: Version
  private let view: DatabaseView
  private let options: OptionsFile?
  var sources: [(source: IngestSource, family: UInt32)] = []
  private(set) var newFamilies: [(name: String, id: UInt32, order: KeyOrder)] = []
  private(set) var sequence: SequenceNumber
  private(set) var flush: IngestFlush?
  private var families: [UInt32: IngestFamily] = [:]

  init(_ ingest: Ingest, version: Version, view: DatabaseView, options: OptionsFile?) {
    self.ingest = ingest
    self.version = version
    self.view = view
    self.options = options
    sequence = max(view.lastSequence, version.lastSequence)
  }

  /// As the operator says, else as the table says, else `default`.
  mutating func family(of target: FileTarget) throws(DatabaseError) -> ColumnFamily {
    let properties = try TableReader(target.open()).properties
    let isFree = properties.columnFamilyID ?? IngestSource.noFamily == IngestSource.noFamily
    let own = isFree ? "" : properties.columnFamilyName ?? ""
    let name = ingest.family ?? (own.isEmpty ? "default" : own)
    if let family = version.family(named: name) { return try known(family) }
    let order = properties.comparator.map { KeyOrder(name: $0) } ?? .bytewise
    if let made = newFamilies.first(where: { $0.name == name }) { return try known(empty(made)) }
    guard ingest.createsFamily else {
      throw DatabaseError(
        .invalid, file: target.path,
        "there is no column family \(EscapedText.printable(name)); --create-family makes it")
    }
    let id = max(version.maxColumnFamily, newFamilies.last?.id ?? 0) + 1
    newFamilies.append((name, id, order))
    return try known(empty((name, id, order)))
  }

  private func known(_ family: ColumnFamily) throws(DatabaseError) -> ColumnFamily {
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported,
        "the comparator \(EscapedText.printable(family.order.name)) is not known: no place for a table can be found")
    }
    return family
  }

  private func empty(_ made: (name: String, id: UInt32, order: KeyOrder)) -> ColumnFamily {
    ColumnFamily(id: made.id, name: made.name, comparator: made.order.name, logNumber: 0, tables: [])
  }

  /// Places the tables in the order given: where two overlap, the later one is newer.
  mutating func steps() throws(DatabaseError) -> [IngestPlan.Step] {
    try flushLogs()
    var steps: [IngestPlan.Step] = []
    for (source, id) in sources {
      guard let family = family(id) else { continue }
      var state = families[id] ?? state(of: family)
      let table = try place(source, in: &state, family)
      families[id] = state
      steps.append(IngestPlan.Step(source: source, family: family.name, table: table))
    }
    return steps
  }

  /// Behind existing data nothing can get in front of what logs hold.
  private mutating func flushLogs() throws(DatabaseError) {
    guard !ingest.goesBehind else { return }
    let overlaps = sources.contains { source, id in
      family(id).map { state(of: $0).overlapsLogs(source) } ?? false
    }
    guard overlaps else { return }
    let flush = try IngestFlush(view, version)
    for table in flush.tables {
      families[table.family.id] = state(of: table.family)
      families[table.family.id]?.flush(into: table.metadata)
    }
    self.flush = flush
  }

  private func family(_ id: UInt32) -> ColumnFamily? {
    version.family(id) ?? newFamilies.first { $0.id == id }.map { empty($0) }
  }

  private func state(of family: ColumnFamily) -> IngestFamily {
    let count = options?.family(named: family.name)?.levelCount ?? ColumnFamily.usualLevels
    return IngestFamily(
      family, view: view.families.first { $0.id == family.id }, levelCount: max(count, family.levels.count))
  }

  private mutating func place(
    _ source: IngestSource, in state: inout IngestFamily, _ family: ColumnFamily
  ) throws(DatabaseError) -> TableMetadata {
    if ingest.goesBehind {
      guard allowsBehind(family) else {
        throw DatabaseError(
          .unsupported, "behind existing data only where the database was made for it (allow_ingest_behind)")
      }
      return try state.placeBehind(source, number: 0)
    }
    if state.overlappingLevels(source).isEmpty { return state.place(source, number: 0, sequence: 0) }
    guard source.takesSequence else {
      throw DatabaseError(
        .unsupported, file: source.target.path,
        "the database has keys among its own, and only external tables can be given a sequence number; dump it and "
          + "load the dump with bulk-load -o")
    }
    guard sequence < SequenceNumber.maximum else {
      throw DatabaseError(.unsupported, "the sequence numbers of the database are used up")
    }
    sequence += 1
    return state.place(source, number: 0, sequence: sequence)
  }

  private func allowsBehind(_ family: ColumnFamily) -> Bool {
    options?.database["allow_ingest_behind"] == "true"
      || options?.family(named: family.name)?.options["cf_allow_ingest_behind"] == "true"
  }
}
