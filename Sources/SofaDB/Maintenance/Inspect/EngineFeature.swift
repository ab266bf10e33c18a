/// Something in a file that older releases of RocksDB refuse or misread, and the first release that reads it.
///
/// Only what headers, properties, MANIFEST and logs tell: nothing is known here of the entries inside tables. Source:
/// RocksDB's `HISTORY.md`.
public struct EngineFeature: Sendable, Hashable {
  public let name: String
  public let since: EngineRelease

  public init(_ name: String, since: EngineRelease) {
    self.name = name
    self.since = since
  }

  /// The first release that refuses LevelDB's tables and RocksDB's of format_version 0 and 1.
  public static let endOfOldTables = EngineRelease(11, 0)

  static let blobFiles = EngineFeature("blob files", since: EngineRelease(6, 18))
  static let logCompression = EngineFeature("compressed write-ahead logs", since: EngineRelease(7, 4))

  /// Most recent first, then by name; no feature twice.
  static func sorted(_ features: some Sequence<EngineFeature>) -> [EngineFeature] {
    Set(features).sorted { $0.since == $1.since ? $0.name < $1.name : $0.since > $1.since }
  }

  static func format(_ version: UInt32) -> EngineFeature {
    let since =
      switch version {
      case 0: EngineRelease(4, 1)
      case 1: EngineRelease(3, 0)
      case 2: EngineRelease(3, 10)
      case 3: EngineRelease(5, 15)
      case 4: EngineRelease(5, 16)
      case 5: EngineRelease(6, 6)
      case 6: EngineRelease(8, 6)
      default: EngineRelease(10, 4)
      }
    return EngineFeature("format_version \(version)", since: since)
  }

  static func checksum(_ type: ChecksumType) -> EngineFeature? {
    switch type {
    case .none, .crc32c, .xxHash32: nil
    case .xxHash64: EngineFeature("checksum xxhash64", since: EngineRelease(5, 18))
    case .xxh3: EngineFeature("checksum xxh3", since: EngineRelease(6, 27))
    }
  }

  static func index(_ kind: IndexFormat.Kind) -> EngineFeature? {
    switch kind {
    case .binarySearch, .hashSearch: nil
    case .twoLevel: EngineFeature("partitioned index", since: EngineRelease(5, 4))
    case .binarySearchWithFirstKey: EngineFeature("index with first keys", since: EngineRelease(6, 2))
    }
  }

  /// What a table's footer, metaindex and properties show.
  static func features(_ footer: Footer, _ metaIndex: MetaIndex, _ properties: TableProperties) -> [EngineFeature] {
    var found = [format(footer.formatVersion)]
    if let feature = checksum(footer.checksum) { found.append(feature) }
    if let number = UInt32(exactly: properties.indexType), let kind = IndexFormat.Kind(rawValue: number),
      let feature = index(kind)
    {
      found.append(feature)
    }
    if metaIndex.filters.contains(where: { $0.kind == .partitioned }) {
      found.append(EngineFeature("partitioned filter", since: EngineRelease(5, 4)))
    }
    if metaIndex.dictionary != nil {
      found.append(EngineFeature("compression dictionary", since: EngineRelease(4, 8)))
    }
    if metaIndex.rangeDeletions != nil { found.append(EngineFeature("range deletions", since: EngineRelease(5, 0))) }
    switch properties.compression {
    case "ZSTD": found.append(EngineFeature("codec zstd", since: EngineRelease(4, 12)))
    case "ZSTDNotFinal": found.append(EngineFeature("codec zstdnotfinal", since: EngineRelease(4, 0)))
    default: break
    }
    if !properties.timestampsPersisted {
      found.append(EngineFeature("timestamps left out of tables", since: EngineRelease(8, 6)))
    }
    if (properties.number(.separatedValues) ?? 0) != 0 {
      found.append(EngineFeature("keys and values apart in data blocks", since: EngineRelease(11, 0)))
    }
    if properties.hasEmbeddedBlobs { found.append(EngineFeature("embedded blobs", since: EngineRelease(11, 6))) }
    return found
  }

  /// What entries of a log show.
  static func feature(of kind: EntryKind) -> EngineFeature? {
    switch kind {
    case .deletion, .value, .merge, .singleDeletion, .deletionWithTimestamp: nil
    case .rangeDeletion: EngineFeature("range deletions", since: EngineRelease(5, 0))
    case .blobIndex: blobFiles
    case .wideColumnEntity: EngineFeature("wide-column entities", since: EngineRelease(7, 5))
    case .valuePreferredSequence: EngineFeature("timed puts", since: EngineRelease(8, 11))
    }
  }
}
