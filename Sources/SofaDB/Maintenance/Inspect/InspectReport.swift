/// What a directory, or some tables of one, look like from outside: the value that `sofatool info` prints.
public struct InspectReport: Sendable {
  public enum Kind: String, Sendable {
    case database
    case damagedDatabase = "damaged-database"
    case looseTables = "tables"
    case sofaGo = "sofadb-go"
  }

  public enum Engine: String, Sendable {
    case levelDB = "leveldb"
    case rocksDB = "rocksdb"
    case sofaGo = "sofadb-go"
    case unknown
  }

  public struct Manifest: Sendable {
    public var name: String
    /// Bytes.
    public var size: UInt64
    public var records: Int
    /// "clean", "torn" or "corrupt".
    public var tail: String
    /// False when CURRENT does not lead to it, and the state is only the best guess there is.
    public var isCurrent: Bool
  }

  /// Something remarkable that is no finding. Codes are stable words.
  public struct Remark: Sendable, Equatable {
    public var code: String
    /// One sentence without keys.
    public var detail: String
  }

  /// Tables and bytes that have something in common.
  public struct Share: Sendable, Equatable {
    public var name: String
    public var tables: Int
    /// Bytes of the files.
    public var bytes: UInt64
  }

  public var path: String
  public var kind: Kind
  public var engine = Engine.unknown
  /// As the OPTIONS file says.
  public var engineVersion: String?
  /// Of the newest table, where no OPTIONS file says more.
  public var writtenBy: EngineGuess?
  public var optionsName: String?
  public var identity: String?
  public var manifest: Manifest?
  public var lastSequence: SequenceNumber?
  public var families: [InspectedFamily] = []
  /// Family by family, level by level.
  public var tables: [InspectedTable] = []
  public var logs: [InspectedLog] = []
  public var blobFiles: [InspectedBlobFile] = []
  /// Other features than those of tables.
  public var otherFeatures: [EngineFeature] = []
  /// Visible entries, counted; only for directories of the Go SofaDB, whose files say nothing.
  public var visibleEntries: UInt64?
  public var findings: [Finding] = []
  public var remarks: [Remark] = []

  public init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  // MARK: Sums

  /// Bytes of all tables, by the MANIFEST where it lists them.
  public var tableBytes: UInt64 { tables.reduce(0) { $0 &+ $1.size } }
  public var blobBytes: UInt64 { blobFiles.reduce(0) { $0 &+ ($1.size ?? 0) } }
  public var logBytes: UInt64 { logs.reduce(0) { $0 &+ $1.size } }
  /// Entries that only the logs have.
  public var pendingEntries: UInt64 { families.reduce(0) { $0 &+ $1.pendingEntries } }

  /// The sum of what tables tell; nil when none tells.
  public func sum(_ number: (InspectedTable) -> UInt64?) -> UInt64? {
    tables.reduce(nil) { sum, table in number(table).map { (sum ?? 0) &+ $0 } ?? sum }
  }

  /// How tables are spread over what `name` says of them, largest share first. Tables of which it says nothing are
  /// left out.
  public func shares(_ name: (InspectedTable) -> String?) -> [Share] {
    var shares: [String: Share] = [:]
    for table in tables {
      guard let name = name(table) else { continue }
      shares[name, default: Share(name: name, tables: 0, bytes: 0)].tables += 1
      shares[name]?.bytes &+= table.size
    }
    return shares.values.sorted { $0.bytes == $1.bytes ? $0.name < $1.name : $0.bytes > $1.bytes }
  }

  /// Stored bytes of the data blocks that were looked at, by their codec, most first.
  public var sampledBlocks: [(codec: String, bytes: UInt64)] {
    var bytes: [String: UInt64] = [:]
    for table in tables { bytes.merge(table.sampled) { $0 &+ $1 } }
    return bytes.map { (codec: $0.key, bytes: $0.value) }
      .sorted { $0.bytes == $1.bytes ? $0.codec < $1.codec : $0.bytes > $1.bytes }
  }

  /// Bytes of keys and values for one byte of data blocks, over the tables that tell both.
  public var compressionRatio: Double? {
    let raw = sum { $0.dataSize == nil ? nil : $0.rawSize } ?? 0
    let stored = sum { $0.rawSize == nil ? nil : $0.dataSize } ?? 0
    return raw > 0 && stored > 0 ? Double(raw) / Double(stored) : nil
  }

  /// Bytes of a data block as stored, and of the keys and values in it, on average.
  public var averageBlock: (stored: UInt64, raw: UInt64)? {
    var blocks: UInt64 = 0
    var stored: UInt64 = 0
    var raw: UInt64 = 0
    for table in tables {
      guard let count = table.dataBlocks, count > 0, let size = table.dataSize, let content = table.rawSize else {
        continue
      }
      blocks &+= count
      stored &+= size
      raw &+= content
    }
    return blocks > 0 ? (stored / blocks, raw / blocks) : nil
  }

  /// Creation times of tables by MANIFEST or properties, seconds since 1970.
  public var created: ClosedRange<UInt64>? { InspectReport.range(tables.compactMap(\.created)) }
  /// Times of table files, seconds since 1970.
  public var modified: ClosedRange<UInt64>? { InspectReport.range(tables.compactMap(\.modified)) }

  private static func range(_ times: [UInt64]) -> ClosedRange<UInt64>? {
    guard let first = times.min(), let last = times.max() else { return nil }
    return first...last
  }

  // MARK: Compatibility

  /// What older releases of RocksDB cannot read, most recent first.
  public var features: [EngineFeature] { EngineFeature.sorted(tables.flatMap(\.features) + otherFeatures) }

  /// Whether tables of LevelDB hold zstd, which only LevelDB newer than 1.23 reads: RocksDB takes its number for zlib.
  public var hasLevelDBZstd: Bool {
    tables.contains { $0.isLevelDB && $0.codec?.contains(Compression.zstd.name) == true }
  }

  /// The first release of RocksDB that reads everything seen here; nil when none does or nothing was seen.
  public var opensFrom: EngineRelease? { hasLevelDBZstd ? nil : features.first?.since }

  /// The first release that refuses some table: LevelDB's, format_version 0 and 1, and tables without index type.
  public var opensBefore: EngineRelease? {
    let isRefused = tables.contains { table in
      guard let version = table.formatVersion else { return false }
      return version < 2 || !table.namesIndexType
    }
    return isRefused || engine == .levelDB ? EngineFeature.endOfOldTables : nil
  }

  /// Whether the system let everything be read.
  public var isComplete: Bool {
    !tables.contains { $0.state == .unreadable } && !remarks.contains { $0.code == InspectRemarks.unreadable }
  }

  /// What `verify` would say of the run, for the exit status.
  public var summary: FindingSummary {
    var summary = FindingSummary()
    for finding in findings { summary.count(finding) }
    summary.files = UInt64(tables.count + logs.count + blobFiles.count + (manifest == nil ? 0 : 2))
    // Sums of what a damaged MANIFEST claims must stay sums when reports are added up.
    summary.bytesInScope = min(tableBytes &+ logBytes &+ blobBytes &+ (manifest?.size ?? 0), 1 << 60)
    summary.bytes = summary.bytesInScope
    guard !isComplete else { return summary }
    summary.bytesInScope = max(summary.bytesInScope, 1)
    summary.bytes = summary.bytesInScope - 1
    return summary
  }
}
