/// What kind of filter a table has, in one word; see `InspectedTable.filter`.
enum TableFilter {
  static func name(
    _ table: TableFile, _ metaIndex: MetaIndex, _ properties: TableProperties
  ) throws(DatabaseError) -> String {
    guard let filter = metaIndex.filters.first else { return "none" }
    guard filter.policy == "rocksdb.BuiltinBloomFilter" || filter.policy == "leveldb.BuiltinBloomFilter2" else {
      return filter.policy
    }
    switch filter.kind {
    case .blockBased: return "block-based-bloom"
    case .partitioned: return "partitioned-" + byPolicy(properties, table.footer)
    case .full: return try byTail(filter.handle, table) ?? byPolicy(properties, table.footer)
    }
  }

  private static func byPolicy(_ properties: TableProperties, _ footer: Footer) -> String {
    if properties.filterPolicy?.contains("ribbon") == true { return "ribbon" }
    return footer.formatVersion >= 5 ? "bloom" : "legacy-bloom"
  }

  /// The first of the five bytes that end every full filter; nil where they do not lie in the file.
  private static func byTail(_ handle: BlockHandle, _ table: TableFile) throws(DatabaseError) -> String? {
    guard handle.lies(within: table.footer.offset), handle.size > 5 else { return nil }
    let marker = try table.file.copy(1, at: handle.offset + handle.size - 5)[0]
    return switch Int8(bitPattern: marker) {
    case -1: "bloom"
    case -2: "ribbon"
    case 1...: "legacy-bloom"
    default: nil
    }
  }
}
