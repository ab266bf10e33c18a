/// A database as it was when it was opened, to be read only: nothing is written, no lock is taken, and whoever else has
/// the database open goes on undisturbed. What logs hold is read into memory.
///
/// An engine that writes meanwhile may remove tables that this state needs; a read that meets that throws `notFound`,
/// and opening again shows the newer state. Any thread.
public final class ReadOnlyDatabase: Sendable {
  private let view: ReadView
  private let reader: ViewReader
  /// Of the newest write that is seen.
  public let lastSequence: SequenceNumber

  /// As `Database.open`, but nothing is ever made.
  public static func open(
    _ path: String, options: DatabaseOptions = DatabaseOptions(), families: [String: FamilyOptions] = [:],
    in fileSystem: any ReadableFileSystem = PosixFileSystem()
  ) throws(DatabaseError) -> ReadOnlyDatabase {
    let directory = try fileSystem.readableDirectory(at: path)
    guard try directory.attributes(of: CurrentFile.name) != nil else {
      throw DatabaseError(.notFound, file: path, "there is no database")
    }
    let version = try ManifestReader.readCurrent(directory).readableVersion()
    let stated = try OptionsFile.newest(in: directory)?.options
    let replay = try RecoveredDatabase.replay(version, directory, options, stated)
    return ReadOnlyDatabase(path, directory, version, replay, options) { name in
      FamilyOptions.chosen(name, families, options, stated)
    }
  }

  private init(
    _ path: String, _ directory: any ReadableDirectory, _ version: Version, _ replay: LogReplay,
    _ options: DatabaseOptions, _ chosen: (String) -> FamilyOptions
  ) {
    let blocks = options.blockCacheBytes > 0 ? BlockCache(capacity: options.blockCacheBytes) : nil
    let cache = options.tableCache(directory, blocks: blocks)
    reader = ViewReader(path: path, cache: cache, blobs: BlobStore(directory: directory))
    lastSequence = Mutant.replayNotSeen.isOn ? version.lastSequence : max(replay.lastSequence, version.lastSequence)
    view = ReadView(
      version,
      families: version.families.map { family in
        ReadView.Family(
          live: LiveFamily(
            id: family.id, name: family.name, order: family.order,
            options: chosen(family.name)),
          memtables: [ReadOnlyDatabase.memtable(replay.families[family.id], family.order)], tables: family,
          tombstones: TableTombstones(), map: LevelMap(family.levels, order: family.order, cache: cache))
      })
  }

  private static func memtable(_ held: LogReplay.FamilyEntries?, _ order: KeyOrder) -> Memtable {
    let memtable = Memtable(order: order)
    guard let held else { return memtable }
    var finger = Memtable.Finger()
    func add(_ key: UnsafeRawBufferPointer, _ trailer: UInt64, _ value: UnsafeRawBufferPointer) {
      guard let kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer)) else { return }
      memtable.add(userKey: key, sequence: trailer >> 8, kind: kind, value: value, finger: &finger)
    }
    var last: UnsafeRawBufferPointer?
    for entry in held.entries.entries {
      // A log that was written twice holds its entries twice.
      if let last, order.compareInternal(last, entry.key) == 0 { continue }
      add(entry.key.internalKeyUserKey, entry.key.internalKeyTrailer, entry.value)
      last = entry.key
    }
    for tombstone in Set(held.tombstones) {
      tombstone.begin.withUnsafeBytes { begin in
        tombstone.end.withUnsafeBytes {
          add(begin, InternalKey.trailer(tombstone.sequence, EntryKind.rangeDeletion.rawValue), $0)
        }
      }
    }
    return memtable
  }

  /// All there are, `default` first.
  public var families: [LiveFamily] { view.families.map(\.live) }
  /// The family of that name; nil when there is none.
  public func family(named name: String) -> LiveFamily? { families.first { $0.name == name } }

  /// The value of `key`; nil where there is none.
  public func get(_ key: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) -> [UInt8]? {
    try withValue(of: key, in: family) { (value) throws(DatabaseError) in value.map { [UInt8]($0) } }
  }

  /// As `Database.withValue`.
  public func withValue<Result>(
    of key: [UInt8], in family: LiveFamily? = nil, _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    try key.withUnsafeBufferPointer { (key) throws(DatabaseError) in
      var lookup = try reader.lookup(UnsafeRawBufferPointer(key), in: family, of: view, at: lastSequence)
      return try lookup.withValue(body)
    }
  }

  /// The keys of a family from `from` up to but not including `to`; nil for no bound.
  public func cursor(
    in family: LiveFamily? = nil, from: [UInt8]? = nil, to: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    try reader.cursor(in: family, of: view, at: lastSequence, from: from, to: to)
  }
}
