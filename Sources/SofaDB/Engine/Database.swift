/// A key-value database that is open for reading and writing: an ordered map from keys to values, both bytes, in one
/// or more column families, in a directory whose files are RocksDB's.
///
///     let database = try Database.open("/var/lib/app/db")
///     try database.put(Array("fruit".utf8), Array("apple".utf8))
///     let value = try database.get(Array("fruit".utf8))
///     try database.close()
///
/// All calls may be made from any thread. Writers are ordered one after the other and share syncs; readers never wait
/// for them. What is written is in memory and in the log; a call with `WriteOptions(sync: true)` returns when it
/// survives a crash of the machine. One process at a time has a database open.
///
/// Families are named by `LiveFamily`, nil for the family `default`.
public final class Database: Sendable {
  let engine: Engine

  init(_ engine: Engine) { self.engine = engine }

  /// Closes the database unless that was done; errors are lost then.
  deinit {
    do throws(DatabaseError) { try engine.close() } catch { /* Whoever wants to know calls `close`. */  }
  }

  /// Opens the database at `path`, or makes it. `families`: options of column families by name; those that are not
  /// named have `options.familyDefaults`, and where these have no merge operator the one that the newest OPTIONS file
  /// tells, if its meaning is known. What logs hold is written to tables before it returns.
  ///
  /// Throws `locked` when another process has it, `corruption` when what is there contradicts itself, `unsupported` for
  /// what only its own engine can open.
  public static func open(
    _ path: String, options: DatabaseOptions = DatabaseOptions(), families: [String: FamilyOptions] = [:],
    in fileSystem: any FileSystem = PosixFileSystem()
  ) throws(DatabaseError) -> Database {
    for chosen in families.values { try chosen.validate() }
    try options.familyDefaults.validate()
    let recovered = try RecoveredDatabase(path, in: fileSystem, options: options, families: families)
    do throws(DatabaseError) {
      var live: [LiveFamily] = []
      for family in recovered.version.families {
        let chosen = FamilyOptions.chosen(family.name, families, options, recovered.stated)
        if let order = families[family.name]?.order, order != family.order {
          throw DatabaseError(
            .invalid, file: path,
            "column family \(EscapedText.printable(family.name)) is ordered by \(family.order.name), not by "
              + order.name
          )
        }
        live.append(LiveFamily(id: family.id, name: family.name, order: family.order, options: chosen))
      }
      let missing = families.keys.filter { name in name != "default" && !live.contains { $0.name == name } }.sorted()
      if !options.createsMissingFamilies, let name = missing.first {
        throw DatabaseError(.notFound, file: path, "there is no column family \(EscapedText.printable(name))")
      }
      let database = Database(try Engine(recovered, families: live, options: options))
      for incident in recovered.incidents where incident.event.isReported || incident.event.stopsReplay {
        database.engine.report(.recovered(log: incident.file, detail: incident.event.reason))
      }
      for name in missing {
        _ = try database.engine.createFamily(name, families[name] ?? options.familyDefaults)
      }
      database.engine.stateOptions()
      return database
    } catch {
      recovered.lock.release()
      throw error
    }
  }

  /// Ends all work, makes what was written durable, and lets others open the database; calls at work are waited for.
  /// Open cursors and snapshots stay valid until somebody opens the database again, who may remove the tables that only
  /// they need; every other call fails from now on. The second time it does nothing.
  public func close() throws(DatabaseError) { try engine.close() }

  /// The directory, as the system names it; for messages.
  public var path: String { engine.path }

  // MARK: Writing

  /// Makes `value` the value of `key`.
  public func put(
    _ key: [UInt8], _ value: [UInt8], in family: LiveFamily? = nil, _ options: WriteOptions = WriteOptions()
  ) throws(DatabaseError) {
    try write(.value, key, value, family, options)
  }

  /// Removes `key`, whether or not it is there.
  public func delete(
    _ key: [UInt8], in family: LiveFamily? = nil, _ options: WriteOptions = WriteOptions()
  ) throws(DatabaseError) {
    try write(.deletion, key, [], family, options)
  }

  /// Removes a key that was put once since it was last removed, which is cheaper to forget. For other keys the
  /// result is undefined.
  public func singleDelete(
    _ key: [UInt8], in family: LiveFamily? = nil, _ options: WriteOptions = WriteOptions()
  ) throws(DatabaseError) {
    try write(.singleDeletion, key, [], family, options)
  }

  /// Removes all keys from `begin` up to but not including `end`, at a price that does not depend on their number.
  /// `invalid` when `end` comes before `begin`.
  public func deleteRange(
    _ begin: [UInt8], _ end: [UInt8], in family: LiveFamily? = nil, _ options: WriteOptions = WriteOptions()
  ) throws(DatabaseError) {
    let order = try engine.live(family).order
    let relation = order.compare(begin, end)
    guard relation <= 0 else { throw DatabaseError(.invalid, "a range that ends before it begins") }
    if relation < 0 { try write(.rangeDeletion, begin, end, family, options) }
  }

  /// Hands `operand` to the family's merge operator, when the key is read or compacted.
  public func merge(
    _ key: [UInt8], _ operand: [UInt8], in family: LiveFamily? = nil, _ options: WriteOptions = WriteOptions()
  ) throws(DatabaseError) {
    let merging = try engine.live(family).options
    guard merging.mergeOperator != nil else {
      throw DatabaseError(.invalid, "the column family has no merge operator")
    }
    try write(.merge, key, operand, family, options)
  }

  private func write(
    _ kind: EntryKind, _ key: [UInt8], _ value: [UInt8], _ family: LiveFamily?, _ options: WriteOptions
  ) throws(DatabaseError) {
    var batch = WriteBatch(capacity: key.count + value.count + 32)
    try batch.add(kind, key, value, family: family?.id ?? 0)
    try write(&batch, options)
  }

