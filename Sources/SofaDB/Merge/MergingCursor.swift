/// All versions of all keys of several sorted inputs, in internal-key order.
///
/// A tree of losers over the inputs: the winner of each match goes up, the loser stays. After a step of the winner only
/// the matches on its way up are played again, one for each level, and where the next winner comes from cannot be
/// guessed, they are played without branches. What is compared is a number of `KeyPrefixes`, kept beside the input's
/// own; whole keys are looked at only where those tie. Going backward the greatest key wins, and the complement of the
/// number is compared.
///
///     place 0: the winner     place i: the loser of the match between what comes up from places 2i and 2i + 1
///     input s stands at place s + number of inputs
///
/// Inputs are given newest first, which decides between equal internal keys; backward the oldest of those is first.
/// After an error the cursor is not valid until it is placed anew. One thread at a time.
///
/// Source: Knuth, The Art of Computer Programming 3, 5.4.1, replacement selection by a tree of losers.
public struct MergingCursor: ~Copyable {
  private typealias Player = MergeInputs.Player

  private let order: KeyOrder
  private let inputs: MergeInputs
  // Of the inputs, which live as long.
  private let sources: UnsafeMutableBufferPointer<EntrySource>
  private let tree: UnsafeMutablePointer<MergeInputs.Player>
  private let prefixes: KeyPrefixes
  /// Where the inputs go in the end.
  private let spares: Spares<MergeInputs>?
  /// Of `upper`; 0 without one.
  private let upperPrefix: UInt64
  /// The input of the current entry.
  private var top: UnsafeMutablePointer<EntrySource>
  private var isBackward = false

  public private(set) var isValid = false

  /// As `MergeInputs`.
  init(_ inputs: [EntrySource], order: KeyOrder, lower: [UInt8]? = nil, upper: [UInt8]? = nil) {
    self.init(MergeInputs(inputs, order: order, lower: lower, upper: upper), order: order, upper: upper)
  }

  /// `spares` get the inputs when they are no longer used.
  init(_ inputs: MergeInputs, order: KeyOrder, upper: [UInt8]? = nil, spares: Spares<MergeInputs>? = nil) {
    self.order = order
    self.inputs = inputs
    self.spares = spares
    sources = inputs.sources
    tree = inputs.tree
    prefixes = inputs.prefixes
    // Not read while there are no inputs.
    top = sources.baseAddress ?? UnsafeMutablePointer(bitPattern: MemoryLayout<EntrySource>.alignment)!
    upperPrefix = upper.map { inputs.prefixes.prefix(ofBare: $0) } ?? 0
  }

  deinit {
    guard let spares else { return }
    inputs.rest()
    spares.give(inputs)
  }

  /// The current internal key; borrowed until the next step. Only while `isValid`.
  @inline(__always) public var key: UnsafeRawBufferPointer { top.pointee.key }
  @inline(__always) public var value: UnsafeRawBufferPointer { top.pointee.value }
  /// Whether the current key is known without looking at it to come before the `upper` that was given. Forward only.
  @inline(__always) var isClearlyBelowUpper: Bool { tree[0].prefix < upperPrefix }
  /// The place of the current entry's input in the list that was given.
  @inline(__always) var source: Int { tree[0].source }
  /// Which table of its input's run the current entry comes from.
  @inline(__always) var tableIndex: Int { top.pointee.tableIndex }
  /// The table of the current entry; nil when it comes from a log.
  public var table: TableReader? { top.pointee.table }

  public mutating func seekToFirst() throws(DatabaseError) {
    begin(backward: false)
    for index in sources.indices { try input(index).pointee.seekToFirst() }
    build()
  }

