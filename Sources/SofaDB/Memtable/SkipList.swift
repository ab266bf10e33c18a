internal import CSofaKernels
internal import Glibc
internal import Synchronization

/// A sorted list of internal keys and their values that many threads extend and read at the same time, without locks.
/// Nothing is ever taken out or moved: what a cursor has seen stays where it is for the life of the arena.
///
/// The structure is that of W. Pugh, "Skip lists: a probabilistic alternative to balanced trees" (1990), and entries
/// are linked from the lowest level up by compare-and-swap, as in RocksDB's InlineSkipList. An entry is one piece of
/// the arena:
///
///     link(h-1) ... link(1) | link(0) | prefix u64 | key count u32 | value count u32 | internal key | value
///                             ^ a node is the address of its lowest link
///
/// `prefix` is the start of the user key as a number that sorts like the key (`KeyOrder.prefix`), so that most
/// comparisons need no second cache line.
///
/// Invariants: level 0 links all entries in internal-key order; each higher level links a part of those below it; a
/// link is stored with release after all that it leads to has been written, so that who loads it sees a whole entry.
final class SkipList: @unchecked Sendable {
  typealias Node = UnsafeMutableRawPointer
  static let maximumHeight = 12
  private static let prefixOffset = 8
  private static let countsOffset = 16
  private static let keyOffset = 24

  let order: KeyOrder
  private let arena: Arena
  private let head: Node
  private let counter = Atomic<Int>(0)

  init(order: KeyOrder, arena: Arena) {
    self.order = order
    self.arena = arena
    let links = arena.take(8 * SkipList.maximumHeight)
    head = links + 8 * (SkipList.maximumHeight - 1)
    for level in 0..<SkipList.maximumHeight { SkipList.initializeLink(of: head, level, to: nil) }
  }

  /// Entries. Any thread, any time; an entry being added may be counted or not.
  var count: Int { counter.load(ordering: .acquiring) }

  // MARK: Adding

  /// Where the last entry of one writer went: entries that come in order are placed without a search. One thread.
  struct Finger {
    fileprivate var before = InlineArray<12, Node?>(repeating: nil)
    fileprivate var after = InlineArray<12, Node?>(repeating: nil)

    init() {}
  }

  /// Adds an entry. Any number of threads at once, each with its own finger. Two entries never have the same internal
  /// key: sequence numbers are given once.
  func insert(
    userKey: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer, finger: inout Finger
  ) {
    let height = SkipList.height(of: trailer)
    let keyCount = userKey.count + 8
    let links = arena.take(8 * (height - 1) + SkipList.keyOffset + keyCount + value.count)
    let node = links + 8 * (height - 1)
    SkipList.prefixPlace(of: node).pointee = order.prefix(of: userKey)
    SkipList.counts(of: node)[0] = UInt32(keyCount)
    SkipList.counts(of: node)[1] = UInt32(value.count)
    let key = node + SkipList.keyOffset
    if userKey.count > 0 { memcpy(key, userKey.baseAddress!, userKey.count) }
    (key + userKey.count).storeBytes(of: trailer.littleEndian, as: UInt64.self)
    if value.count > 0 { memcpy(key + keyCount, value.baseAddress!, value.count) }
    link(node, height, &finger)
    counter.add(1, ordering: .releasing)
  }

