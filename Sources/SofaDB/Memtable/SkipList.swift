internal import CSofaKernels
internal import Glibc
internal import Synchronization

/// A sorted list of internal keys and their values that many threads extend and read at the same time, without locks.
/// Nothing is ever taken out or moved: what a cursor has seen stays where it is for the life of the arena.
///
/// The structure is that of W. Pugh, "Skip lists: a probabilistic alternative to balanced trees" (1990), and entries
/// are linked from the lowest level up by compare-and-swap, as in RocksDB's InlineSkipList. An entry is two pieces:
///
///     node   prefix u64 | entry u32 | link(0) u32 | link(1) u32 | ... | link(h-1) u32
///     entry  key count | value count | internal key | value        a count: u8, or 255 and u32
///
/// `prefix` is the start of the user key as a number that sorts like the key (`KeyOrder.prefix`), so that most
/// comparisons need no more than the node. Nodes lie in an arena of their own, 18 bytes each on average: what a search
/// walks over stays in the processor's cache when the entries are far more than fit there.
///
/// Invariants: level 0 links all entries in internal-key order; each higher level links a part of those below it; a
/// link is stored with release after all that it leads to has been written, so that who loads it sees a whole entry.
final class SkipList: @unchecked Sendable {
  /// The number of a node in its arena.
  typealias Node = UInt32
  static let maximumHeight = 12
  private static let none = Arena.none
  private static let entryOffset = 8
  private static let linksOffset = 12

  let order: KeyOrder
  private let nodes: Arena
  private let entries: Arena
  private let head: Node
  private let counter = Atomic<Int>(0)

  /// Lists may share arenas.
  init(order: KeyOrder, nodes: Arena, entries: Arena) {
    self.order = order
    self.nodes = nodes
    self.entries = entries
    head = nodes.take(SkipList.linksOffset + 4 * SkipList.maximumHeight)
    for level in 0..<SkipList.maximumHeight { initializeLink(of: head, level, to: SkipList.none) }
  }

  /// Entries. Any thread, any time; an entry being added may be counted or not.
  var count: Int { counter.load(ordering: .acquiring) }

  // MARK: Adding

  /// Where the last entry of one writer went: entries that come in order are placed without a search. One thread.
  struct Finger {
    /// `none`: not known yet.
    fileprivate var before = InlineArray<12, Node>(repeating: SkipList.none)
    /// `none`: the end.
    fileprivate var after = InlineArray<12, Node>(repeating: SkipList.none)

    init() {}
  }

  /// Adds an entry. Any number of threads at once, each with its own finger. Two entries never have the same internal
  /// key: sequence numbers are given once.
  func insert(
    userKey: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer, finger: inout Finger
  ) {
    let height = SkipList.height(of: trailer)
    let node = nodes.take(SkipList.linksOffset + 4 * height)
    let entry = store(userKey, trailer, value)
    let place = nodes.address(node)
    place.storeBytes(of: order.prefix(of: userKey), as: UInt64.self)
    place.storeBytes(of: entry, toByteOffset: SkipList.entryOffset, as: UInt32.self)
    link(node, height, SkipList.Target(userKey, trailer: trailer, order: order), &finger)
    counter.add(1, ordering: .releasing)
  }

  private func store(
    _ userKey: UnsafeRawBufferPointer, _ trailer: UInt64, _ value: UnsafeRawBufferPointer
  ) -> UInt32 {
    let keyCount = userKey.count + 8
    let counts = SkipList.size(ofCount: keyCount) + SkipList.size(ofCount: value.count)
    let entry = entries.take(counts + keyCount + value.count)
    var place = entries.address(entry)
    SkipList.store(count: keyCount, at: &place)
    SkipList.store(count: value.count, at: &place)
    if userKey.count > 0 { memcpy(place, userKey.baseAddress!, userKey.count) }
    place += userKey.count
    place.storeBytes(of: trailer.littleEndian, as: UInt64.self)
    if value.count > 0 { memcpy(place + 8, value.baseAddress!, value.count) }
    return entry
  }

