internal import Synchronization

/// A LevelDB or RocksDB directory, or a directory of loose tables, as one consistent state that is only read: the
/// MANIFEST's tables and what the logs add. No byte is written and no lock that could block an engine is taken.
///
/// Safe to share between threads; each cursor belongs to one.
public final class DatabaseView: Sendable {
  /// One key space.
  public struct Family: Sendable {
    public let id: UInt32
    public let name: String
    public let order: KeyOrder
    /// Level 0 newest first, deeper levels by smallest key.
    public let levels: [[TableMetadata]]
    /// From the logs; nil when they have nothing.
    let entries: SortedEntries?
    let logTombstones: [RangeTombstone]
    /// As OPTIONS name it; tables may know better.
    let optionsOperator: MergeOperator?

    public var tables: [TableMetadata] { levels.flatMap { $0 } }
    /// Entries that only the logs have.
    public var logEntryCount: Int { (entries?.count ?? 0) + logTombstones.count }
  }

  /// What a scan of a family needs from all of its tables.
  private struct Preparation {
    var tombstones: [RangeTombstone]
    var mergeOperator: MergeOperator?
  }

  public let directory: any ReadableDirectory
  /// nil for loose tables.
  public let history: ManifestHistory?
  public let families: [Family]
  /// The newest sequence number, logs included.
  public let lastSequence: SequenceNumber
  /// Logs that were replayed, in order.
  public let logs: [UInt64]
  public let incidents: [LogReplay.Incident]
  /// What would make the engine refuse to open; the view goes on with what is sound.
  public let problems: [DatabaseError]
  /// Transactions prepared and neither committed nor rolled back.
  public let pendingTransactions: Int
  let cache: TableCache
  let blobs: BlobStore
  private let preparations = Mutex<[UInt32: Preparation]>([:])

  public var isLoose: Bool { history == nil }

  /// Opens the database in `directory`. `policy` nil: the engine's own default. Throws when CURRENT or the MANIFEST
  /// cannot be read; damage elsewhere is met by whoever reads it.
  public convenience init(
    database directory: any ReadableDirectory, policy: LogReplay.Policy? = nil
  ) throws(DatabaseError) {
    try self.init(directory, history: ManifestReader.readCurrent(directory), policy: policy)
  }

  /// Opens the state that `history` leads to.
  public init(
    _ directory: any ReadableDirectory, history: ManifestHistory, policy: LogReplay.Policy? = nil
  ) throws(DatabaseError) {
    let version = try history.readableVersion()
    let names = try directory.entries().map { DatabaseFile(name: $0.name) }
    let present = names.compactMap { name in if case .log(let number) = name { number } else { nil } }
    logs = LogSelection(version, present: present).replayed
    var replay = LogReplay(
      version, policy: policy ?? (version.dialect == .leveldb ? .levelDB : .rocksDB(.pointInTime)))
    for number in logs { try replay.replay(number, file: directory.open(DatabaseFile.log(number).name)) }
    replay.finish(version)
    let options = try OptionsFile.newest(in: directory)?.options
    self.directory = directory
    self.history = history
    families = version.families.map { family in
      let fromLogs = replay.families[family.id]
      return Family(
        id: family.id, name: family.name, order: family.order, levels: family.levels,
        entries: (fromLogs?.entries.count ?? 0) > 0 ? fromLogs?.entries : nil,
        logTombstones: fromLogs?.tombstones ?? [],
        optionsOperator: options?.family(named: family.name)?.mergeOperator.flatMap {
          MergeOperator(name: $0.name, delimiter: $0.delimiter)
        })
    }
    lastSequence = replay.lastSequence
    incidents = replay.incidents
    problems = replay.problems
    pendingTransactions = replay.pendingTransactions
    cache = TableCache(directory: directory)
    blobs = BlobStore(directory: directory)
  }

  /// Takes the tables `names` of `directory` as one state. Where two hold the same version of a key, the table whose
  /// name sorts last wins. Tables that cannot be opened are noted in `damage`, or thrown without one.
  public init(
    tables names: [String], in directory: any ReadableDirectory, damage: DamageLog? = nil
  ) throws(DatabaseError) {
    let loose = try LooseTables(names, in: directory, damage: damage)
    self.directory = directory
    history = nil
    families = loose.families
    lastSequence = .maximum
    logs = []
    incidents = []
    problems = []
    pendingTransactions = 0
    cache = TableCache(directory: directory, names: loose.names)
    blobs = BlobStore(directory: directory)
  }

  /// Whether an engine has committed anything since the view was opened; its files may be gone then.
  func isOutdated() throws(DatabaseError) -> Bool {
    guard let history else { return false }
    let name = DatabaseFile.manifest(try CurrentFile.read(directory)).name
    guard name == history.name, let now = try directory.attributes(of: name) else { return true }
    return now.size != history.size
  }

  public func family(named name: String) -> Family? { families.first { $0.name == name } }

  // MARK: Cursors

  /// What a reader sees in `family` from the user key `from` (included) to `to` (excluded), not yet positioned: call
  /// `seekToFirst`. With a `damage` log, damaged parts are noted there and left out.
  public func cursor(
    _ family: Family, from: [UInt8]? = nil, to end: [UInt8]? = nil, damage: DamageLog? = nil
  ) throws(DatabaseError) -> VisibleCursor {
    try requireOrder(family)
    let prepared = try preparation(family, tolerant: damage != nil)
    return VisibleCursor(
      merging(family, from: from, to: end, damage: damage), order: family.order, snapshot: lastSequence,
      tombstones: RangeTombstones(prepared.tombstones, order: family.order, snapshot: lastSequence),
      mergeOperator: prepared.mergeOperator, blobs: blobs, start: from, end: end)
  }

