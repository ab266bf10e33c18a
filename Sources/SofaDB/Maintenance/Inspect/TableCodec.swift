/// How a table's data blocks are compressed, in one word: "zstd", "none", "lz4+zstd".
enum TableCodec {
  /// What the property `rocksdb.compression` says; nil when it is absent or empty.
  static func named(_ properties: TableProperties) -> String? {
    guard let text = properties.compression, !text.isEmpty else { return nil }
    guard let types = types(named: properties) else { return text }
    let names = types.filter { $0 != Compression.none.rawValue }.sorted().map { Compression.describe($0) }
    return names.isEmpty ? "none" : names.joined(separator: "+")
  }

  /// The types of compressed blocks that the property names; nil when it is absent or not understood. From
  /// format_version 7 on it has the form `BuiltinV2;0407;`, two hexadecimal digits for each codec that occurs.
  static func types(named properties: TableProperties) -> Set<UInt8>? {
    guard let text = properties.compression, !text.isEmpty else { return nil }
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return Compression(text).map { [$0.rawValue] } }
    let digits = Array(parts[1].utf8)
    guard digits.count % 2 == 0 else { return nil }
    var types: Set<UInt8> = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = HexText.value(digits[index]), let low = HexText.value(digits[index + 1]) else { return nil }
      types.insert(high << 4 | low)
    }
    return types
  }

  /// What the blocks say that were looked at: every codec that occurs but `none`.
  static func named(_ sampled: [String: UInt64]) -> String? {
    guard !sampled.isEmpty else { return nil }
    let names = sampled.keys.filter { $0 != "none" }.sorted()
    return names.isEmpty ? "none" : names.joined(separator: "+")
  }

  /// Codecs of at most `count` data blocks spread over the table: their stored bytes by codec. Empty when the index
  /// cannot be read.
  static func sample(_ table: TableReader, count: Int) throws(DatabaseError) -> [String: UInt64] {
    var handles: [BlockHandle] = []
    var index = IndexCursor(table)
    do throws(DatabaseError) {
      try index.seekToFirst()
      while index.isValid {
        if index.handle.lies(within: table.file.footer.offset) { handles.append(index.handle) }
        try index.next()
      }
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
    }
    var found: [String: UInt64] = [:]
    let wanted = min(count, handles.count)
    for part in 0..<wanted {
      let handle = handles[part * handles.count / wanted]
      found[try codec(of: handle, table), default: 0] &+= handle.size
    }
    return found
  }

  private static func codec(of handle: BlockHandle, _ table: TableReader) throws(DatabaseError) -> String {
    let file = table.file.file
    let type = try file.copy(1, at: handle.offset + handle.size)[0]
    // LevelDB has used zlib's number for zstd since 1.23; a zstd frame begins with its magic number.
    guard table.isLevelDB, type == Compression.zlib.rawValue, handle.size >= 4 else {
      return Compression.describe(type)
    }
    let start = try file.copy(4, at: handle.offset)
    return start == [0x28, 0xB5, 0x2F, 0xFD] ? Compression.zstd.name : Compression.describe(type)
  }
}
