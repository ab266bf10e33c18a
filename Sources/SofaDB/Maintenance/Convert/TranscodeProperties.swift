/// The properties that a change of codec changes. All others are kept, unknown ones included. The new table has an
/// origin of its own: it is another file, and nobody's cache may take its blocks for the old one's.
struct TranscodeProperties {
  /// What was learned while the table was written.
  struct Layout {
    /// The file offset behind the last data block.
    var dataSize: UInt64
    var oldIndexSize: UInt64
    var newIndexSize: UInt64
    var topLevelIndexSize: UInt64?
    /// What the filter grew by: the handles of its partitions.
    var filterGrowth: Int64
    /// Bit n: compression type n occurs.
    var storedTypes: UInt64
    var dataBlocks: UInt64
    /// Data blocks that compression would not have made smaller enough.
    var rejected: UInt64
    /// Bytes of dictionary that were asked for; the options say so also where there was nothing to learn from.
    var dictionarySize: Int
  }

  /// What RocksDB 7.8 writes, with the level and the dictionary's size to be filled in.
  private static let usualOptions =
    "window_bits=-14; level=32767; strategy=0; max_dict_bytes=0; zstd_max_train_bytes=0; enabled=0; "
    + "max_dict_buffer_bytes=0; use_zstd_dict_trainer=1; "
  /// RocksDB's word for a codec's own default.
  static let defaultLevel = 32767

  static func updated(
    _ old: TableProperties, for target: TranscodeTarget, formatVersion: UInt32, _ layout: Layout,
    origin: TableOrigin?
  ) -> TableProperties {
    var properties = old
    properties.compression = compressionName(target.codec, formatVersion: formatVersion, layout.storedTypes)
    let options = old.text(.compressionOptions) ?? usualOptions
    properties.set(
      .compressionOptions,
      replacing(
        options,
        [
          ("level", String(target.level ?? defaultLevel)), ("max_dict_bytes", String(layout.dictionarySize)),
          ("_type", String(target.codec.rawValue)),
        ]))
    properties.dataSize = layout.dataSize
    if old[.tailStartOffset] != nil { properties.set(.tailStartOffset, layout.dataSize) }
    properties.indexSize = old.indexSize &+ layout.newIndexSize &- layout.oldIndexSize
    if old[.topLevelIndexSize] != nil, let size = layout.topLevelIndexSize { properties.set(.topLevelIndexSize, size) }
    if layout.filterGrowth != 0 {
      properties.filterSize = old.filterSize &+ UInt64(bitPattern: layout.filterGrowth)
    }
    if old[.rejectedCompressionCount] != nil || old[.bypassedCompressionCount] != nil {
      let isBypassed = target.codec == .none
      properties.set(.bypassedCompressionCount, isBypassed ? layout.dataBlocks : nil)
      properties.set(.rejectedCompressionCount, isBypassed || layout.rejected == 0 ? nil : layout.rejected)
    }
    // The blocks of the old table lie at other places, or are others at the same.
    for name in [PropertyName.databaseIdentity, .sessionIdentity, .hostIdentity, .originalFileNumber] {
      properties[name] = nil
    }
    origin?.store(in: &properties)
    if old[.userDefinedIndexIsPrimary] != nil { properties.set(.userDefinedIndexIsPrimary, 0 as UInt64) }
    return properties
  }

  /// Readers trust it: from format_version 7 on it names every type that occurs, before that the codec of the table.
  private static func compressionName(_ codec: Compression, formatVersion: UInt32, _ storedTypes: UInt64) -> String {
    guard formatVersion >= 7 else { return codec.propertyName }
    guard codec != .none else { return ";;" }
    var digits = ""
    for type in 1..<UInt64(64) where storedTypes >> type & 1 == 1 {
      digits += (type < 16 ? "0" : "") + String(type, radix: 16, uppercase: true)
    }
    return "BuiltinV2;\(digits);"
  }

  /// The text `name=value; ...` with other values for some names, where it has them.
  private static func replacing(_ text: String, _ values: [(name: String, value: String)]) -> String {
    text.split(separator: ";", omittingEmptySubsequences: false).map { part in
      let name = part.drop { $0 == " " }.prefix { $0 != "=" }
      guard let value = values.first(where: { $0.name == name })?.value else { return String(part) }
      return part.prefix { $0 == " " } + name + "=" + value
    }.joined(separator: ";")
  }

  /// The number behind `name=` in the compression options; nil when there is none.
  static func option(_ name: String, of properties: TableProperties) -> Int? {
    for part in (properties.text(.compressionOptions) ?? "").split(separator: ";") {
      let words = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if words.count == 2, words[0] == name { return Int(words[1]) }
    }
    return nil
  }
}
