/// What a load did: rows read = written + duplicates + rejected.
public struct BulkLoadReport: Sendable {
  public struct Table: Sendable {
    /// In the output directory.
    public var name: String
    public var family: String
    /// Bytes.
    public var size: UInt64
    /// Point entries and range tombstones.
    public var entries: UInt64
  }

  /// Rows of the input, blank lines apart.
  public var rowsRead: UInt64 = 0
  public var rowsWritten: UInt64 = 0
  public var duplicates: UInt64 = 0
  public var rejected: UInt64 = 0
  /// Entries that rows of a dump made beside their first: merges with several operands.
  public var extraEntries: UInt64 = 0
  public var blankLines: UInt64 = 0
  /// Bytes of input.
  public var bytesRead: UInt64 = 0
  /// Bytes of rows that found no room in memory.
  public var bytesSpilled: UInt64 = 0
  public var tables: [Table] = []
  public var families: [String] = []
  /// Of everything that was written.
  public var digest = ContentDigest()
  /// The largest sequence number in the tables.
  public var lastSequence: SequenceNumber = 0
  /// Things that went wrong after the result was complete, and things in the input that deserve a look.
  public var remarks: [String] = []

  /// Whether every row is accounted for.
  public var isBalanced: Bool { rowsRead == rowsWritten + duplicates + rejected }
}

extension BulkLoadReport {
  /// Counts what was made; the tables, in order. Throws when a row is unaccounted for or a table does not hold what it
  /// was given: no such result may be committed.
  mutating func add(
    _ products: [TableProduction.Product], families: [String],
    tombstones: [(family: Int, tombstone: RangeTombstone)] = []
  ) throws(DatabaseError) -> [LoadedTable] {
    var entries: UInt64 = 0
    var points: UInt64 = 0
    for product in products {
      points += product.written
      duplicates += product.duplicates
      digest.add(product.digest)
      lastSequence = max(lastSequence, product.largestSequence)
      for table in product.tables { entries += table.summary.entryCount - table.summary.rangeTombstoneCount }
    }
    let digested = digest.entries
    for (family, tombstone) in tombstones {
      let seed = ContentDigest.Family(name: families[family])
      tombstone.begin.withUnsafeBytes { begin in
        tombstone.end.withUnsafeBytes { digest.add(.rangeDeletion, key: begin, value: $0, in: seed) }
      }
      lastSequence = max(lastSequence, tombstone.sequence)
    }
    rowsWritten = points &- extraEntries &+ UInt64(tombstones.count)
    self.families = families
    guard isBalanced, entries == points, digested == points else {
      throw DatabaseError(
        .corruption,
        "\(rowsRead) rows read, \(rowsWritten) written, \(duplicates) duplicates, \(rejected) rejected, "
          + "\(entries) entries in tables: the counts do not agree, and nothing was kept")
    }
    return products.flatMap(\.tables)
  }
}
