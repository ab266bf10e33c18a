/// How long operations took: a count for each duration, exact to a sixteenth. One thread adds, then it is merged.
struct Histogram {
  private static let steps = 16
  private var counts = [UInt64](repeating: 0, count: 64 * steps)
  private(set) var count: UInt64 = 0
  /// Nanoseconds.
  private(set) var longest: UInt64 = 0

  mutating func add(_ nanoseconds: UInt64) {
    counts[Histogram.slot(nanoseconds)] += 1
    count += 1
    if nanoseconds > longest { longest = nanoseconds }
  }

  mutating func add(_ other: Histogram) {
    for slot in counts.indices { counts[slot] += other.counts[slot] }
    count += other.count
    longest = max(longest, other.longest)
  }

  /// Nanoseconds that the given share of all operations, from 0 to 1, did not exceed.
  func quantile(_ share: Double) -> UInt64 {
    var left = UInt64((Double(count) * share).rounded(.up))
    for slot in counts.indices where counts[slot] > 0 {
      if counts[slot] >= left { return min(Histogram.limit(slot), longest) }
      left -= counts[slot]
    }
    return longest
  }

  private static func slot(_ value: UInt64) -> Int {
    guard value >= UInt64(steps) else { return Int(value) }
    let shift = 59 - value.leadingZeroBitCount
    return (shift + 1) * steps + Int(value >> UInt64(shift)) - steps
  }

  /// The largest duration of a slot.
  private static func limit(_ slot: Int) -> UInt64 {
    guard slot >= steps else { return UInt64(slot) }
    let shift = UInt64(slot / steps - 1)
    return ((UInt64(slot % steps + steps) + 1) << shift) - 1
  }
}
