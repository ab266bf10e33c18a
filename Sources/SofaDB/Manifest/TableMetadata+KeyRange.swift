extension TableMetadata {
  /// Whether the table may hold keys from `from` up to but not including `to`, user keys without timestamps; nil for no
  /// bound.
  func overlaps(from: [UInt8]?, to: [UInt8]?, order: KeyOrder) -> Bool {
    func compare(_ key: InternalKey, _ bound: [UInt8]) -> Int {
      key.bytes.withUnsafeBytes { key in
        bound.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(key.internalKeyUserKey), $0) }
      }
    }
    if let from {
      let end = compare(largest, from)
      if end < 0 || end == 0 && largest.isRangeDeletionEnd { return false }
    }
    if let to, compare(smallest, to) >= 0 { return false }
    return true
  }
}
