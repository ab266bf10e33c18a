/// All range deletions that one reader has to obey, cut into disjoint fragments so that a key needs one look-up.
///
/// Invariant: fragments are sorted by begin in the key order, do not overlap, and each holds the largest sequence of
/// the tombstones over it. Built once for one snapshot, then only read. Keys are compared without user timestamps;
/// where a family has them, the timestamp of the newest tombstone is kept and must not be older than the entry's.
public struct RangeTombstones: Sendable {
  struct Fragment: Sendable {
    var begin: [UInt8]
    var end: [UInt8]
    var sequence: SequenceNumber
    var timestamp: UInt64
  }

  let fragments: [Fragment]
  /// The tombstones without timestamps at their ends, by begin.
  private let spans: [Fragment]
  /// The largest sequence number of a fragment; 0 when there is none. A reader that asks for `sequence(over:hint:)`
  /// needs tombstones of which none is newer than its snapshot.
  let newest: SequenceNumber
  private let order: KeyOrder

  @inline(__always) public var isEmpty: Bool { fragments.isEmpty }
  public var count: Int { fragments.count }

  /// Tombstones newer than `snapshot` are left out.
  public init(_ tombstones: [RangeTombstone], order: KeyOrder, snapshot: SequenceNumber = .maximum) {
    var spans: [Fragment] = []
    for tombstone in tombstones where tombstone.sequence <= snapshot {
      let size = order.timestampSize
      let begin = tombstone.begin.count >= size ? Array(tombstone.begin.dropLast(size)) : tombstone.begin
      let end = tombstone.end.count >= size ? Array(tombstone.end.dropLast(size)) : tombstone.end
      guard begin.withUnsafeBytes({ begin in end.withUnsafeBytes { order.compareWithoutTimestamp(begin, $0) < 0 } })
      else { continue }
      let timestamp =
        size == 8 && tombstone.begin.count >= 8
        ? tombstone.begin.withUnsafeBytes { $0.internalKeyTrailer } : .max
      spans.append(Fragment(begin: begin, end: end, sequence: tombstone.sequence, timestamp: timestamp))
    }
    self.init(spans, order: order)
  }

  /// All that `parts` hold up to `snapshot`, for a reader of several memtables and tables. Costs next to nothing where
  /// at most one of them holds anything and nothing in it is newer.
  init(merging parts: [RangeTombstones], order: KeyOrder, snapshot: SequenceNumber) {
    let holding = parts.filter { !$0.isEmpty }
    if let only = holding.first, holding.count == 1, only.newest <= snapshot {
      self = only
      return
    }
    self.init(
      holding.flatMap { part in
        part.newest <= snapshot ? part.fragments : part.spans.filter { $0.sequence <= snapshot }
      }, order: order)
  }

  private init(_ unsorted: [Fragment], order: KeyOrder) {
    let compare = { (a: [UInt8], b: [UInt8]) in
      a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareWithoutTimestamp(left, $0) } }
    }
    self.order = order
    spans = unsorted.sorted { compare($0.begin, $1.begin) < 0 }
    fragments = RangeTombstones.sweep(spans, compare: compare)
    newest = fragments.reduce(0) { max($0, $1.sequence) }
  }

  /// Walks all boundaries in order with the spans open at each in a heap, newest on top; a span whose end has passed
  /// is dropped when it surfaces.
  private static func sweep(_ spans: [Fragment], compare: ([UInt8], [UInt8]) -> Int) -> [Fragment] {
    var boundaries: [[UInt8]] = []
    for key in (spans.map(\.begin) + spans.map(\.end)).sorted(by: { compare($0, $1) < 0 }) where boundaries.last != key
    {
      boundaries.append(key)
    }
    var result: [Fragment] = []
    var open = NewestFirst()
    var next = 0
    for index in boundaries.indices.dropLast() {
      let begin = boundaries[index]
      while next < spans.count, compare(spans[next].begin, begin) <= 0 {
        open.push(spans[next])
        next += 1
      }
      while let top = open.top, compare(top.end, begin) <= 0 { open.pop() }
      guard let top = open.top else { continue }
      if let last = result.last, last.end == begin, last.sequence == top.sequence, last.timestamp == top.timestamp {
        result[result.count - 1].end = boundaries[index + 1]
      } else {
        result.append(
          Fragment(begin: begin, end: boundaries[index + 1], sequence: top.sequence, timestamp: top.timestamp))
      }
    }
    return result
  }

  /// The largest sequence of a tombstone over `userKey`; 0 when there is none. `hint` is the caller's place in the
  /// fragments and makes ascending look-ups cheap; start with 0.
  func sequence(over userKey: UnsafeRawBufferPointer, hint: inout Int) -> SequenceNumber {
    guard !fragments.isEmpty else { return 0 }
    let key = order.withoutTimestamp(userKey)
    if hint >= fragments.count {
      hint = lowerBound(key)
    } else if before(key, fragments[hint].begin) {
      // Often the key lies in the same gap as the one before it.
      if hint == 0 || !before(key, fragments[hint - 1].end) { return 0 }
      hint = lowerBound(key)
    }
    while hint < fragments.count, !before(key, fragments[hint].end) {
      hint += 1
      if hint < fragments.count, !before(key, fragments[hint].end) { hint = lowerBound(key) }
    }
    guard hint < fragments.count, !before(key, fragments[hint].begin) else { return 0 }
    if order.timestampSize == 8, userKey.count >= 8, userKey.internalKeyTrailer > fragments[hint].timestamp { return 0 }
    return fragments[hint].sequence
  }

  /// The newest tombstone over `key`, a user key without timestamp, that is not newer than `snapshot`; sequence 0 when
  /// there is none. Any thread, any time. A search, unless only a newer one covers the key: then a walk over all.
  func newest(over key: UnsafeRawBufferPointer, at snapshot: SequenceNumber) -> (
    sequence: SequenceNumber, timestamp: UInt64
  ) {
    let place = lowerBound(key)
    guard place < fragments.count, !before(key, fragments[place].begin) else { return (0, .max) }
    if fragments[place].sequence <= snapshot { return (fragments[place].sequence, fragments[place].timestamp) }
    var newest: (sequence: SequenceNumber, timestamp: UInt64) = (0, .max)
    for span in spans where span.sequence <= snapshot && span.sequence > newest.sequence {
      if before(key, span.begin) { break }
      if before(key, span.end) { newest = (span.sequence, span.timestamp) }
    }
    return newest
  }

  private func before(_ key: UnsafeRawBufferPointer, _ bound: [UInt8]) -> Bool {
    bound.withUnsafeBytes { order.compareWithoutTimestamp(key, $0) < 0 }
  }

  /// The first fragment that ends after `key`.
  private func lowerBound(_ key: UnsafeRawBufferPointer) -> Int {
    var low = 0
    var high = fragments.count
    while low < high {
      let middle = (low + high) / 2
      if before(key, fragments[middle].end) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// A binary heap with the largest sequence on top.
  private struct NewestFirst {
    private var items: [Fragment] = []
    var top: Fragment? { items.first }

    mutating func push(_ item: Fragment) {
      items.append(item)
      var child = items.count - 1
      while child > 0, items[(child - 1) / 2].sequence < items[child].sequence {
        items.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    mutating func pop() {
      items.swapAt(0, items.count - 1)
      items.removeLast()
      var parent = 0
      while true {
        var largest = parent
        for child in [2 * parent + 1, 2 * parent + 2]
        where child < items.count && items[child].sequence > items[largest].sequence { largest = child }
        if largest == parent { return }
        items.swapAt(parent, largest)
        parent = largest
      }
    }
  }
}
