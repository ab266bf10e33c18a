/// Ranges of user keys that certain tables cover, joined where they meet. Answers whether any of the tables may hold a
/// key. Invariant: ascending, disjoint, both ends included, without timestamps.
struct KeySpans: Sendable {
  private struct Span {
    var first: [UInt8]
    var last: [UInt8]
  }

  private var spans: [Span] = []
  private let order: KeyOrder

  init(_ tables: some Sequence<TableMetadata>, order: KeyOrder) {
    self.order = order
    let size = order.timestampSize
    let all = tables.map {
      Span(first: Array($0.smallest.userKey.dropLast(size)), last: Array($0.largest.userKey.dropLast(size)))
    }
    for span in all.sorted(by: { KeySpans.compare($0.first, $1.first, order) < 0 }) {
      if let last = spans.last, KeySpans.compare(span.first, last.last, order) <= 0 {
        if KeySpans.compare(span.last, last.last, order) > 0 { spans[spans.count - 1].last = span.last }
      } else {
        spans.append(span)
      }
    }
  }

  /// One range from the first key of all tables to the last.
  init(hull tables: some Sequence<TableMetadata>, order: KeyOrder) {
    self.init(tables, order: order)
    guard let first = spans.first, let last = spans.last else { return }
    spans = [Span(first: first.first, last: last.last)]
  }

  @inline(__always) var isEmpty: Bool { spans.isEmpty }

  func overlaps(_ other: KeySpans) -> Bool { other.spans.contains { overlaps($0.first, $0.last) } }

  func overlaps(_ table: TableMetadata) -> Bool { overlaps(KeySpans(CollectionOfOne(table), order: order)) }

  /// Whether a table may hold the user key, given without timestamp. `hint` is the caller's place; it starts at 0, and
  /// keys must ascend.
  func contains(_ key: UnsafeRawBufferPointer, hint: inout Int) -> Bool {
    if Mutant.placesGoStale.isOn { hint = max(hint, 1) }
    while hint < spans.count, compare(key, spans[hint].last) > 0 { hint += 1 }
    return hint < spans.count && compare(key, spans[hint].first) >= 0
  }

  /// Whether a table may hold a key from `first` to `last`, both included, without timestamps.
  func overlaps(_ first: [UInt8], _ last: [UInt8]) -> Bool {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if KeySpans.compare(spans[middle].last, first, order) < 0 { low = middle + 1 } else { high = middle }
    }
    return low < spans.count && KeySpans.compare(spans[low].first, last, order) <= 0
  }

  private func compare(_ key: UnsafeRawBufferPointer, _ bound: [UInt8]) -> Int {
    bound.withUnsafeBytes { order.compareWithoutTimestamp(key, $0) }
  }

  private static func compare(_ a: [UInt8], _ b: [UInt8], _ order: KeyOrder) -> Int {
    a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareWithoutTimestamp(left, $0) } }
  }
}