  private func link(_ node: Node, _ height: Int, _ target: Target, _ finger: inout Finger) {
    place(&finger, around: target)
    for level in 0..<height {
      while true {
        let after = finger.after[level]
        initializeLink(of: node, level, to: after)
        if exchange(finger.before[level], level, after, node) { break }
        // Somebody else has linked an entry here meanwhile.
        advance(level, from: finger.before[level], to: target, &finger)
      }
      finger.before[level] = node
    }
  }

  /// Makes the finger hold the neighbours of `target` on each level. Goes up from the lowest level to the first whose
  /// neighbours are still right, and searches down from there.
  @inline(__always)
  private func place(_ finger: inout Finger, around target: Target) {
    var level = 0
    while level < SkipList.maximumHeight {
      let before = finger.before[level]
      let after = finger.after[level]
      if before != SkipList.none, link(of: before, level) == after, before == head || precedes(before, target),
        after == SkipList.none || !precedes(after, target)
      {
        break
      }
      level += 1
    }
    while level > 0 {
      level -= 1
      let start = level + 1 < SkipList.maximumHeight ? finger.before[level + 1] : head
      advance(level, from: start, to: target, &finger)
    }
  }

  @inline(__always)
  private func advance(_ level: Int, from start: Node, to target: Target, _ finger: inout Finger) {
    var before = start
    var after = link(of: before, level)
    prefetchBelow(before, level)
    while after != SkipList.none, precedes(after, target) {
      before = after
      after = link(of: before, level)
      prefetchBelow(before, level)
    }
    finger.before[level] = before
    finger.after[level] = after
  }

  /// Between 1 and `maximumHeight`, one more with a chance of a quarter each. From the trailer, which no other entry
  /// has, so that threads share no state.
  private static func height(of trailer: UInt64) -> Int {
    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    var bits = trailer &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return min(1 + bits.trailingZeroBitCount / 2, maximumHeight)
  }

  // MARK: Searching

  /// A key that is sought, with its prefix.
  struct Target {
    fileprivate let prefix: UInt64
    fileprivate let userKey: UnsafeRawBufferPointer
    fileprivate let trailer: UInt64

    /// `userKey` is borrowed.
    init(_ userKey: UnsafeRawBufferPointer, trailer: UInt64, order: KeyOrder) {
      prefix = order.prefix(of: userKey)
      self.userKey = userKey
      self.trailer = trailer
    }

    /// `internalKey` is borrowed.
    init(_ internalKey: UnsafeRawBufferPointer, order: KeyOrder) {
      self.init(internalKey.internalKeyUserKey, trailer: internalKey.internalKeyTrailer, order: order)
    }
  }

  @inline(__always)
  private func precedes(_ node: Node, _ target: Target) -> Bool {
    let prefix = prefixPlace(of: node).pointee
    if prefix != target.prefix { return prefix < target.prefix }
    let key = key(of: node)
    let result = order.compare(key.internalKeyUserKey, target.userKey)
    return result == 0 ? key.internalKeyTrailer > target.trailer : result < 0
  }

  var first: Node? { next(head) }

  /// The first entry at or behind `target`.
  func firstNotBefore(_ target: Target) -> Node? {
    let after = neighbours(of: target).after
    return after == SkipList.none ? nil : after
  }

  /// The last entry before `target`.
  func lastBefore(_ target: Target) -> Node? {
    let before = neighbours(of: target).before
    return before == head ? nil : before
  }

