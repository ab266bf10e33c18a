/// Where a load puts its tables: a directory that appears under its name when everything is in it.
final class LoadDestination: @unchecked Sendable {
  let partial: PartialDirectory
  private let output: LoadOutput
  private let options: LoadOptions
  private let families: [TableProduction.Family]
  /// The new database's.
  private let identity = DatabaseIdentity.random()
  private let origin: TableOrigin

  /// Refuses what exists, before anything is read.
  init(
    _ output: LoadOutput, options: LoadOptions, families: [TableProduction.Family], in fileSystem: any FileSystem
  ) throws(DatabaseError) {
    self.output = output
    self.options = options
    self.families = families
    if case .database = output {
      origin = options.table.origin ?? .newSession(of: identity)
    } else {
      origin = options.table.origin ?? .newSession(of: TableOrigin.externalDatabase)
    }
    partial = try PartialDirectory(output.path, in: fileSystem)
  }

  /// One for each family. `families` are those of this destination, and may have got their tombstones since.
  func targets(_ families: [TableProduction.Family], closer: TableCloser?) -> [TableSeries.Target] {
    families.map { family in
      var table = options.table
      table.mergeOperator = family.mergeOperator
      table.order = family.order
      table.origin = origin
      table.columnFamilyID = family.id
      table.columnFamilyName = family.name
      if case .tables = output { table.external = true } else { table.external = false }
      // Timestamped range deletions cannot be cut at a key.
      let isWhole = !family.tombstones.isEmpty && family.order.timestampSize > 0
      return TableSeries.Target(
        directory: partial.directory, closer: closer, options: table,
        fileSize: isWhole ? .max : max(1, options.targetFileSize))
    }
  }

  /// Bytes of table for a byte of rows, roughly, as far as the codec tells.
  var ratio: Double {
    switch options.table.compression {
    case .none: 1
    case .lz4, .lz4hc, .snappy: 0.6
    default: 0.4
    }
  }

  /// Gives the tables, which are in the order of families and keys, their names and the directory its own.
  func commit(
    _ tables: [LoadedTable], lastSequence: SequenceNumber, into report: inout BulkLoadReport
  ) throws(DatabaseError) {
    var database = NewDatabase(
      families: families.map { NewDatabase.Family(name: $0.name, id: $0.id, order: $0.order) },
      lastSequence: lastSequence, nextNumber: 1, identity: identity)
    for table in tables {
      let number = database.nextNumber
      let name = DatabaseFile.table(number).name
      try partial.directory.rename(table.name, to: name, replacing: false)
      database.families[table.family].tables.append((number, table.summary))
      database.nextNumber += 1
      report.tables.append(
        BulkLoadReport.Table(
          name: name, family: families[table.family].name, size: table.summary.fileSize,
          entries: table.summary.entryCount))
    }
    if case .database = output { try database.write(in: partial.directory) }
    try partial.commit()
    do throws(DatabaseError) {
      try partial.removeMarker()
    } catch {
      report.remarks.append(
        "the file \(PartialDirectory.marker) is left in \(output.path) and may be removed: \(error)")
    }
  }

  func discard() { partial.discard() }
}
