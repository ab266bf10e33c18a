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

  /// Writes and syncs everything; CURRENT comes last. The tables have been synced.
  func write(in directory: any Directory) throws(DatabaseError) {
    let identity = NewDatabase.identity()
    var all = families
    if !all.contains(where: { $0.id == 0 }) { all.append(Family(name: "default", id: 0, order: .bytewise)) }
    let version = Version(
      families: all.map(columnFamily), lastSequence: lastSequence, nextFileNumber: nextNumber + 1,
      databaseID: identity)
    try writeIdentity(identity, in: directory)
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

  /// A random UUID, as RocksDB gives each database.
  private static func identity() -> String {
    var bytes: [UInt8] = []
    for _ in 0..<2 { withUnsafeBytes(of: UInt64.random(in: 0...UInt64.max)) { bytes += $0 } }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    var text = TextFormat.hex.text(bytes)
    for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
    return text
  }

  private func writeIdentity(_ identity: String, in directory: any Directory) throws(DatabaseError) {
    let file = try directory.create(DatabaseFile.identity.name)
    do throws(DatabaseError) {
      var content = ByteWriter()
      content.append(utf8: identity)
      try file.append(content.bytes)
      try file.sync()
    } catch {
      do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
      throw error
    }
    try file.close()
  }
}