  /// To the first entry at or after `internalKey`.
  public mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    begin(backward: false)
    for index in sources.indices { try input(index).pointee.seek(internalKey) }
    build()
  }

  /// To the last entry of all.
  mutating func seekToLast() throws(DatabaseError) {
    begin(backward: true)
    for index in sources.indices { try input(index).pointee.seekToLast() }
    build()
  }

  /// To the last entry at or before `internalKey`.
  mutating func seek(atOrBefore internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    begin(backward: true)
    for index in sources.indices { try input(index).pointee.seek(atOrBefore: internalKey) }
    build()
  }

  @inline(__always)
  private func input(_ source: Int) -> UnsafeMutablePointer<EntrySource> { sources.baseAddress! + source }

  private mutating func begin(backward: Bool) {
    isValid = false
    isBackward = backward
  }

  /// To the next entry. Only while `isValid`.
  @inline(never)
  public mutating func next() throws(DatabaseError) {
    if isBackward { return try turn() }
    do throws(DatabaseError) { try top.pointee.next() } catch {
      isValid = false
      throw error
    }
    climb(Player(prefix: prefixes.prefix(of: top), source: tree[0].source), backward: false)
  }

  /// To the entry before. Only while `isValid`.
  @inline(never)
  mutating func previous() throws(DatabaseError) {
    if !isBackward { return try turn() }
    do throws(DatabaseError) { try top.pointee.previous() } catch {
      isValid = false
      throw error
    }
    climb(Player(prefix: prefixes.reversePrefix(of: top), source: tree[0].source), backward: true)
  }

  /// A step in the other direction than before: the other inputs go to the other side of the current entry. Of equal
  /// versions those of newer inputs stand before it, those of older ones behind it.
  @inline(never)
  private mutating func turn() throws(DatabaseError) {
    let pivot = ByteBuffer(copying: key)
    defer { withExtendedLifetime(pivot) {} }
    let current = tree[0].source
    begin(backward: !isBackward)
    for source in sources.indices where source != current {
      if isBackward {
        try input(source).pointee.seek(atOrBefore: pivot.bytes)
        if source > current, isEqual(source, pivot.bytes) { try input(source).pointee.previous() }
      } else {
        try input(source).pointee.seek(pivot.bytes)
        if source < current, isEqual(source, pivot.bytes) { try input(source).pointee.next() }
      }
    }
    if isBackward { try input(current).pointee.previous() } else { try input(current).pointee.next() }
    build()
  }

  private func isEqual(_ source: Int, _ internalKey: UnsafeRawBufferPointer) -> Bool {
    sources[source].isValid && order.compareInternal(sources[source].key, internalKey) == 0
  }

  /// Plays the matches on the way up of an input that has moved.
  @inline(__always)
  private mutating func climb(_ moved: Player, backward: Bool) {
    let tree = tree
    var player = moved
    var place = (moved.source &+ sources.count) >> 1
    while place > 0 {
      let other = tree[place]
      // All ones where the other one wins, and then the two are exchanged: without a branch, for it could not be
      // guessed. The compiler makes one of anything that tells it that the mask is a Boolean.
      var mask: UInt64 = other.prefix < player.prefix ? .max : 0
      if other.prefix == player.prefix { mask = precedenceMask(other.source, player.source, backward: backward) }
      let prefix = (other.prefix ^ player.prefix) & mask
      let source = (other.source ^ player.source) & Int(truncatingIfNeeded: mask)
      tree[place] = Player(prefix: other.prefix ^ prefix, source: other.source ^ source)
      player = Player(prefix: player.prefix ^ prefix, source: player.source ^ source)
      place >>= 1
    }
    crown(player)
  }

  @inline(__always)
  private mutating func crown(_ winner: Player) {
    tree[0] = winner
    top = input(winner.source)
    isValid = top.pointee.isValid
  }

  /// Plays every match, from the lowest up.
  private mutating func build() {
    let count = sources.count
    guard count > 0 else { return }
    let winners = inputs.winners
    for source in 0..<count {
      let prefix = isBackward ? prefixes.reversePrefix(of: input(source)) : prefixes.prefix(of: input(source))
      winners[count + source] = Player(prefix: prefix, source: source)
    }
    for place in stride(from: count - 1, to: 0, by: -1) {
      let left = winners[2 * place]
      let right = winners[2 * place + 1]
      let leftWins =
        left.prefix == right.prefix
        ? precedenceMask(left.source, right.source, backward: isBackward) != 0 : left.prefix < right.prefix
      winners[place] = leftWins ? left : right
      tree[place] = leftWins ? right : left
    }
    crown(winners[1])
  }

  /// All ones where input `a` comes before input `b`, whose prefixes do not tell; else 0.
  @inline(__always)
  private func precedenceMask(_ a: Int, _ b: Int, backward: Bool) -> UInt64 {
    let (a, b) = (input(a), input(b))
    return backward ? MergingCursor.reverseMask(a, b, order) : MergingCursor.precedenceMask(a, b, order)
  }

  @inline(never)
  private static func reverseMask(
    _ a: UnsafeMutablePointer<EntrySource>, _ b: UnsafeMutablePointer<EntrySource>, _ order: KeyOrder
  ) -> UInt64 {
    guard a.pointee.isValid else { return 0 }
    guard b.pointee.isValid else { return .max }
    return ~precedenceMask(a, b, order)
  }

  @inline(never)
  private static func precedenceMask(
    _ a: UnsafeMutablePointer<EntrySource>, _ b: UnsafeMutablePointer<EntrySource>, _ order: KeyOrder
  ) -> UInt64 {
    guard a.pointee.isValid else { return 0 }
    guard b.pointee.isValid else { return .max }
    let result = order.compareInternal(a.pointee.key, b.pointee.key)
    return result == 0 ? (a < b ? .max : 0) : (result < 0 ? .max : 0)
  }
}
