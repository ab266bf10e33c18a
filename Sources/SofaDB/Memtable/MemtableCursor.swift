/// Walks the entries of a memtable in internal-key order, forward and backward, while others add to it: entries that
/// are added behind the cursor's place are seen, and readers leave out those newer than their snapshot.
///
/// A struct that is stepped in place. The memtable lives as long as the cursor; one thread at a time.
struct MemtableCursor {
  private let list: SkipList
  private let owner: Memtable
  private var node: SkipList.Node?

  init(_ list: SkipList, of owner: Memtable) {
    self.list = list
    self.owner = owner
  }

  @inline(__always) var isValid: Bool { node != nil }
  /// The internal key; only while `isValid`, and then for the life of the memtable.
  @inline(__always) var key: UnsafeRawBufferPointer { list.key(of: node!) }
  @inline(__always) var value: UnsafeRawBufferPointer { list.value(of: node!) }

  mutating func seekToFirst() { node = list.first }
  mutating func seekToLast() { node = list.last }

  /// To the first entry at or behind `internalKey`.
  mutating func seek(_ internalKey: UnsafeRawBufferPointer) {
    node = list.firstNotBefore(SkipList.Target(internalKey, order: list.order))
  }

  /// To the last entry before `internalKey`.
  mutating func seek(before internalKey: UnsafeRawBufferPointer) {
    node = list.lastBefore(SkipList.Target(internalKey, order: list.order))
  }

  @inline(__always) mutating func next() { node = list.next(node!) }

  /// Costs a search: entries are linked in one direction.
  mutating func previous() { seek(before: key) }
}
