/// The history of a key as its readers can tell it apart: each snapshot ends a stripe of sequence numbers, and what is
/// written after the last snapshot is the newest stripe. Of two versions in one stripe every reader sees the newer one
/// or neither.
struct SnapshotStripes: Sendable {
  /// Ascending, each once.
  private let snapshots: [SequenceNumber]
  private let isSingle: Bool

  /// In any order.
  init(_ snapshots: [SequenceNumber]) {
    self.snapshots = Set(snapshots).sorted()
    isSingle = snapshots.isEmpty
  }

  var count: Int { snapshots.count + 1 }

  /// The stripe of a sequence number, 0 the oldest: the number of snapshots that do not see it.
  @inline(__always)
  func stripe(of sequence: SequenceNumber) -> Int { isSingle ? 0 : search(sequence) }

  private func search(_ sequence: SequenceNumber) -> Int {
    var low = 0
    var high = snapshots.count
    while low < high {
      let middle = (low + high) / 2
      if snapshots[middle] < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
