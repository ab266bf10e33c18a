/// Which user keys an operation looks at: from a first key to an end key in the order of the family, or all keys with a
/// prefix. Keys are given without timestamps.
public struct KeyRange: Sendable, Hashable {
  /// Included.
  public var from: [UInt8]?
  /// Excluded.
  public var to: [UInt8]?
  public var prefix: [UInt8]?

  public init(from: [UInt8]? = nil, to: [UInt8]? = nil, prefix: [UInt8]? = nil) {
    self.from = from
    self.to = to
    self.prefix = prefix
  }

  public var isAll: Bool { from == nil && to == nil && prefix == nil }

  /// Bounds that hold every key of the range. Where the order is not bytewise they may hold more keys than have the
  /// prefix: `contains` decides.
  public func bounds(in order: KeyOrder) -> (from: [UInt8]?, to: [UInt8]?) {
    guard let prefix else { return (from, to) }
    switch order.kind {
    case .bytewise, .bytewiseU64ts: return (prefix, KeyRange.successor(of: prefix))
    case .reverseBytewise, .reverseBytewiseU64ts: return (KeyRange.successor(of: prefix), nil)
    case .unknown: return (nil, nil)
    }
  }

  /// Whether a key within `bounds` is wanted; `isPast` when no later one of the order can be.
  @inline(__always)
  public func contains(_ key: UnsafeRawBufferPointer, in order: KeyOrder) -> (isWanted: Bool, isPast: Bool) {
    guard let prefix else { return (true, false) }
    return matches(key, prefix, order)
  }

  @inline(never)
  private func matches(
    _ key: UnsafeRawBufferPointer, _ prefix: [UInt8], _ order: KeyOrder
  ) -> (isWanted: Bool, isPast: Bool) {
    if key.starts(with: prefix) { return (true, false) }
    guard order.kind == .reverseBytewise || order.kind == .reverseBytewiseU64ts else { return (false, false) }
    return (false, prefix.withUnsafeBytes { KeyOrder.bytewise(key, $0) < 0 })
  }

  /// The smallest key, bytewise, that is larger than every key with the prefix; nil when there is none.
  public static func successor(of prefix: [UInt8]) -> [UInt8]? {
    guard let last = prefix.lastIndex(where: { $0 != 0xFF }) else { return nil }
    return Array(prefix[..<last]) + [prefix[last] + 1]
  }
}
