/// Decides which versions of a key a compaction keeps, so that every reader, now and at each snapshot, sees the same
/// before and after.
///
/// Versions of one key are judged from the newest to the oldest:
///
/// 1. What hides in the stripe of a newer value or tombstone of the key goes.
/// 2. What a range tombstone of the same stripe covers goes, and with it all that is older in the stripe.
/// 3. A tombstone hides the rest of its stripe. In the oldest stripe it goes itself, where no older data of the key can
///    exist below.
/// 4. The newest single deletion behind a value stays, while older data may lie below: where it was gone, a later
///    single deletion would take the newer value for its own, and uncover what this one has deleted. A value behind a
///    single deletion that stays, stays: an engine that finds only one of the two calls it a mistake.
/// 5. Operands of a merge hide nothing. They are combined where the operator is certain.
///
/// Source: RocksDB's `CompactionIterator`, of which this is the subset that never changes what a reader sees, even
/// where programs use single deletions wrongly.
struct DropRules: Sendable {
  enum Verdict: Sendable, Equatable {
    case keep
    /// Kept with sequence number 0.
    case keepAtZero
    /// An operand to be combined with those behind it.
    case collect
    case drop
  }

  private let stripes: SnapshotStripes
  private let combinesMerges: Bool
  private let zeroes: Bool
  /// The stripe in which everything older is hidden; -1 for none.
  private var hidden = -1
  /// Whether the next version may be the value that a kept single deletion deletes.
  private var awaitsPair = false
  /// Whether what hides begins with a tombstone.
  private var isDeleted = false

  /// `zeroes`: kept values at the bottom get sequence number 0, unless there are snapshots.
  init(snapshots: [SequenceNumber], combinesMerges: Bool, zeroes: Bool) {
    stripes = SnapshotStripes(snapshots)
    self.combinesMerges = combinesMerges
    self.zeroes = zeroes && snapshots.isEmpty
  }

  /// Whether `isBottom` matters for values.
  @inline(__always) var asksBottom: Bool { zeroes }

  @inline(__always) func stripe(of sequence: SequenceNumber) -> Int { stripes.stripe(of: sequence) }

  /// The next version is the newest of another key.
  @inline(__always)
  mutating func beginKey() {
    hidden = -1
    awaitsPair = false
    isDeleted = false
  }

  /// The single deletion judged last is not kept after all.
  mutating func endPair() { awaitsPair = false }

  /// - Parameters:
  ///   - stripe: of `sequence`.
  ///   - covered: sequence number of the newest range tombstone over the key in the same stripe, 0 when there is none.
  ///   - isBottom: whether no table below the output can hold a version of the key.
  @inline(__always)
  mutating func judge(
    _ sequence: SequenceNumber, _ kind: EntryKind, stripe: Int, covered: SequenceNumber, isBottom: Bool
  ) -> Verdict {
    if stripe == hidden {
      return judgeHidden(kind, isCovered: covered > sequence, isLast: isBottom && stripe == 0)
    }
    awaitsPair = false
    isDeleted = false
    if covered > sequence {
      hidden = stripe
      return .drop
    }
    if kind == .value {
      hidden = stripe
      return zeroes && isBottom && covered == 0 ? .keepAtZero : .keep
    }
    return judgeOther(kind, stripe: stripe, isBottom: isBottom, isUncovered: covered == 0)
  }

  private mutating func judgeHidden(_ kind: EntryKind, isCovered: Bool, isLast: Bool) -> Verdict {
    if kind == .singleDeletion, !isDeleted, !isCovered, !isLast {
      awaitsPair = true
      isDeleted = true
      return .keep
    }
    defer { awaitsPair = false }
    return awaitsPair && !isCovered && !kind.isPointTombstone && kind != .merge ? .keep : .drop
  }

  private mutating func judgeOther(
    _ kind: EntryKind, stripe: Int, isBottom: Bool, isUncovered: Bool
  ) -> Verdict {
    if kind == .merge { return combinesMerges ? .collect : .keep }
    hidden = stripe
    if kind.isPointTombstone {
      if isBottom, stripe == 0 { return .drop }
      isDeleted = true
      awaitsPair = kind == .singleDeletion
      return .keep
    }
    let mayBeZero = kind == .blobIndex || kind == .wideColumnEntity
    return zeroes && isBottom && isUncovered && mayBeZero ? .keepAtZero : .keep
  }
}
