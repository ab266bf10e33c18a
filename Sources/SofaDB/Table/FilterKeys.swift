/// Which part of a user key the filter of a table hashes.
struct FilterKeys: Sendable {
  private enum Part: Sendable {
    case whole
    /// The first bytes; keys that are shorter are not in the filter.
    case fixedPrefix(Int)
    /// The first bytes, or all when there are fewer.
    case cappedPrefix(Int)
  }

  private let part: Part
  private let timestampSize: Int

  /// nil when it cannot be told: a prefix extractor that is not known.
  init?(_ table: TableReader) {
    timestampSize = table.order.timestampSize
    if table.properties.wholeKeyFiltering {
      part = .whole
      return
    }
    guard table.properties.prefixFiltering, let name = table.properties.text(.prefixExtractor),
      let part = FilterKeys.part(name)
    else { return nil }
    self.part = part
  }

  private static func part(_ extractor: String) -> Part? {
    if extractor == "rocksdb.Noop" { return .whole }
    for (prefix, isFixed) in [("rocksdb.FixedPrefix.", true), ("rocksdb.CappedPrefix.", false)] {
      guard extractor.hasPrefix(prefix), let length = Int(extractor.dropFirst(prefix.count)), length >= 0 else {
        continue
      }
      return isFixed ? .fixedPrefix(length) : .cappedPrefix(length)
    }
    return nil
  }

  /// What is hashed of a user key with its timestamp; nil when the filter says nothing about it.
  func hashedPart(of userKey: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard userKey.count >= timestampSize else { return nil }
    let key = UnsafeRawBufferPointer(rebasing: userKey.dropLast(timestampSize))
    switch part {
    case .whole: return key
    case .fixedPrefix(let length) where key.count < length: return nil
    case .fixedPrefix(let length): return UnsafeRawBufferPointer(rebasing: key.prefix(length))
    case .cappedPrefix(let length): return UnsafeRawBufferPointer(rebasing: key.prefix(length))
    }
  }
}