  private func link(_ node: Node, _ height: Int, _ finger: inout Finger) {
    let target = Target(node)
    place(&finger, around: target)
    for level in 0..<height {
      while true {
        let after = finger.after[level]
        SkipList.initializeLink(of: node, level, to: after)
        if SkipList.exchange(finger.before[level]!, level, after, node) { break }
        // Somebody else has linked an entry here meanwhile.
        advance(level, from: finger.before[level]!, to: target, &finger)
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
      if let before = finger.before[level], SkipList.link(of: before, level) == finger.after[level],
        before == head || precedes(before, target), finger.after[level].map({ !precedes($0, target) }) ?? true
      {
        break
      }
      level += 1
    }
    while level > 0 {
      level -= 1
      let start = level + 1 < SkipList.maximumHeight ? finger.before[level + 1]! : head
      advance(level, from: start, to: target, &finger)
    }
  }

  @inline(__always)
  private func advance(_ level: Int, from start: Node, to target: Target, _ finger: inout Finger) {
    var before = start
    var after = SkipList.link(of: before, level)
    SkipList.prefetchBelow(before, level)
    while let next = after, precedes(next, target) {
      before = next
      after = SkipList.link(of: next, level)
      SkipList.prefetchBelow(before, level)
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

    fileprivate init(_ node: Node) {
      prefix = SkipList.prefix(of: node)
      let key = SkipList.key(of: node)
      userKey = key.internalKeyUserKey
      trailer = key.internalKeyTrailer
    }
  }

  @inline(__always)
  private func precedes(_ node: Node, _ target: Target) -> Bool {
    let prefix = SkipList.prefix(of: node)
    if prefix != target.prefix { return prefix < target.prefix }
    let key = SkipList.key(of: node)
    let result = order.compare(key.internalKeyUserKey, target.userKey)
    return result == 0 ? key.internalKeyTrailer > target.trailer : result < 0
  }

  var first: Node? { SkipList.link(of: head, 0) }

  /// The first entry at or behind `target`.
  func firstNotBefore(_ target: Target) -> Node? { neighbours(of: target).after }

  /// The last entry before `target`.
  func lastBefore(_ target: Target) -> Node? {
    let before = neighbours(of: target).before
    return before == head ? nil : before
  }

  @inline(__always)
  private func neighbours(of target: Target) -> (before: Node, after: Node?) {
    var before = head
    var after: Node?
    // The entry that ended the walk on the level above ends it here too.
    var known: Node?
    for level in stride(from: SkipList.maximumHeight - 1, through: 0, by: -1) {
      after = SkipList.link(of: before, level)
      SkipList.prefetchBelow(before, level)
      while let next = after, next != known, precedes(next, target) {
        before = next
        after = SkipList.link(of: next, level)
        SkipList.prefetchBelow(before, level)
      }
      known = after
    }
    return (before, after)
  }

  var last: Node? {
    var node = head
    for level in stride(from: SkipList.maximumHeight - 1, through: 0, by: -1) {
      while let next = SkipList.link(of: node, level) { node = next }
    }
    return node == head ? nil : node
  }

  // MARK: Nodes

  @inline(__always) static func next(_ node: Node) -> Node? { link(of: node, 0) }

  @inline(__always) static func key(of node: Node) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: node + keyOffset, count: Int(counts(of: node)[0]))
  }

  @inline(__always) static func value(of node: Node) -> UnsafeRawBufferPointer {
    let counts = counts(of: node)
    return UnsafeRawBufferPointer(start: node + keyOffset + Int(counts[0]), count: Int(counts[1]))
  }

  @inline(__always) private static func prefix(of node: Node) -> UInt64 { prefixPlace(of: node).pointee }

  // Typed, because unoptimized code hides what it loads as raw memory from ThreadSanitizer.
  @inline(__always) private static func prefixPlace(of node: Node) -> UnsafeMutablePointer<UInt64> {
    (node + prefixOffset).assumingMemoryBound(to: UInt64.self)
  }

  /// Of the key and of the value.
  @inline(__always) private static func counts(of node: Node) -> UnsafeMutablePointer<UInt32> {
    (node + countsOffset).assumingMemoryBound(to: UInt32.self)
  }

  private typealias Link = Atomic<UnsafeMutableRawPointer?>

  @inline(__always) private static func place(of node: Node, _ level: Int) -> UnsafeMutablePointer<Link> {
    (node - 8 * level).assumingMemoryBound(to: Link.self)
  }

  @inline(__always) private static func link(of node: Node, _ level: Int) -> Node? {
    place(of: node, level).pointee.load(ordering: .acquiring)
  }

  /// Three times out of four a search goes down from a node: what it compares there first is asked for while it still
  /// compares here.
  @inline(__always) private static func prefetchBelow(_ node: Node, _ level: Int) {
    if level > 0, let next = link(of: node, level - 1) { sofa_prefetch(next + prefixOffset) }
  }

  @inline(__always) private static func initializeLink(of node: Node, _ level: Int, to next: Node?) {
    (node - 8 * level).bindMemory(to: Link.self, capacity: 1).initialize(to: Link(next))
  }

  @inline(__always)
  private static func exchange(_ node: Node, _ level: Int, _ expected: Node?, _ new: Node) -> Bool {
    place(of: node, level).pointee.compareExchange(
      expected: expected, desired: new, successOrdering: .releasing, failureOrdering: .relaxed
    ).exchanged
  }
}
