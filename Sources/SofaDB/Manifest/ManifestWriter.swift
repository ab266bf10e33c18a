/// Appends version edits to a MANIFEST, and writes the complete state of a version as a new one.
///
/// A snapshot ends with the numbers without which no engine opens a MANIFEST, so that one that was cut off anywhere is
/// refused and never taken for a smaller database.
public final class ManifestWriter {
  private let log: LogWriter
  private let dialect: ManifestDialect
  private var buffer = ByteWriter(capacity: 4096)

  /// `file` is new; it becomes the MANIFEST when `CurrentFile` names it.
  public init(file: any AppendFile, dialect: ManifestDialect = .rocksdb) {
    log = LogWriter(file: file)
    self.dialect = dialect
  }

  /// Bytes of the MANIFEST so far.
  public var size: UInt64 { log.file.size }

  /// Appends edits that hold together: one as it is, several as an atomic group. Not durable before `sync`; after an
  /// error the file must be abandoned.
  public func append(_ edits: [VersionEdit]) throws(DatabaseError) {
    for (index, edit) in edits.enumerated() {
      var edit = edit
      if edits.count > 1 { edit.remainingInGroup = UInt32(edits.count - 1 - index) }
      try appendRecord(edit)
    }
  }

  public func sync() throws(DatabaseError) { try log.sync() }
  public func close() throws(DatabaseError) { try log.file.close() }

  /// Writes `version` as the new file `name`, makes its bytes durable, reads it back and compares. The name itself is
  /// durable after the directory's next sync, which `CurrentFile.replace` does first. The file is removed again when
  /// any of this fails. `name` is usually that of `DatabaseFile.manifest`.
  public static func write(
    _ version: Version, as name: String, in directory: any Directory
  ) throws(DatabaseError) {
    let writer = try begin(version, as: name, in: directory)
    do throws(DatabaseError) {
      try writer.close()
    } catch {
      try discard(name, in: directory, because: error)
    }
  }

  /// The same, and the file stays open for edits that come after.
  static func begin(
    _ version: Version, as name: String, in directory: any Directory
  ) throws(DatabaseError) -> ManifestWriter {
    let edits = try snapshot(of: version)
    let writer = ManifestWriter(file: try directory.create(name), dialect: version.dialect)
    do throws(DatabaseError) {
      for edit in edits { try writer.append([edit]) }
      if Mutant.newManifestNotSynced.isOn { return writer }
      try writer.sync()
      let copy = try ManifestReader.read(directory, name: name)
      guard copy.isClean, copy.version == version else {
        throw DatabaseError(.corruption, file: name, "the new MANIFEST does not read back as it was written")
      }
      // An error of the device that comes late comes here, before CURRENT names the file.
      try writer.sync()
      return writer
    } catch {
      do throws(DatabaseError) { try writer.close() } catch { /* The first error says more. */  }
      if Mutant.partsLeftBehind.isOn { throw error }
      try discard(name, in: directory, because: error)
    }
  }

  /// Removes what was half written and throws `error`, whether or not removing works.
  private static func discard(
    _ name: String, in directory: any Directory, because error: DatabaseError
  ) throws(DatabaseError) -> Never {
    do throws(DatabaseError) { try directory.remove(name) } catch { /* The first error says more. */  }
    throw error
  }

  private func appendRecord(_ edit: VersionEdit) throws(DatabaseError) {
    buffer.removeAll()
    edit.encode(into: &buffer, as: dialect)
    try log.append(buffer.bytes)
  }
}

// MARK: Snapshots

extension ManifestWriter {
  /// The records that lead from nothing to `version`. Throws `unsupported` for what LevelDB's records cannot say when
  /// the version is LevelDB's.
  public static func snapshot(of version: Version) throws(DatabaseError) -> [VersionEdit] {
    if version.dialect == .leveldb { return try levelDBSnapshot(of: version) }
    var identity = VersionEdit()
    identity.databaseID = version.databaseID
    // RocksDB looks for nothing else in a record that adds WALs, or one that adds a column family.
    var logs = VersionEdit()
    logs.logAdditions = version.trackedLogs
    var edits = [identity, logs]
    for family in version.families {
      edits.append(definition(of: family))
      edits.append(contents(of: family))
    }
    var numbers = VersionEdit()
    numbers.previousLogNumber = version.previousLogNumber
    numbers.nextFileNumber = version.nextFileNumber
    numbers.lastSequence = version.lastSequence
    numbers.maxColumnFamily = version.maxColumnFamily
    numbers.minLogNumberToKeep = version.minLogNumberToKeep == 0 ? nil : version.minLogNumberToKeep
    edits.append(numbers)
    return edits.filter { $0 != VersionEdit() }
  }

  private static func definition(of family: ColumnFamily) -> VersionEdit {
    var edit = VersionEdit(family: family.id)
    edit.comparator = family.comparator
    edit.timestampsPersisted = family.timestampsPersisted
    if family.id != 0 { edit.addedFamily = family.name }
    return edit
  }

  private static func contents(of family: ColumnFamily) -> VersionEdit {
    var edit = VersionEdit(family: family.id)
    edit.logNumber = family.logNumber
    edit.fullHistoryTimestampLow = family.fullHistoryTimestampLow
    edit.compactCursors = family.compactCursors
    edit.newTables = family.tables
    if !edit.newTables.allSatisfy(\.hasEpoch) {
      // RocksDB uses epochs only when every table has one; a few would mislead whoever looks at them.
      for index in edit.newTables.indices { edit.newTables[index].epoch = nil }
    }
    for blob in family.blobFiles {
      edit.blobAdditions.append(
        BlobFileMetadata(
          number: blob.number, count: blob.count, bytes: blob.bytes, checksumMethod: blob.checksumMethod,
          checksum: blob.checksum))
      if blob.garbageCount > 0 || blob.garbageBytes > 0 {
        edit.blobGarbage.append(
          VersionEdit.BlobGarbage(number: blob.number, count: blob.garbageCount, bytes: blob.garbageBytes))
      }
    }
    return edit
  }

  /// LevelDB's own two records: the state, then the numbers.
  private static func levelDBSnapshot(of version: Version) throws(DatabaseError) -> [VersionEdit] {
    guard version.families.count == 1, let family = version.families.first, family.id == 0,
      family.blobFiles.isEmpty, family.tables.allSatisfy({ !$0.hasSequences })
    else { throw DatabaseError(.unsupported, "the state has parts that a LevelDB MANIFEST cannot hold") }
    var state = VersionEdit()
    state.comparator = family.comparator
    state.compactCursors = family.compactCursors
    state.newTables = family.tables
    var numbers = VersionEdit()
    numbers.logNumber = family.logNumber
    numbers.previousLogNumber = version.previousLogNumber
    numbers.nextFileNumber = version.nextFileNumber
    numbers.lastSequence = version.lastSequence
    return [state, numbers]
  }
}
