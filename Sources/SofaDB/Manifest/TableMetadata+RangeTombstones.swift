/// How far the range tombstones of a table reach.
///
/// RocksDB up to 8 writes a tombstone whole into every table that it touches, and readers cut it to the table's bounds:
/// beyond them the keys belong to other tables, where newer versions may have been given sequence number 0 since.
/// Source: RocksDB's `TruncatedRangeDelIterator`.
extension TableMetadata {
  /// What of a tombstone of this table counts; nil when nothing does. Under reverse orders an end behind a largest key
  /// that is included stays as it is, because no key follows another one directly there: see `cutsExactly`.
  public func clip(_ tombstone: RangeTombstone, order: KeyOrder) -> RangeTombstone? {
    let size = order.timestampSize
    guard min(smallest.bytes.count, largest.bytes.count) >= 8 + size else { return tombstone }
    var clipped = tombstone
    let first = Array(smallest.userKey.dropLast(size))
    if TableMetadata.compare(clipped.begin, first, order) < 0 {
      clipped.begin = first + tombstone.begin.suffix(size)
    }
    var end = Array(largest.userKey.dropLast(size))
    let isExact = cutsExactly(order)
    if isExact, !largest.isRangeDeletionEnd { end.append(0) }
    if isExact, TableMetadata.compare(clipped.end, end, order) > 0 { clipped.end = end + tombstone.end.suffix(size) }
    return TableMetadata.compare(clipped.begin, Array(clipped.end.dropLast(size)), order) < 0 ? clipped : nil
  }

  /// Whether the exclusive end of what this table holds is a key.
  func cutsExactly(_ order: KeyOrder) -> Bool {
    largest.isRangeDeletionEnd || order.kind == .bytewise || order.kind == .bytewiseU64ts
  }

  /// Compares a key that has a timestamp, if keys have any, with one that has none.
  private static func compare(_ key: [UInt8], _ bare: [UInt8], _ order: KeyOrder) -> Int {
    key.withUnsafeBytes { key in
      bare.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(key), $0) }
    }
  }
}