  @inline(__always)
  private func neighbours(of target: Target) -> (before: Node, after: Node) {
    var before = head
    var after = SkipList.none
    // The entry that ended the walk on the level above ends it here too.
    var known = SkipList.none
    for level in stride(from: SkipList.maximumHeight - 1, through: 0, by: -1) {
      after = link(of: before, level)
      prefetchBelow(before, level)
      while after != known, after != SkipList.none, precedes(after, target) {
        before = after
        after = link(of: before, level)
        prefetchBelow(before, level)
      }
      known = after
    }
    return (before, after)
  }

  var last: Node? {
    var node = head
    for level in stride(from: SkipList.maximumHeight - 1, through: 0, by: -1) {
      while case let next = link(of: node, level), next != SkipList.none { node = next }
    }
    return node == head ? nil : node
  }

  // MARK: Nodes

  @inline(__always) func next(_ node: Node) -> Node? {
    let next = link(of: node, 0)
    return next == SkipList.none ? nil : next
  }

  /// The internal key of an entry.
  @inline(__always) func key(of node: Node) -> UnsafeRawBufferPointer { entry(of: node).key }

  @inline(__always) func value(of node: Node) -> UnsafeRawBufferPointer { entry(of: node).value }

  @inline(__always)
  func entry(of node: Node) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let number = nodes.address(node).load(fromByteOffset: SkipList.entryOffset, as: UInt32.self)
    var place = UnsafeRawPointer(entries.address(number))
    let keyCount = SkipList.loadCount(&place)
    let valueCount = SkipList.loadCount(&place)
    return (
      UnsafeRawBufferPointer(start: place, count: keyCount),
      UnsafeRawBufferPointer(start: place + keyCount, count: valueCount)
    )
  }

  @inline(__always) private static func size(ofCount count: Int) -> Int { count < 255 ? 1 : 5 }

  @inline(__always) private static func store(count: Int, at place: inout UnsafeMutableRawPointer) {
    place.storeBytes(of: UInt8(truncatingIfNeeded: min(count, 255)), as: UInt8.self)
    if count >= 255 { place.storeBytes(of: UInt32(count), toByteOffset: 1, as: UInt32.self) }
    place += size(ofCount: count)
  }

  @inline(__always) private static func loadCount(_ place: inout UnsafeRawPointer) -> Int {
    let count = Int(place.load(as: UInt8.self))
    place += 1
    if count < 255 { return count }
    defer { place += 4 }
    return Int(place.loadUnaligned(as: UInt32.self))
  }

  // Typed, because unoptimized code hides what it loads as raw memory from ThreadSanitizer.
  @inline(__always) private func prefixPlace(of node: Node) -> UnsafeMutablePointer<UInt64> {
    nodes.address(node).assumingMemoryBound(to: UInt64.self)
  }

  private typealias Link = Atomic<UInt32>

  @inline(__always) private func place(of node: Node, _ level: Int) -> UnsafeMutablePointer<Link> {
    (nodes.address(node) + (SkipList.linksOffset &+ 4 &* level)).assumingMemoryBound(to: Link.self)
  }

  @inline(__always) private func link(of node: Node, _ level: Int) -> Node {
    place(of: node, level).pointee.load(ordering: .acquiring)
  }

  /// Three times out of four a search goes down from a node: what it compares there first is asked for while it still
  /// compares here.
  @inline(__always) private func prefetchBelow(_ node: Node, _ level: Int) {
    if level > 0, case let next = link(of: node, level - 1), next != SkipList.none {
      sofa_prefetch(nodes.address(next))
    }
  }

  @inline(__always) private func initializeLink(of node: Node, _ level: Int, to next: Node) {
    (nodes.address(node) + (SkipList.linksOffset &+ 4 &* level)).bindMemory(to: Link.self, capacity: 1)
      .initialize(to: Link(next))
  }

  @inline(__always)
  private func exchange(_ node: Node, _ level: Int, _ expected: Node, _ new: Node) -> Bool {
    place(of: node, level).pointee.compareExchange(
      expected: expected, desired: new, successOrdering: .releasing, failureOrdering: .relaxed
    ).exchanged
  }
}
