internal import CSofaKernels

/// Takes the sorted rows of one group of buckets, drops duplicates by policy, gives every entry its final sequence and
/// hands it to the tables; counts and digests what it wrote. One for each thread and group.
struct RowEmitter: ~Copyable {
  enum Sequences: Sendable {
    /// Rows are numbered by their place in the input: one is kept for each key, with sequence 0.
    case places(DuplicatePolicy)
    /// Rows bring their sequences; a key may have many.
    case given
  }

  /// Two rows with one key; by their places in the input, or their sequences.
  struct Duplicate: Sendable {
    var first: UInt64
    var second: UInt64
  }

  private let sequences: Sequences
  private let family: ContentDigest.Family
  private(set) var series: TableSeries
  private(set) var digest = ContentDigest()
  private(set) var written: UInt64 = 0
  private(set) var duplicates: UInt64 = 0
  private(set) var largestSequence: SequenceNumber = 0
  /// Set when the policy does not allow what came.
  private(set) var conflict: Duplicate?
  /// For rows that come one at a time: the last one, which is not written yet, and whether the row before it had the
  /// same key.
  private var pending = ByteWriter(capacity: 4096)
  private var pendingContinuesKey = false

  init(sequences: Sequences, family: ContentDigest.Family, series: consuming TableSeries) {
    self.sequences = sequences
    self.family = family
    self.series = series
  }

  /// Rows are fetched into the cache this many places ahead.
  private static let lookAhead = 12

  /// Writes all rows of one sorted run; returns early at a conflict.
  mutating func emit(_ rows: UnsafeBufferPointer<RowSorter.Entry>) throws(DatabaseError) {
    var index = 0
    while index < rows.count {
      let ahead = rows[min(index &+ RowEmitter.lookAhead, rows.count - 1)].row
      sofa_prefetch(ahead)
      sofa_prefetch(ahead + 64)
      sofa_prefetch(ahead + 128)
      let row = EncodedRow(rows[index].row)
      if index + 1 < rows.count, rows[index + 1].number == rows[index].number,
        RowEmitter.haveSameKey(row, EncodedRow(rows[index + 1].row))
      {
        index = try emitRun(rows, from: index)
        if conflict != nil { return }
        continue
      }
      try series.beginKey(row.key)
      try write(row)
      index &+= 1
    }
  }

  @inline(__always)
  private static func haveSameKey(_ a: EncodedRow, _ b: EncodedRow) -> Bool {
    KeyOrder.bytewise(a.key, b.key) == 0
  }

  /// Handles all rows with the key of row `start`; returns the place of the next key.
  @inline(never)
  private mutating func emitRun(
    _ rows: UnsafeBufferPointer<RowSorter.Entry>, from start: Int
  ) throws(DatabaseError) -> Int {
    let first = EncodedRow(rows[start].row)
    var end = start + 1
    while end < rows.count, RowEmitter.haveSameKey(first, EncodedRow(rows[end].row)) { end += 1 }
    try series.beginKey(first.key)
    try choose(count: end - start) { EncodedRow(rows[start + $0].row) }
    return end
  }

  /// Writes what stays of `count` rows with one key, newest first.
  private mutating func choose(count: Int, _ row: (Int) -> EncodedRow) throws(DatabaseError) {
    switch sequences {
    case .places(.error) where count > 1:
      conflict = Duplicate(first: row(count - 1).trailer >> 8, second: row(count - 2).trailer >> 8)
    case .places(let policy):
      try write(row(policy == .first ? count - 1 : 0))
      duplicates &+= UInt64(count - 1)
    case .given:
      for index in 0..<count {
        if index > 0, row(index - 1).trailer >> 8 == row(index).trailer >> 8 {
          conflict = Duplicate(first: row(index).trailer >> 8, second: row(index).trailer >> 8)
          return
        }
        try write(row(index))
      }
    }
  }

  @inline(__always)
  private mutating func write(_ row: EncodedRow) throws(DatabaseError) {
    var trailer = row.trailer
    if case .places = sequences {
      trailer &= 0xFF
      row.trailer = trailer
    } else {
      largestSequence = max(largestSequence, trailer >> 8)
    }
    digest.add(kindByte: UInt8(truncatingIfNeeded: trailer), key: row.key, value: row.value, in: family)
    written &+= 1
    try series.add(internalKey: row.internalKey, value: row.value)
  }

  // MARK: Rows one at a time

  /// Takes the next row of a sorted stream; it is copied. Does nothing once there is a conflict.
  mutating func offer(_ row: EncodedRow) throws(DatabaseError) {
    guard conflict == nil else { return }
    if pending.count > 0 {
      let last = EncodedRow(pending.mutableBytes.baseAddress!)
      let isSameKey = RowEmitter.haveSameKey(last, row)
      if isSameKey {
        let places = (last.trailer >> 8, row.trailer >> 8)
        switch sequences {
        case .given where places.0 != places.1: break
        case .given, .places(.error):
          conflict = Duplicate(first: min(places.0, places.1), second: max(places.0, places.1))
          return
        case .places(let policy):
          duplicates &+= 1
          if policy == .last { return }
          pending.removeAll()
        }
      }
      try writePending(isKnownKey: isSameKey)
    }
    pending.append(UnsafeRawBufferPointer(start: row.base, count: row.count))
  }

  private mutating func writePending(isKnownKey: Bool) throws(DatabaseError) {
    guard pending.count > 0, let base = pending.mutableBytes.baseAddress else { return }
    let row = EncodedRow(base)
    if !pendingContinuesKey { try series.beginKey(row.key) }
    try write(row)
    pending.removeAll()
    pendingContinuesKey = isKnownKey
  }

  /// Writes the last row.
  mutating func flush() throws(DatabaseError) {
    if conflict == nil { try writePending(isKnownKey: false) }
  }

  /// Ends the tables.
  mutating func finish() throws(DatabaseError) { try series.finish() }
}
