/// The range tombstones of a compaction's inputs: what they cover, and which of them outputs must hold.
///
/// Of the tombstones of one stripe of history every reader sees all or none, so one sequence number is enough for each
/// piece of the key space: `covering` holds one set of disjoint pieces for each stripe. A piece of the oldest stripe
/// that no older table overlaps has done its work. Where keys have timestamps, tombstones cover nothing here, and all
/// are kept as they are.
struct CompactionTombstones: Sendable {
  private let covering: [RangeTombstones]
  /// To be written, by begin.
  let kept: [RangeTombstone]
  let isEmpty: Bool
  private let order: KeyOrder

  /// `tombstones` are clipped to their tables.
  init(_ tombstones: [RangeTombstone], plan: CompactionPlan) {
    order = plan.order
    isEmpty = tombstones.isEmpty
    let order = order
    guard order.timestampSize == 0 else {
      covering = []
      kept = Set(tombstones).sorted { order.compare($0.begin, $1.begin) < 0 }
      return
    }
    let stripes = SnapshotStripes(plan.snapshots)
    var groups = [[RangeTombstone]](repeating: [], count: tombstones.isEmpty ? 0 : stripes.count)
    for tombstone in tombstones { groups[stripes.stripe(of: tombstone.sequence)].append(tombstone) }
    covering = groups.map { RangeTombstones($0, order: order) }
    var kept: [RangeTombstone] = []
    for (stripe, pieces) in covering.enumerated() {
      for piece in pieces.fragments {
        let isDone = stripe == 0 && !plan.keepsTombstones && !plan.older.overlaps(piece.begin, piece.end)
        if !isDone { kept.append(RangeTombstone(begin: piece.begin, end: piece.end, sequence: piece.sequence)) }
      }
    }
    self.kept = kept.sorted { order.compare($0.begin, $1.begin) < 0 }
  }

  /// One for each stripe: places for `sequence(over:)`.
  var hints: [Int] { [Int](repeating: 0, count: covering.count) }

  /// The newest tombstone of a stripe over a user key; 0 when there is none.
  func sequence(over userKey: UnsafeRawBufferPointer, stripe: Int, hints: inout [Int]) -> SequenceNumber {
    covering.isEmpty ? 0 : covering[stripe].sequence(over: userKey, hint: &hints[stripe])
  }

  /// What of a tombstone lies between two user keys without timestamps; nil for no bound.
  func clip(_ tombstone: RangeTombstone, from lower: [UInt8]?, to upper: [UInt8]?) -> RangeTombstone? {
    let size = order.timestampSize
    var clipped = tombstone
    if let lower, compare(clipped.begin, lower) < 0 { clipped.begin = lower + tombstone.begin.suffix(size) }
    if let upper, compare(clipped.end, upper) > 0 { clipped.end = upper + tombstone.end.suffix(size) }
    return compare(clipped.begin, Array(clipped.end.dropLast(size))) < 0 ? clipped : nil
  }

  private func compare(_ key: [UInt8], _ bare: [UInt8]) -> Int {
    key.withUnsafeBytes { key in
      bare.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(key), $0) }
    }
  }
}