  /// Applies all of a batch, or nothing of it. The batch may be used again.
  public func write(_ batch: inout WriteBatch, _ options: WriteOptions = WriteOptions()) throws(DatabaseError) {
    try engine.write(batch.mutableBytes, count: batch.count, namesFamilies: batch.namesFamilies, options)
  }

  // MARK: Reading

  /// The value of `key` now, or at a snapshot; nil where there is none.
  public func get(
    _ key: [UInt8], in family: LiveFamily? = nil, at snapshot: Snapshot? = nil
  ) throws(DatabaseError) -> [UInt8]? {
    try withValue(of: key, in: family, at: snapshot) { (value) throws(DatabaseError) in value.map { [UInt8]($0) } }
  }

  /// Calls `body` with the value of `key`, which is borrowed until `body` returns and, where it is stored as it is, not
  /// copied; with nil where there is none.
  public func withValue<Result>(
    of key: [UInt8], in family: LiveFamily? = nil, at snapshot: Snapshot? = nil,
    _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    try key.withUnsafeBufferPointer { (key) throws(DatabaseError) in
      try engine.withValue(of: UnsafeRawBufferPointer(key), in: family, at: snapshot, body)
    }
  }

  /// The values of several keys, all as of one moment.
  public func multiGet(
    _ keys: [[UInt8]], in family: LiveFamily? = nil, at snapshot: Snapshot? = nil
  ) throws(DatabaseError) -> [[UInt8]?] {
    let moment = snapshot ?? self.snapshot()
    var values: [[UInt8]?] = []
    values.reserveCapacity(keys.count)
    for key in keys { values.append(try get(key, in: family, at: moment)) }
    return values
  }

  /// The keys of a family from `from` up to but not including `to`; nil for no bound.
  public func cursor(
    in family: LiveFamily? = nil, at snapshot: Snapshot? = nil, from: [UInt8]? = nil, to: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    try engine.cursor(in: family, at: snapshot, from: from, to: to)
  }

  /// The keys of a family that begin with `prefix`. Tables are passed by whose filters know no such key, where they
  /// hold prefixes that are no longer (`TableOptions.prefixLength`). `unsupported` for families in reverse order.
  public func cursor(
    prefix: [UInt8], in family: LiveFamily? = nil, at snapshot: Snapshot? = nil
  ) throws(DatabaseError) -> Cursor {
    let order = try engine.live(family).order
    guard order.kind == .bytewise || order.kind == .bytewiseU64ts else {
      throw DatabaseError(.unsupported, "keys with one prefix have no last one under \(order.name): give bounds")
    }
    let bounds = KeyRange(prefix: prefix).bounds(in: order)
    return try engine.cursor(in: family, at: snapshot, from: bounds.from, to: bounds.to, prefix: prefix)
  }

  /// The state of the database now, to be read later.
  public func snapshot() -> Snapshot { engine.snapshot() }

  // MARK: Maintenance

  /// Writes what is in memory to tables.
  public func flush(_ family: LiveFamily? = nil) throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in try engine.flushAll(family.map { [$0.id] }) }
  }

  /// Makes the log durable: all that was written so far survives a crash of the machine.
  public func syncLog() throws(DatabaseError) {
    try engine.requireOpen()
    try engine.syncLog()
  }

  /// Merges the tables that hold keys of a range into the deepest level, so that what was deleted there is gone.
  public func compactRange(
    from: [UInt8]? = nil, to: [UInt8]? = nil, in family: LiveFamily? = nil
  ) throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in
      try engine.compactRange(engine.live(family), from: from, to: to)
    }
  }

  /// Waits until no flush and no compaction is due or running.
  public func waitForBackgroundWork() throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in try engine.waitUntilIdle() }
  }

  /// Bytes of tables that hold keys from `from` up to but not including `to`, about.
  public func approximateSize(
    from: [UInt8]? = nil, to: [UInt8]? = nil, in family: LiveFamily? = nil
  ) throws(DatabaseError) -> UInt64 {
    try engine.requireOpen()
    return try engine.approximateSize(family, from: from, to: to)
  }

  /// Counters since it was opened, and sizes as of now. Cheap; any thread.
  public var statistics: DatabaseStatistics { engine.statistics }

  /// The first error that ended writing; nil while all is well.
  public var failure: DatabaseError? { engine.state.change { $0.failure } }

  /// Takes up writing after a failure whose cause is gone, such as a full disk: begins a new log and a new MANIFEST,
  /// and makes what is in memory durable. Throws when the cause is still there; then everything stays as it was.
  public func resume() throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in try engine.resume() }
  }

  // MARK: Column families

  /// All there are, `default` first.
  public var families: [LiveFamily] { engine.state.change { $0.families.map(\.live) } }

  /// The family of that name; nil when there is none.
  public func family(named name: String) -> LiveFamily? { families.first { $0.name == name } }

  /// Makes a family, empty. `alreadyExists` when there is one of that name.
  public func createFamily(_ name: String, options: FamilyOptions? = nil) throws(DatabaseError) -> LiveFamily {
    let options = options ?? engine.options.familyDefaults
    try options.validate()
    return try engine.whileOpen { () throws(DatabaseError) in
      let family = try engine.createFamily(name, options)
      engine.stateOptions()
      return family
    }
  }

  /// Removes a family and all that is in it; snapshots do not keep it. `default` stays for ever.
  public func dropFamily(_ family: LiveFamily) throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in
      try engine.dropFamily(family)
      engine.stateOptions()
    }
  }
}
