/// The logs of a database whose un-flushed entries lie among the keys of a table to be ingested: they become tables of
/// level 0 first, in the same change, as RocksDB flushes its memtables before it ingests. Otherwise an engine would
/// write them into newer tables than the ingested one, although they are older.
///
/// All families are flushed, so that no log is left to replay: RocksDB refuses a database of which one family is ahead
/// of a log with a damaged end.
struct IngestFlush: Sendable {
  struct Table: Sendable {
    let family: ColumnFamily
    let contents: LogFlush
    /// Without number and size.
    let metadata: TableMetadata
    let mergeOperator: String?

    /// Bytes of keys and values.
    var size: UInt64 { UInt64(contents.entries.bytes) }
    var entries: Int { contents.entries.count + contents.tombstones.count }
  }

  /// Numbers, ascending; replayed no more.
  let logs: [UInt64]
  /// One for each family that has entries.
  let tables: [Table]

  /// Larger than every log's number.
  var nextLog: UInt64 { (logs.last ?? 0) + 1 }

  /// Throws `unsupported` where an engine has to replay the logs itself.
  init(_ view: DatabaseView, _ version: Version) throws(DatabaseError) {
    logs = view.logs
    guard view.pendingTransactions == 0 else {
      throw DatabaseError(
        .unsupported, file: view.directory.path,
        "un-flushed entries lie among the table's keys, and the logs hold transactions that were prepared and not "
          + "committed: open the database with its own engine first")
    }
    var tables: [Table] = []
    for family in view.families where family.logEntryCount > 0 {
      guard let stored = version.family(family.id) else { continue }
      guard family.order.isKnown, stored.timestampsPersisted != false else {
        throw DatabaseError(
          .unsupported, file: view.directory.path,
          "un-flushed entries of column family \(EscapedText.printable(family.name)) cannot be flushed here: open the "
            + "database with its own engine first")
      }
      if let table = Table(family, stored) { tables.append(table) }
    }
    self.tables = tables
  }
}

extension IngestFlush.Table {
  /// nil when nothing but empty range deletions is there.
  fileprivate init?(_ view: DatabaseView.Family, _ family: ColumnFamily) {
    let entries = view.entries ?? SortedEntries()
    var facts = TableFacts()
    for tombstone in view.logTombstones where family.order.compare(tombstone.begin, tombstone.end) < 0 {
      facts.add(tombstone, order: family.order)
    }
    for entry in entries.entries {
      let sequence = entry.key.internalKeyTrailer >> 8
      facts.smallestSequence = min(facts.smallestSequence, sequence)
      facts.largestSequence = max(facts.largestSequence, sequence)
    }
    for entry in [entries.entries.first, entries.entries.last] {
      if let entry { facts.widen(InternalKey(borrowed: entry.key), family.order) }
    }
    guard let smallest = facts.smallest, let largest = facts.largest else { return nil }
    let epoch = family.tables.allSatisfy(\.hasEpoch) ? (family.tables.compactMap(\.epoch).max() ?? 0) &+ 1 : nil
    self.family = family
    contents = LogFlush(family: family.id, entries: entries, tombstones: view.logTombstones)
    metadata = TableMetadata(
      number: 0, size: 0, smallest: smallest, largest: largest, smallestSequence: facts.smallestSequence,
      largestSequence: facts.largestSequence, epoch: epoch)
    mergeOperator = view.optionsOperator?.name
  }

  /// Writes the table and returns what the MANIFEST says of it.
  func write(
    _ number: UInt64, _ origin: TableOrigin, _ change: DatabaseChange, _ directory: any ReadableDirectory
  ) throws(DatabaseError) -> TableMetadata {
    let style = try TableStyle(
      family, level: 0, isBottom: false, dialect: .rocksdb, file: OptionsFile.newest(in: directory)?.options,
      cache: TableCache(directory: directory))
    var options = style.options
    options.order = family.order
    (options.columnFamilyID, options.columnFamilyName) = (family.id, family.name)
    options.mergeOperator = mergeOperator ?? options.mergeOperator
    options.origin = origin.table(number)
    let summary = try contents.write(to: change.staging.create(change.tableName(number)), options)
    var table = metadata
    (table.number, table.size) = (number, summary.fileSize)
    (table.smallest, table.largest) = (summary.smallest, summary.largest)
    table.oldestBlobFile = summary.oldestBlobFile
    return table
  }
}
