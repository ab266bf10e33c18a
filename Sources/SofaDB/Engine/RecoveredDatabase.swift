/// A database directory that is locked, and whose logs are in tables: what an engine goes on from.
///
///     1. take the lock
///     2. CURRENT -> MANIFEST -> version; none: a new database
///     3. replay the logs in memory
///     4. write what they held to tables of level 0, one for each family, and sync them
///     5. whoever opens makes a new MANIFEST of the version current: that commits all of it at once
///
/// Until then the directory has only got files that nobody names; a crash leaves the database as it was.
struct RecoveredDatabase {
  let directory: any Directory
  let lock: any FileLock
  /// This opening of it.
  let origin: TableOrigin
  /// With what the logs held, and no log before `logNumber`.
  let version: Version
  /// Of the first log to be written.
  let logNumber: UInt64
  let lastSequence: SequenceNumber
  /// What the newest OPTIONS file says.
  let stated: OptionsFile?
  /// What was met in the logs that is not a record.
  let incidents: [LogReplay.Incident]

  init(
    _ path: String, in fileSystem: any FileSystem, options: DatabaseOptions, families: [String: FamilyOptions]
  ) throws(DatabaseError) {
    directory = try RecoveredDatabase.directory(path, fileSystem, options)
    lock = try directory.lock(DatabaseFile.lock.name)
    do throws(DatabaseError) {
      let exists = try directory.attributes(of: CurrentFile.name) != nil
      if exists, options.failsIfExists { throw DatabaseError(.alreadyExists, file: path, "the database exists") }
      let numbers = try RecoveredDatabase.usedNumbers(directory)
      let found =
        try exists
        ? ManifestReader.readCurrent(directory).readableVersion()
        : RecoveredDatabase.create(path, directory, options, numbers)
      stated = try OptionsFile.newest(in: directory)?.options
      var next = max(found.nextFileNumber, Mutant.recoveryReusesNumbers.isOn ? 0 : (numbers.max() ?? 0) + 1)
      if Mutant.manifestBeforeReplay.isOn {
        try VersionSet(RecoveredDatabase.advanced(found, log: next, found.lastSequence), in: directory).close()
      }
      let replay = try RecoveredDatabase.replay(found, directory, options, stated)
      incidents = replay.incidents
      if Mutant.logsRemovedByRecovery.isOn {
        for entry in try directory.entries() where entry.name.hasSuffix(".log") { try directory.remove(entry.name) }
      }
      try RecoveredDatabase.requireWritable(found, directory, next: next)
      try RecoveredDatabase.requireBlobs(replay, found, directory)
      let origin = try DatabaseIdentity.newSession(found.databaseID, in: directory)
      self.origin = origin
      var builder = VersionBuilder(found)
      for family in found.families {
        if let edit = try RecoveredDatabase.flush(
          family, replay.families[family.id], FamilyOptions.chosen(family.name, families, options, stated), directory,
          origin, &next)
        {
          try builder.apply(edit)
        }
      }
      if !replay.families.isEmpty { try directory.sync() }
      logNumber = next
      lastSequence = max(replay.lastSequence, found.lastSequence)
      version = RecoveredDatabase.advanced(builder.build(), log: next, lastSequence)
    } catch {
      lock.release()
      throw error
    }
  }

  // MARK: Steps

  private static func directory(
    _ path: String, _ fileSystem: any FileSystem, _ options: DatabaseOptions
  ) throws(DatabaseError) -> any Directory {
    if try fileSystem.attributes(at: path) == nil {
      guard options.createsIfMissing else { throw DatabaseError(.notFound, file: path, "there is no database") }
      let parts = try PathParts(path)
      let parent = try fileSystem.directory(at: parts.directory)
      let made = try parent.createDirectory(parts.name)
      try parent.sync()
      return made
    }
    return try fileSystem.directory(at: path)
  }

