/// A table of the directory that is to become part of the state: all of it is read, so that its record says what it
/// holds and no damaged table gets in.
///
/// Where an earlier record of the MANIFEST describes the same file, that is taken over: for a table that was ingested
/// it is the only place that knows the sequence number of its entries.
struct AddedTable {
  /// At level 0, without an epoch.
  let metadata: TableMetadata
  /// Column family id.
  let family: UInt32
  /// Blob files that it refers to and the state does not list.
  let blobFiles: [BlobFileMetadata]
  /// With the sequence numbers as read, also where the MANIFEST does not record any.
  let facts: TableFacts
  /// What the operator should know.
  let notes: [String]

  /// Throws `invalid` when there is no such file or its family is not clear, `corruption` when it is damaged.
  init(
    _ number: UInt64, in directory: any ReadableDirectory, version: Version, source: ManifestSource,
    family name: String?
  ) throws(DatabaseError) {
    let file = try AddedTable.open(number, in: directory)
    let reader = try TableReader(file)
    let family = try AddedTable.family(of: reader, in: version, named: name)
    try AddedTable.checkKind(reader, version, family)
    let recorded = try AddedTable.record(number, file, source, family)
    guard let facts = try AddedTable.facts(file, recorded, family) else {
      throw DatabaseError(
        .corruption, file: file.name,
        "the table is damaged: `sofatool verify` says where, `sofatool repair` saves the rest")
    }
    guard let smallest = facts.smallest, let largest = facts.largest, facts.entries > 0 else {
      throw DatabaseError(.invalid, file: file.name, "the table has no entries: engines cannot use it")
    }
    self.family = family.id
    self.facts = facts
    var table = AddedTable.metadata(number, reader, facts, smallest, largest, version.dialect)
    if let recorded { table = recorded }
    table.level = 0
    table.epoch = nil
    table.restoreTimestamps(size: family.order.timestampSize)
    metadata = table
    let known = Set(family.blobFiles.map(\.number))
    blobFiles = facts.blobReferences.keys.sorted().filter { !known.contains($0) }.compactMap(source.blobFile)
    notes = AddedTable.notes(reader, facts, isRecorded: recorded != nil)
  }

  private static func open(
    _ number: UInt64, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> any RandomAccessFile {
    do throws(DatabaseError) { return try TableCache.open(number, in: directory) } catch {
      guard error.kind == .notFound else { throw error }
      throw DatabaseError(
        .invalid, file: directory.path, "there is no \(DatabaseFile.table(number).name) to add in the directory")
    }
  }

  /// As named by the operator, else by the table, else the only one.
  private static func family(
    of reader: TableReader, in version: Version, named name: String?
  ) throws(DatabaseError) -> ColumnFamily {
    if let name {
      guard let family = version.family(named: name) else {
        throw DatabaseError(.invalid, "there is no column family \(EscapedText.printable(name))")
      }
      return family
    }
    let own = reader.properties.columnFamilyName ?? ""
    if !own.isEmpty, let family = version.family(named: own) { return family }
    if own.isEmpty, version.families.count == 1 { return version.families[0] }
    throw DatabaseError(
      .invalid, file: reader.name,
      (own.isEmpty
        ? "the table does not say which column family it belongs to"
        : "the table belongs to the column family \(EscapedText.printable(own)), which does not exist")
        + ": name one with --column-family")
  }

  private static func checkKind(
    _ reader: TableReader, _ version: Version, _ family: ColumnFamily
  ) throws(DatabaseError) {
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported, file: reader.name,
        "the comparator \(EscapedText.printable(family.order.name)) is not known: no place for the table can be found")
    }
    let own = reader.properties.comparator
    guard own == nil || own == family.order.name else {
      throw DatabaseError(
        .invalid, file: reader.name,
        "the table is ordered by \(EscapedText.printable(own ?? "")), the column family by \(family.order.name)")
    }
    guard version.dialect == .rocksdb || reader.isLevelDB else {
      throw DatabaseError(.unsupported, file: reader.name, "LevelDB cannot read this table")
    }
  }

  /// The newest record of the table in the MANIFEST, if the file is what it says.
  private static func record(
    _ number: UInt64, _ file: any RandomAccessFile, _ source: ManifestSource, _ family: ColumnFamily
  ) throws(DatabaseError) -> TableMetadata? {
    guard var table = source.record(of: number)?.table, table.size == file.size else { return nil }
    table.restoreTimestamps(size: family.order.timestampSize)
    do throws(DatabaseError) {
      let reader = try TableReader(
        file, order: family.order, largestSequence: table.hasSequences ? table.largestSequence : nil)
      return try StateCheck.differences(table, reader, file: file.name).isEmpty ? table : nil
    } catch {
      guard error.kind == .corruption else { throw error }
      return nil
    }
  }

  /// nil when the table is damaged.
  private static func facts(
    _ file: any RandomAccessFile, _ recorded: TableMetadata?, _ family: ColumnFamily
  ) throws(DatabaseError) -> TableFacts? {
    let audit = TableAudit(
      file, name: file.name, metadata: recorded, family: family.name, order: family.order, level: .full)
    try audit.run()
    // Bounds were compared, with more care for range tombstones.
    let isDamaged = audit.findings.contains { $0.severity == .error && $0.code != .manifestBounds }
    return isDamaged ? nil : audit.facts
  }

  private static func metadata(
    _ number: UInt64, _ reader: TableReader, _ facts: TableFacts, _ smallest: InternalKey, _ largest: InternalKey,
    _ dialect: ManifestDialect
  ) -> TableMetadata {
    var table = TableMetadata(
      number: number, size: reader.file.size, smallest: smallest, largest: largest,
      smallestSequence: dialect == .leveldb ? TableMetadata.unknownSequence : facts.smallestSequence,
      largestSequence: dialect == .leveldb ? 0 : facts.largestSequence)
    guard dialect == .rocksdb else { return table }
    table.oldestBlobFile = facts.blobReferences.keys.min()
    table.creationTime = reader.properties.number(.fileCreationTime)
    table.oldestAncestorTime = reader.properties.number(.creationTime)
    table.minTimestamp = reader.properties[.smallestTimestamp]
    table.maxTimestamp = reader.properties[.largestTimestamp]
    table.timestampsPersisted = reader.properties.timestampsPersisted
    return table
  }

  private static func notes(_ reader: TableReader, _ facts: TableFacts, isRecorded: Bool) -> [String] {
    var notes: [String] = []
    if reader.properties.externalVersion != nil, facts.largestSequence == 0, !isRecorded {
      notes.append(
        "\(reader.name) is an external table without a sequence number: its entries count as older than all others")
    }
    return notes
  }
}
