/// The good part of a damaged table as a new one.
extension TableRescue {
  /// What the new file turned out to be, as its MANIFEST record needs it.
  struct Written: Sendable {
    var size: UInt64
    /// nil for a mended copy, whose bounds and numbers are those that the table had.
    var summary: TableSummary?
    /// Entries that were left out because their value could not be read: told by `losses` already.
    var leftOut: UInt64 = 0
  }

  /// Writes a mended copy or a new table into `file`, which is empty, makes it durable and closes it. Only for the
  /// verdicts `mended` and `salvaged`. `family`: where the table belongs. `origin`: of a new table; a mended copy has
  /// the bytes that the table had, and so its origin too.
  func write(
    to file: any AppendFile, family: (id: UInt32, name: String), origin: TableOrigin? = nil
  ) throws(DatabaseError) -> Written {
    do throws(DatabaseError) {
      if verdict == .mended { return try copy(to: file) }
      return try rewrite(to: file, family, origin)
    } catch {
      do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
      throw error
    }
  }

  private func copy(to file: any AppendFile) throws(DatabaseError) -> Written {
    guard let table else { throw DatabaseError(.invalid, file: name, "nothing was rescued") }
    var offset: UInt64 = 0
    while offset < table.file.size {
      let piece = try table.file.readExactly(Int(min(1 << 20, table.file.size - offset)), at: offset)
      defer { withExtendedLifetime(piece) {} }
      try file.append(piece.bytes)
      offset += UInt64(piece.count)
    }
    try file.sync()
    try file.close()
    return Written(size: offset)
  }

  private func rewrite(
    to file: any AppendFile, _ family: (id: UInt32, name: String), _ origin: TableOrigin?
  ) throws(DatabaseError) -> Written {
    var options = options(family)
    options.origin = origin
    let writer = try TableWriter(file: file, options: options)
    var leftOut: UInt64 = 0
    var entries = RescuedEntries(self)
    for handle in blocks {
      try entries.visit(handle) { (userKey, sequence, kind, value) throws(DatabaseError) in
        try writer.add(userKey: userKey, sequence: sequence, kind: kind, value: value)
      } lost: { _ in
        leftOut += 1
      }
    }
    for tombstone in tombstones where order.compare(tombstone.begin, tombstone.end) < 0 {
      try writer.addRangeTombstone(tombstone)
    }
    let summary = try writer.finish()
    return Written(size: summary.fileSize, summary: summary, leftOut: leftOut)
  }

  // MARK: Like the source

  /// The options that the table was written with, as far as its properties tell and tables can still be written so.
  func options(_ family: (id: UInt32, name: String)) -> TableOptions {
    if isLevelDB { return levelDBOptions }
    var options = TableOptions()
    options.order = order
    options.columnFamilyID = family.id
    options.columnFamilyName = family.name
    if let footer = table?.footer {
      options.formatVersion = max(2, Int(footer.formatVersion))
      options.checksum = footer.checksum == .none ? .crc32c : footer.checksum
    }
    options.compression = compression
    options.dictionary = options.compression.usesDictionary ? dictionary : nil
    guard let properties else {
      options.filterBitsPerKey = 10
      return options
    }
    options.creationTime = properties.creationTime
    if let name = properties.mergeOperator, name != "nullptr", !name.isEmpty { options.mergeOperator = name }
    options.filterBitsPerKey = filterBits(properties)
    options.indexType = properties.indexType == UInt64(IndexFormat.Kind.twoLevel.rawValue) ? .twoLevel : .binarySearch
    options.indexKeysAreUserKeys = properties.indexKeysAreUserKeys && options.formatVersion >= 3
    options.indexValuesAreDeltaCoded = properties.indexValuesAreDeltaEncoded && options.formatVersion >= 4
    if properties.dataBlockCount > 0 {
      let average = (properties.rawKeySize &+ properties.rawValueSize) / properties.dataBlockCount
      options.blockSize = Int(min(max(average, 1024), 1 << 20))
    }
    options.keptProperties = keptProperties(properties)
    return options
  }

  private var levelDBOptions: TableOptions {
    var options = TableOptions.levelDB
    options.order = order
    if !hasFilter { options.filterBitsPerKey = 0 }
    // Where the library is missing LevelDB stores, and reads, raw blocks only.
    if !usesSnappy { options.compression = .none }
    return options
  }

  private var compression: Compression {
    guard let name = properties?.compression else { return .none }
    if let codec = Compression(name), codec.canEncode { return codec }
    // Format version 7 lists the codecs in hexadecimal: "BuiltinV2;07;".
    let digits = name.split(separator: ";", omittingEmptySubsequences: false).dropFirst().first ?? ""
    if let code = UInt8(digits.prefix(2), radix: 16), let codec = Compression(rawValue: code), codec.canEncode {
      return codec
    }
    return name == Compression.none.propertyName || name.hasPrefix(";") ? .none : .lz4
  }

  private func filterBits(_ properties: TableProperties) -> Double {
    guard properties.filterSize > 0 else { return 0 }
    guard properties.filterEntryCount > 0 else { return 10 }
    let bits = Double(properties.filterSize) * 8 / Double(properties.filterEntryCount)
    return min(max(bits.rounded(), 1), 30)
  }

  /// What the new table says like the old one: properties of users, and times. Not the identity of the old file.
  private func keptProperties(_ properties: TableProperties) -> [TableProperties.Property] {
    let times: [PropertyName] = [
      .oldestKeyTime, .newestKeyTime, .fileCreationTime, .sequenceTimeMap, .propertyCollectors,
    ]
    let named = times.compactMap { name in
      properties[name].map { TableProperties.Property(name: Array(name.rawValue.utf8), value: $0) }
    }
    return named + properties.unknown
  }
}
