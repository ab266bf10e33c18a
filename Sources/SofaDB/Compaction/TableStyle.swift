/// How new tables of a column family should look: as its OPTIONS say, and where there are none, as its own tables do.
///
/// OPTIONS are hints: what they ask for and cannot be written becomes the nearest thing that can (bzip2 zstd, no
/// checksum CRC32C, format_version 0 and 1 version 2). Ribbon filters become Bloom filters of the same size. A LevelDB
/// family gets LevelDB's tables, always.
public struct TableStyle: Sendable {
  /// Everything but order, family and dictionary.
  public var options: TableOptions
  /// Bytes of a file after which the next one begins.
  public var targetFileSize: UInt64 = 64 << 20

  /// For tables of `level`. `isBottom` says that nothing lies below. `cache` opens a table of the family as a sample.
  public init(
    _ family: ColumnFamily, level: Int, isBottom: Bool, dialect: ManifestDialect, file: OptionsFile?,
    cache: TableCache
  ) throws(DatabaseError) {
    guard dialect == .rocksdb else {
      options = .levelDB
      options.filterBitsPerKey = 0
      targetFileSize = 2 << 20
      try imitate(family, level, cache)
      return
    }
    options = TableOptions()
    if let stated = file?.family(named: family.name) {
      apply(stated, level: level, isBottom: isBottom)
    } else {
      try imitate(family, level, cache)
    }
  }

  // MARK: OPTIONS

  private mutating func apply(_ family: OptionsFile.Family, level: Int, isBottom: Bool) {
    if let codec = TableStyle.codec(family, level: level, isBottom: isBottom) { take(codec) }
    let base = family.options["target_file_size_base"].flatMap { UInt64($0) } ?? targetFileSize
    let factor = family.options["target_file_size_multiplier"].flatMap { UInt64($0) } ?? 1
    targetFileSize = max(base, 4096)
    for _ in 1..<max(level, 1) where factor > 1 && targetFileSize < 1 << 40 { targetFileSize *= min(factor, 64) }
    let table = family.tableOptions
    if let size = table["block_size"].flatMap({ Int($0) }) { options.blockSize = min(max(size, 64), 256 << 20) }
    if let version = table["format_version"].flatMap({ Int($0) }) { take(formatVersion: version) }
    if let interval = table["block_restart_interval"].flatMap({ Int($0) }), interval >= 1 {
      options.restartInterval = interval
    }
    switch table["checksum"] {
    case "kxxHash": options.checksum = .xxHash32
    case "kxxHash64": options.checksum = .xxHash64
    case "kXXH3": options.checksum = .xxh3
    default: options.checksum = .crc32c
    }
    if table["index_type"] == "kTwoLevelIndexSearch" { options.indexType = .twoLevel }
    options.filterBitsPerKey = TableStyle.filterBits(table["filter_policy"])
    if let name = family.prefixExtractor, let length = TableStyle.prefixLength(name) { options.prefixLength = length }
  }

  private static func codec(_ family: OptionsFile.Family, level: Int, isBottom: Bool) -> Compression? {
    if isBottom, let bottom = family.options["bottommost_compression"], bottom != "kDisableCompressionOption" {
      return Compression(bottom)
    }
    let levels = (family.options["compression_per_level"] ?? "").split(separator: ":")
    if !levels.isEmpty { return Compression(String(levels[min(level, levels.count - 1)])) }
    return family.options["compression"].flatMap { Compression($0) }
  }

  /// `bloomfilter:10:false`, `ribbonfilter:10:-1`, `nullptr`.
  private static func filterBits(_ policy: String?) -> Double {
    guard let policy, policy != "nullptr", !policy.isEmpty else { return 0 }
    let parts = policy.split(separator: ":")
    guard parts.count >= 2, let bits = Double(parts[1]), bits.isFinite, bits <= 100 else { return 10 }
    return bits
  }

  /// `rocksdb.FixedPrefix.8`, in older files `rocksdb.FixedPrefix`; others are not written.
  private static func prefixLength(_ name: String) -> Int? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "rocksdb", parts[1] == "FixedPrefix", let length = Int(parts[2]) else {
      return nil
    }
    return (1...(1 << 20)).contains(length) ? length : nil
  }

  private mutating func take(_ codec: Compression) {
    options.compression = codec.canEncode ? codec : .zstd
    options.level = nil
  }

  private mutating func take(formatVersion version: Int) { options.formatVersion = min(max(version, 2), 7) }

  // MARK: Tables

  /// Looks at the newest table of the level, or of any.
  private mutating func imitate(_ family: ColumnFamily, _ level: Int, _ cache: TableCache) throws(DatabaseError) {
    let near = family.levels.indices.contains(level) ? family.levels[level] : []
    guard let sample = (near.isEmpty ? family.tables : near).max(by: { $0.number < $1.number }) else { return }
    let reader = try cache.reader(sample, order: family.order)
    let hasFilter = !reader.metaIndex.filters.isEmpty
    if options.isLevelDB {
      options.filterBitsPerKey = hasFilter ? 10 : 0
      options.compression = try TableStyle.storesBlocksRaw(reader) ? .none : .snappy
      return
    }
    let properties = reader.properties
    let blocks = max(properties.dataBlockCount, 1)
    let raw = (properties.rawKeySize &+ properties.rawValueSize) / blocks
    // Blocks end a little below their size, or a little above it.
    if raw > 0 {
      options.blockSize = [1, 2, 4, 8, 16, 32, 64, 128].map { $0 << 10 }.first { $0 * 5 / 4 >= raw } ?? 4096
    }
    if let codec = properties.compression.flatMap({ Compression($0) }) { take(codec) }
    take(formatVersion: Int(reader.file.footer.formatVersion))
    if reader.file.footer.checksum != .none { options.checksum = reader.file.footer.checksum }
    options.filterBitsPerKey = hasFilter ? 10 : 0
  }

  /// LevelDB says nowhere which codec it uses; its first block does.
  private static func storesBlocksRaw(_ reader: TableReader) throws(DatabaseError) -> Bool {
    var index = IndexCursor(reader)
    try index.seekToFirst()
    guard index.isValid else { return false }
    return try reader.file.readStored(index.handle, kind: .data).trailer.compressionByte == Compression.none.rawValue
  }
}