  /// Of all files that are there.
  private static func usedNumbers(_ directory: any Directory) throws(DatabaseError) -> [UInt64] {
    try directory.entries().compactMap { entry in
      // Larger ones are no engine's, and would leave no room for ours.
      DatabaseFile(name: entry.name).number.flatMap { $0 < VersionSet.numberLimit ? $0 : nil }
    }
  }

  /// The version of a new database. Refuses a directory that has lost its CURRENT.
  private static func create(
    _ path: String, _ directory: any Directory, _ options: DatabaseOptions, _ numbers: [UInt64]
  ) throws(DatabaseError) -> Version {
    guard options.createsIfMissing else { throw DatabaseError(.notFound, file: path, "there is no database") }
    let names = try directory.entries().map { DatabaseFile(name: $0.name) }
    let isOrphaned = names.contains { name in
      switch name {
      case .table, .blob: true
      default: false
      }
    }
    guard !isOrphaned else {
      throw DatabaseError(
        .corruption, file: path, "there are tables and no CURRENT: `sofatool repair` rebuilds it from the files")
    }
    let identity = DatabaseIdentity.random()
    if !names.contains(.identity) { try DatabaseIdentity.write(identity, in: directory) }
    let order = options.familyDefaults.order ?? .bytewise
    let family = ColumnFamily(id: 0, name: "default", comparator: order.name, logNumber: 0, tables: [])
    return Version(
      families: [family], lastSequence: 0, nextFileNumber: (numbers.max() ?? 0) + 1, databaseID: identity)
  }

  /// What logs hold that tables do not; refuses what would not be the whole truth.
  static func replay(
    _ version: Version, _ directory: any ReadableDirectory, _ options: DatabaseOptions, _ stated: OptionsFile?
  ) throws(DatabaseError) -> LogReplay {
    for family in version.families where !family.order.isKnown {
      throw DatabaseError(
        .unsupported, file: directory.path,
        "the comparator \(EscapedText.printable(family.order.name)) is not known, so keys cannot be put in order")
    }
    try requireTables(version, directory)
    let present = try directory.entries().compactMap { entry in
      if case .log(let number) = DatabaseFile(name: entry.name) { number } else { nil }
    }
    if let path = stated?.walDirectory, present.isEmpty, path != directory.path {
      // An engine's directory has a log at all times, if they are here at all.
      throw DatabaseError(
        .unsupported, file: directory.path,
        "there are no logs, and OPTIONS says that they are in \(EscapedText.printable(path)): what they hold would be "
          + "lost")
    }
    let selection = LogSelection(version, present: present, twoPhaseCommit: stated?.usesTwoPhaseCommit ?? false)
    let policy: LogReplay.Policy =
      options.recoveryMode.map { .rocksDB($0) }
      ?? (version.dialect == .leveldb ? .levelDB : .rocksDB(.pointInTime))
    var replay = LogReplay(version, policy: policy, stopsAtGaps: true)
    for number in selection.replayed { try replay.replay(number, file: directory.open(DatabaseFile.log(number).name)) }
    replay.finish(version)
    if let problem = replay.problems.first { throw problem }
    guard replay.pendingTransactions == 0 else {
      throw DatabaseError(
        .unsupported, file: directory.path,
        "the logs hold transactions that were prepared and not committed: open the database with its own engine first")
    }
    return replay
  }

  /// Refuses, before anything is written, what can be read and not be gone on with.
  private static func requireWritable(
    _ version: Version, _ directory: any Directory, next: UInt64
  ) throws(DatabaseError) {
    for family in version.families where family.order.timestampSize > 0 {
      throw DatabaseError(
        .unsupported, file: directory.path,
        "the keys of column family \(EscapedText.printable(family.name)) carry timestamps: open it read-only")
    }
    let upgraded = VersionUpgrade.upgraded(version)
    if let violation = VersionInvariants.check(upgraded.withNextFileNumber(next)).first, !Mutant.rulesNotKept.isOn {
      throw DatabaseError(.corruption, file: directory.path, "the MANIFEST breaks a rule: \(violation.detail)")
    }
  }