  /// Every version of every key of `family` and perhaps more from the user key `to` on, range tombstones aside, not yet
  /// positioned.
  public func allVersions(
    _ family: Family, to end: [UInt8]? = nil, damage: DamageLog? = nil
  ) throws(DatabaseError) -> MergingCursor {
    try requireOrder(family)
    return merging(family, from: nil, to: end, damage: damage)
  }

  /// All range tombstones of `family`, logs included, in no order. With `tolerant`, tables that cannot be opened are
  /// left out: a scan meets their damage.
  public func rangeTombstones(_ family: Family, tolerant: Bool) throws(DatabaseError) -> [RangeTombstone] {
    try preparation(family, tolerant: tolerant).tombstones
  }

  /// The operator by which merges of `family` are applied; nil when the database names none.
  public func mergeOperator(_ family: Family) throws(DatabaseError) -> MergeOperator? {
    try preparation(family, tolerant: true).mergeOperator
  }

  private func requireOrder(_ family: Family) throws(DatabaseError) {
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported, file: directory.path,
        "the comparator \(EscapedText.printable(family.order.name)) is not known, so keys cannot be put in order")
    }
  }

  private func merging(
    _ family: Family, from: [UInt8]?, to end: [UInt8]?, damage: DamageLog?
  ) -> MergingCursor {
    let order = family.order
    var sources: [EntrySource] = []
    if let entries = family.entries { sources.append(EntrySource(entries, order: order)) }
    for (number, level) in family.levels.enumerated() {
      let tables = level.filter { $0.overlaps(from: from, to: end, order: order) }
      guard !tables.isEmpty else { continue }
      for run in number == 0 ? tables.map({ [$0] }) : [tables] {
        sources.append(EntrySource(TableRun(run, cache: cache, order: order, damage: damage, end: end), order: order))
      }
    }
    return MergingCursor(sources, order: order)
  }

  /// Opens every table of the family once.
  private func preparation(_ family: Family, tolerant: Bool) throws(DatabaseError) -> Preparation {
    if let done = preparations.withLock({ $0[family.id] }) { return done }
    var tombstones = family.logTombstones
    var operators = Set<String>()
    for table in family.tables {
      do throws(DatabaseError) {
        let reader = try cache.reader(table, order: family.order)
        tombstones += reader.rangeDeletions.compactMap { table.clip($0, order: family.order) }
        if let name = reader.properties.mergeOperator, name != "nullptr", !name.isEmpty { operators.insert(name) }
      } catch {
        guard tolerant, error.concernsOneFile else { throw error }
      }
    }
    var mergeOperator = family.optionsOperator
    if mergeOperator == nil, let name = operators.sorted().first {
      mergeOperator =
        operators.count == 1
        ? MergeOperator(name: name) : .unknown(name: operators.sorted().joined(separator: ", "))
    }
    let result = Preparation(tombstones: tombstones, mergeOperator: mergeOperator)
    preparations.withLock { $0[family.id] = result }
    return result
  }

  // MARK: Parallel scans

  /// User keys (without timestamp) that cut `family` into at most `parts` ranges of similar size, ascending. Fewer, or
  /// none, where tables are few or damaged.
  public func splitKeys(_ family: Family, parts: Int) throws(DatabaseError) -> [[UInt8]] {
    let tables = family.tables
    guard parts > 1, family.order.isKnown, !tables.isEmpty else { return [] }
    let total = tables.reduce(UInt64(0)) { $0 &+ $1.size }
    let step = max(total / UInt64(parts * 8), 64 << 10)
    var samples: [[UInt8]] = []
    // Counted over all tables, so that many small ones are cut like a large one.
    var passed: UInt64 = 0
    for table in tables {
      do throws(DatabaseError) {
        try sample(table, every: step, family.order, passed: &passed, into: &samples)
      } catch {
        guard error.concernsOneFile else { throw error }
      }
    }
    let compare = { (a: [UInt8], b: [UInt8]) in
      a.withUnsafeBytes { left in b.withUnsafeBytes { family.order.compareWithoutTimestamp(left, $0) } }
    }
    samples.sort { compare($0, $1) < 0 }
    var keys: [[UInt8]] = []
    for part in 1..<parts {
      let index = samples.count * part / parts
      guard index < samples.count, keys.last.map({ compare($0, samples[index]) < 0 }) ?? true else { continue }
      keys.append(samples[index])
    }
    return keys
  }

  /// One separator for about every `step` bytes of data.
  private func sample(
    _ table: TableMetadata, every step: UInt64, _ order: KeyOrder, passed: inout UInt64,
    into samples: inout [[UInt8]]
  ) throws(DatabaseError) {
    let reader = try cache.reader(table, order: order)
    var index = IndexCursor(reader)
    try index.seekToFirst()
    while index.isValid {
      passed &+= index.handle.size
      if passed >= step {
        passed = 0
        let stored = index.separator
        let userKey = reader.indexFormat.keysAreUserKeys ? stored : UnsafeRawBufferPointer(rebasing: stored.dropLast(8))
        samples.append([UInt8](reader.properties.timestampsPersisted ? order.withoutTimestamp(userKey) : userKey))
      }
      try index.next()
    }
  }
}
