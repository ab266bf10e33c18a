/// The files that make a directory of tables a database: MANIFEST, IDENTITY and CURRENT.
///
/// All tables lie in the bottom level. There is no log and no OPTIONS file: the engine that opens the database first
/// writes them.
struct NewDatabase {
  struct Family {
    var name: String
    var id: UInt32
    var order: KeyOrder
    /// Under their final numbers, in the order of their keys.
    var tables: [(number: UInt64, summary: TableSummary)] = []
  }

  /// An empty `default`, number 0, is added if it is missing.
  var families: [Family]
  var lastSequence: SequenceNumber
  /// Larger than the numbers of all tables.
  var nextNumber: UInt64
  /// What no other database is called.
  var identity = DatabaseIdentity.random()

  /// Writes and syncs everything; CURRENT comes last. The tables have been synced.
  func write(in directory: any Directory) throws(DatabaseError) {
    var all = families
    if !all.contains(where: { $0.id == 0 }) { all.append(Family(name: "default", id: 0, order: .bytewise)) }
    let version = Version(
      families: all.map(columnFamily), lastSequence: lastSequence, nextFileNumber: nextNumber + 1,
      databaseID: identity)
    try DatabaseIdentity.write(identity, in: directory)
    try ManifestWriter.write(version, as: DatabaseFile.manifest(nextNumber).name, in: directory)
    try CurrentFile.replace(directory, manifest: nextNumber)
  }

  private func columnFamily(_ family: Family) -> ColumnFamily {
    let tables = family.tables.map { number, summary in
      var table = TableMetadata(
        number: number, level: ColumnFamily.usualLevels - 1, size: summary.fileSize, smallest: summary.smallest,
        largest: summary.largest, smallestSequence: summary.smallestSequence,
        largestSequence: summary.largestSequence, epoch: number)
      table.oldestBlobFile = summary.oldestBlobFile
      return table
    }
    return ColumnFamily(
      id: family.id, name: family.name, comparator: family.order.name, logNumber: 0, tables: tables)
  }
}
