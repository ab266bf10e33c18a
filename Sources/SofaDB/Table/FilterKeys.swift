/// Which parts of a user key the filter of a table holds: the key without its timestamp, a prefix of it, or both.
/// Readers ask for the whole key where it is there.
struct FilterKeys: Sendable {
  /// RocksDB's built-in prefix extractors, by the names that tables record.
  private enum Prefix: Sendable {
    /// Keys that are shorter have none.
    case fixed(Int)
    /// All of a key that is shorter.
    case capped(Int)

    init?(extractor: String) {
      if extractor == "rocksdb.Noop" {
        self = .capped(.max)
        return
      }
      let parts = extractor.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "rocksdb", let length = Int(parts[2]), length >= 0 else { return nil }
      switch parts[1] {
      case "FixedPrefix": self = .fixed(length)
      case "CappedPrefix": self = .capped(length)
      default: return nil
      }
    }
  }

  private let timestampSize: Int
  let holdsWholeKeys: Bool
  /// nil where there is none, or an extractor that is not known.
  private let prefix: Prefix?

  /// `order` that of the user keys that come.
  init(_ properties: TableProperties, order: KeyOrder) {
    timestampSize = order.timestampSize
    holdsWholeKeys = properties.wholeKeyFiltering
    prefix =
      properties.prefixFiltering ? properties.text(.prefixExtractor).flatMap { Prefix(extractor: $0) } : nil
  }

  /// Whether a reader can ask at all.
  var areKnown: Bool { holdsWholeKeys || prefix != nil }

  /// The user key without its timestamp; nil when it is shorter than one.
  @inline(__always)
  func whole(_ userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard timestampSize > 0 else { return userKey }
    guard userKey.count >= timestampSize else { return nil }
    return UnsafeRawBufferPointer(rebasing: userKey.dropLast(timestampSize))
  }

  /// The prefix that is in the filter, if any.
  @inline(__always)
  func prefix(_ userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard let prefix, let key = whole(userKey) else { return nil }
    switch prefix {
    case .fixed(let length) where key.count < length: return nil
    case .fixed(let length), .capped(let length): return UnsafeRawBufferPointer(rebasing: key.prefix(length))
    }
  }

  /// What a reader asks for who wants keys that begin with `start`; nil when the filter cannot tell.
  func question(keysWith start: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    switch prefix {
    case .fixed(let length)? where length <= start.count || Mutant.shortPrefixAsked.isOn:
      UnsafeRawBufferPointer(rebasing: start.prefix(length))
    case .capped(let length)? where length <= start.count: UnsafeRawBufferPointer(rebasing: start.prefix(length))
    default: nil
    }
  }

  /// What a reader asks for; nil when the filter says nothing about the key.
  func question(_ userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    holdsWholeKeys ? whole(userKey) : prefix(userKey)
  }
}
