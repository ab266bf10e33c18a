/// Which bucket a key belongs to. Buckets are ranges of keys, numbered in the order of the families and, within one, in
/// the order of its keys; their bounds come from a sample, so that buckets are about equally full.
final class KeyRoutes: @unchecked Sendable {
  struct Family {
    let prefix: KeyPrefix
    /// Ascending numbers of `prefix`; bucket `i` of the family holds the keys with exactly `i` of these at or below
    /// them.
    let splitters: UnsafeMutableBufferPointer<UInt64>
    /// The splitters, and behind them the largest number until there are `1 << levels` less one.
    private let padded: UnsafeMutablePointer<UInt64>
    private let levels: Int
    let firstBucket: Int

    init(prefix: KeyPrefix, splitters chosen: [UInt64], firstBucket: Int) {
      self.prefix = prefix
      self.firstBucket = firstBucket
      levels = Int.bitWidth - chosen.count.leadingZeroBitCount
      let count = 1 << levels - 1
      padded = .allocate(capacity: count)
      padded.initialize(repeating: .max, count: count)
      splitters = UnsafeMutableBufferPointer(start: padded, count: chosen.count)
      _ = splitters.update(from: chosen)
    }

    func deallocate() { padded.deallocate() }

    @inline(__always)
    func bucket(of key: UnsafeRawBufferPointer) -> Int {
      let number = prefix.number(of: key)
      var low = 0
      var level = levels
      // The comparison becomes a bit of the place and no branch, since no predictor could guess it.
      while level > 0 {
        level &-= 1
        let isReached: UInt8 = padded[low &+ (1 &<< level) &- 1] <= number ? 1 : 0
        low |= Int(isReached) &<< level
      }
      return firstBucket &+ min(low, splitters.count)
    }
  }

  private let families: UnsafeMutableBufferPointer<Family>
  private let prefixes: [ByteBuffer]
  let orders: [KeyOrder]
  let bucketCount: Int

  /// `samples` are keys of each family, in no order; about `wanted` buckets are made in all.
  init(orders: [KeyOrder], samples: [[[UInt8]]], wanted: Int) {
    let total = max(1, samples.reduce(0) { $0 + $1.count })
    self.orders = orders
    prefixes = zip(orders, samples).map { ByteBuffer(KeyRoutes.commonPrefix($1, $0)) }
    var made: [Family] = []
    var buckets = 0
    for (family, order) in orders.enumerated() {
      let share = wanted * samples[family].count / total
      let prefix = KeyPrefix(common: prefixes[family].bytes, order: order)
      let splitters = KeyRoutes.splitters(samples[family], prefix, count: max(1, share))
      made.append(Family(prefix: prefix, splitters: splitters, firstBucket: buckets))
      buckets += splitters.count + 1
    }
    families = .allocate(capacity: made.count)
    _ = families.initialize(from: made)
    bucketCount = buckets
  }

  deinit {
    for family in families { family.deallocate() }
    families.deallocate()
  }

  @inline(__always)
  func bucket(of key: UnsafeRawBufferPointer, family: Int) -> Int { families[family].bucket(of: key) }

  /// The family whose keys a bucket holds.
  func family(ofBucket bucket: Int) -> Int {
    families.lastIndex { $0.firstBucket <= bucket } ?? 0
  }

  func prefix(ofFamily family: Int) -> KeyPrefix { families[family].prefix }

  /// A key that all keys of `bucket` reach and all of the family's buckets before do not; nil for the first bucket of a
  /// family, and where the order of keys is not that of their bytes.
  func lowerBound(ofBucket bucket: Int) -> [UInt8]? {
    let index = family(ofBucket: bucket)
    let family = families[index]
    guard bucket > family.firstBucket, orders[index].kind == .bytewise else { return nil }
    let splitter = family.splitters[bucket - family.firstBucket - 1]
    // Zeros at the end of the number may stand for bytes that a key does not have.
    var bound = [UInt8](prefixes[index].bytes)
    var shift = 56
    while shift >= 0, splitter << UInt64(56 - shift) != 0 {
      bound.append(UInt8(truncatingIfNeeded: splitter >> UInt64(shift)))
      shift -= 8
    }
    return bound
  }

  /// The lower bound of the family's next bucket; nil for the last one.
  func upperBound(ofBucket bucket: Int) -> [UInt8]? {
    bucket + 1 < bucketCount && family(ofBucket: bucket + 1) == family(ofBucket: bucket)
      ? lowerBound(ofBucket: bucket + 1) : nil
  }

  private static func commonPrefix(_ sample: [[UInt8]], _ order: KeyOrder) -> [UInt8] {
    guard let first = sample.first else { return [] }
    var common = first.count - order.timestampSize
    for key in sample {
      var shared = 0
      let limit = min(common, key.count - order.timestampSize)
      while shared < limit, key[shared] == first[shared] { shared += 1 }
      common = shared
    }
    return common <= 0 ? [] : Array(first[..<common])
  }

  /// At most `count - 1` different numbers that cut the sample into parts of about the same size.
  private static func splitters(
    _ sample: [[UInt8]], _ prefix: KeyPrefix, count: Int
  ) -> [UInt64] {
    let numbers = sample.map { key in key.withUnsafeBytes { prefix.number(of: $0) } }.sorted()
    var chosen: [UInt64] = []
    for part in stride(from: 1, to: count, by: 1) where !numbers.isEmpty {
      let number = numbers[part * numbers.count / count]
      // 0 also stands for keys below the common prefix, so that it bounds nothing.
      if number != chosen.last, number > 0 { chosen.append(number) }
    }
    return chosen
  }
}
