/// One key space of a database at one point of its MANIFEST: its order, its tables level by level, its blob files.
public struct ColumnFamily: Sendable, Equatable {
  public let id: UInt32
  public let name: String
  /// As recorded; nil when the MANIFEST does not say, which RocksDB accepts.
  public let comparator: String?
  /// The order of the keys; bytewise when not recorded.
  public let order: KeyOrder
  /// WALs with smaller numbers hold nothing that its tables do not.
  public let logNumber: UInt64
  /// At least seven. Level 0 newest first, deeper levels by smallest key.
  public let levels: [[TableMetadata]]
  /// By number; only those that some table may refer to.
  public let blobFiles: [BlobFileMetadata]
  /// Where round-robin compactions go on, by level.
  public let compactCursors: [VersionEdit.CompactCursor]
  /// False when new tables of the family leave user timestamps out.
  public let timestampsPersisted: Bool?
  public let fullHistoryTimestampLow: [UInt8]?

  /// Levels of a database whose options say nothing else.
  public static let usualLevels = 7

  /// Sorts `tables` into their levels. `blobFiles` that no table can refer to are left out, as RocksDB does.
  public init(
    id: UInt32, name: String, comparator: String?, logNumber: UInt64, tables: [TableMetadata],
    blobFiles: [BlobFileMetadata] = [], compactCursors: [VersionEdit.CompactCursor] = [],
    timestampsPersisted: Bool? = nil, fullHistoryTimestampLow: [UInt8]? = nil
  ) {
    self.id = id
    self.name = name
    self.comparator = comparator
    order = comparator.map { KeyOrder(name: $0) } ?? .bytewise
    self.logNumber = logNumber
    levels = ColumnFamily.levels(of: tables, order: order)
    self.blobFiles = ColumnFamily.live(blobFiles, of: tables)
    self.compactCursors = compactCursors.sorted { $0.level < $1.level }
    self.timestampsPersisted = timestampsPersisted
    self.fullHistoryTimestampLow = fullHistoryTimestampLow
  }

  /// All tables, level 0 first.
  public var tables: [TableMetadata] { levels.flatMap { $0 } }
  public var tableCount: Int { levels.reduce(0) { $0 + $1.count } }

  /// A table names only the oldest blob file that it refers to, so all younger ones may be in use; one that is nothing
  /// but garbage is not.
  private static func live(_ blobFiles: [BlobFileMetadata], of tables: [TableMetadata]) -> [BlobFileMetadata] {
    guard !blobFiles.isEmpty else { return [] }
    let linked = Set(tables.lazy.compactMap(\.oldestBlobFile))
    let oldest = linked.min() ?? UInt64.max
    let live = blobFiles.filter {
      $0.number >= oldest && (linked.contains($0.number) || $0.garbageCount < $0.count)
    }
    return live.sorted { $0.number < $1.number }
  }

  private static func levels(of tables: [TableMetadata], order: KeyOrder) -> [[TableMetadata]] {
    let count = max(usualLevels, (tables.lazy.map(\.level).max() ?? 0) + 1)
    var levels = [[TableMetadata]](repeating: [], count: count)
    for table in tables { levels[table.level].append(table) }
    let byEpoch = tables.allSatisfy(\.hasEpoch)
    levels[0].sort { isNewer($0, $1, byEpoch: byEpoch) }
    // Under an order that is not known the MANIFEST's own sequence is the best there is.
    guard order.isKnown else { return levels }
    for level in 1..<count {
      let isSorted = zip(levels[level], levels[level].dropFirst()).allSatisfy {
        order.compare($0.smallest, $1.smallest) <= 0
      }
      if !isSorted { levels[level].sort { order.compare($0.smallest, $1.smallest) < 0 } }
    }
    return levels
  }

  /// The age order of level 0. Epochs count only when every table of the family has one; tables without sequence
  /// numbers come from LevelDB, are older than all others, and sort by file number.
  static func isNewer(_ a: TableMetadata, _ b: TableMetadata, byEpoch: Bool) -> Bool {
    if Mutant.level0ByNumber.isOn { return a.number > b.number }
    if byEpoch, a.epoch != b.epoch { return (a.epoch ?? 0) > (b.epoch ?? 0) }
    if a.largestSequence != b.largestSequence { return a.largestSequence > b.largestSequence }
    if a.smallestSequence != b.smallestSequence { return a.smallestSequence > b.smallestSequence }
    return a.number > b.number
  }
}
