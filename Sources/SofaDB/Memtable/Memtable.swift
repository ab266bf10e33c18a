internal import Synchronization

/// The newest entries of a column family, in memory until they are flushed to a table.
///
/// Point entries and range deletions stand in two lists that share their arenas. Any number of threads add and read at
/// the same time, and no reader ever waits. An entry may be seen as soon as it is added: that a batch becomes visible
/// whole is up to the sequence number that readers are given.
final class Memtable: Sendable {
  private let nodes = Arena()
  private let bytesOfEntries = Arena()
  private let entries: SkipList
  private let deletions: SkipList
  // Not from UInt64.max: Atomic.min compares as signed numbers (Swift 6.3).
  private let smallest = Atomic<SequenceNumber>(.maximum)
  private let largest = Atomic<SequenceNumber>(0)
  private let cachedTombstones = Lock<(count: Int, tombstones: RangeTombstones)?>(nil)

  init(order: KeyOrder) {
    entries = SkipList(order: order, nodes: nodes, entries: bytesOfEntries)
    deletions = SkipList(order: order, nodes: nodes, entries: bytesOfEntries)
  }

  /// The places of one writer's last entries.
  struct Finger {
    fileprivate var entries = SkipList.Finger()
    fileprivate var deletions = SkipList.Finger()

    init() {}
  }

  /// Adds an entry: a value, a merge operand, a deletion, or a range deletion from `userKey` to `value`. Key and value
  /// are copied; together they hold less than 4 GiB. `finger` belongs to the calling thread and this memtable.
  func add(
    userKey: UnsafeRawBufferPointer, sequence: SequenceNumber, kind: EntryKind, value: UnsafeRawBufferPointer,
    finger: inout Finger
  ) {
    smallest.min(sequence, ordering: .relaxed)
    largest.max(sequence, ordering: .relaxed)
    let trailer = InternalKey.trailer(sequence, kind.rawValue)
    if kind == .rangeDeletion {
      deletions.insert(userKey: userKey, trailer: trailer, value: value, finger: &finger.deletions)
    } else {
      entries.insert(userKey: userKey, trailer: trailer, value: value, finger: &finger.entries)
    }
  }

  var order: KeyOrder { entries.order }
  var isEmpty: Bool { entries.count == 0 && deletions.count == 0 }
  /// Point entries; range deletions.
  var count: Int { entries.count }
  var rangeDeletionCount: Int { deletions.count }
  /// Bytes of memory that entries take.
  var bytes: Int { nodes.used + bytesOfEntries.used }
  /// Sequence numbers of the entries; nil while there are none. Exact once nobody adds any more.
  var sequences: ClosedRange<SequenceNumber>? {
    isEmpty ? nil : smallest.load(ordering: .relaxed)...largest.load(ordering: .relaxed)
  }

  /// The range deletions as they were added, by begin.
  var rangeTombstones: [RangeTombstone] {
    var found: [RangeTombstone] = []
    var cursor = rangeDeletions()
    cursor.seekToFirst()
    while cursor.isValid {
      let key = cursor.key
      found.append(
        RangeTombstone(
          begin: [UInt8](key.internalKeyUserKey), end: [UInt8](cursor.value), sequence: key.internalKeyTrailer >> 8))
      cursor.next()
    }
    return found
  }

  /// The range deletions ready for look-ups: all that were added before the call, perhaps more. Cut anew when there are
  /// more than at the last call. nil when there are none.
  var tombstones: RangeTombstones? {
    let count = deletions.count
    guard count > 0 else { return nil }
    return cachedTombstones.withLock { cached in
      if let cached, cached.count >= count { return cached.tombstones }
      let tombstones = RangeTombstones(rangeTombstones, order: order)
      cached = (count, tombstones)
      return tombstones
    }
  }

  /// The first point entry at or behind a user key with a trailer: what a point read looks at first. It lives as long
  /// as the memtable.
  @inline(__always)
  func firstEntry(_ userKey: UnsafeRawBufferPointer, trailer: UInt64) -> SkipList.Node? {
    entries.firstNotBefore(SkipList.Target(userKey, trailer: trailer, order: entries.order))
  }

  @inline(__always) func next(_ node: SkipList.Node) -> SkipList.Node? { entries.next(node) }
  @inline(__always)
  func entry(of node: SkipList.Node) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    entries.entry(of: node)
  }

  /// Over the point entries; not positioned yet.
  func cursor() -> MemtableCursor { MemtableCursor(entries, of: self) }
  /// Over the range deletions: keys are begins, values ends.
  func rangeDeletions() -> MemtableCursor { MemtableCursor(deletions, of: self) }
}