  /// A log may refer to blob files only that the MANIFEST knows: a table with such a reference would break its rules.
  private static func requireBlobs(
    _ replay: LogReplay, _ version: Version, _ directory: any Directory
  ) throws(DatabaseError) {
    for family in version.families {
      let known = Set(family.blobFiles.map(\.number))
      for entry in replay.families[family.id]?.entries.entries ?? []
      where UInt8(truncatingIfNeeded: entry.key.internalKeyTrailer) == EntryKind.blobIndex.rawValue {
        let index: BlobIndex
        do throws(FormatError) { index = try BlobIndex(entry.value) } catch {
          throw DatabaseError(.corruption, file: directory.path, "a log: \(error.reason)")
        }
        guard case .stored(let number, _, _, _) = index, !known.contains(number) else { continue }
        throw DatabaseError(
          .corruption, file: directory.path,
          "a log refers to \(DatabaseFile.blob(number).name), which the MANIFEST does not know: open the database with "
            + "its own engine first")
      }
    }
  }

  /// A table that is missing or cut is found now, and not by the first reader who needs it.
  private static func requireTables(
    _ version: Version, _ directory: any ReadableDirectory
  ) throws(DatabaseError) {
    for table in version.families.lazy.flatMap(\.tables) {
      let file: any RandomAccessFile
      do throws(DatabaseError) { file = try TableCache.open(table.number, in: directory) } catch {
        guard error.kind == .notFound else { throw error }
        throw DatabaseError(
          .corruption, file: DatabaseFile.table(table.number).name,
          "the MANIFEST names it, and it is not there: `sofatool repair` saves what is left")
      }
      guard file.size == table.size || Mutant.cutTableAccepted.isOn else {
        throw DatabaseError(
          .corruption, file: file.name,
          "the file has \(file.size) bytes, the MANIFEST says \(table.size): `sofatool repair` saves what is there")
      }
    }
  }

  /// Writes what logs hold of a family.
  private static func flush(
    _ family: ColumnFamily, _ held: LogReplay.FamilyEntries?, _ options: FamilyOptions, _ directory: any Directory,
    _ origin: TableOrigin, _ next: inout UInt64
  ) throws(DatabaseError) -> VersionEdit? {
    guard let held, held.entries.count > 0 || !held.tombstones.isEmpty else { return nil }
    var plan = CompactionPlan(
      flushing: [MemoryRun(held.entries, held.tombstones, order: family.order)], of: family,
      options: options.tableOptions(family, isBottom: false, now: 0, origin: origin))
    plan.mergeOperator = options.mergeOperator
    if family.tables.allSatisfy(\.hasEpoch) { plan.epoch = (family.tables.compactMap(\.epoch).max() ?? 0) + 1 }
    let number = next
    next += 1
    var job = CompactionJob(
      plan, cache: TableCache(directory: directory), target: CompactionTarget(directory: directory) { number })
    job.jobs = 1
    var edit = VersionEdit(family: family.id)
    edit.newTables = try job.run().outputs.map(\.metadata)
    return edit
  }

  /// The version with nothing left in logs.
  private static func advanced(_ version: Version, log: UInt64, _ lastSequence: SequenceNumber) -> Version {
    Version(
      families: version.families.map { family in
        ColumnFamily(
          id: family.id, name: family.name, comparator: family.comparator ?? family.order.name, logNumber: log,
          tables: family.tables, blobFiles: family.blobFiles, compactCursors: family.compactCursors,
          timestampsPersisted: family.timestampsPersisted, fullHistoryTimestampLow: family.fullHistoryTimestampLow)
      }, lastSequence: lastSequence, nextFileNumber: log + 1, minLogNumberToKeep: log,
      maxColumnFamily: version.maxColumnFamily, databaseID: version.databaseID, dialect: .rocksdb)
  }
}
