/// A user key that is looked up in blocks, and the newest version of it that is wanted. Borrows the key.
///
/// For tables whose keys are sought as they are stored: without timestamps, in one of the two byte orders.
struct SoughtKey {
  let start: UnsafeRawPointer
  let count: Int
  /// The least trailer in internal-key order: versions with a greater one are passed over.
  let trailer: UInt64
  let isReversed: Bool

  init(_ userKey: UnsafeRawBufferPointer, trailer: UInt64, order: KeyOrder) {
    // An empty key has no address; with a count of 0 it is never read.
    start = userKey.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
    count = userKey.count
    self.trailer = trailer
    isReversed = order.kind == .reverseBytewise
  }

  /// Of an internal key or a bare user key, as `form` says; nil where only `KeyOrder` can compare, or where an internal
  /// key is too short to be one.
  init?(_ key: UnsafeRawBufferPointer, form: BlockCursor.KeyForm, order: KeyOrder) {
    guard order.kind == .bytewise || order.kind == .reverseBytewise else { return nil }
    if form == .userKey {
      self.init(key, trailer: 0, order: order)
    } else {
      guard key.count >= 8 else { return nil }
      self.init(key.internalKeyUserKey, trailer: key.internalKeyTrailer, order: order)
    }
  }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// How a user key stands to this one in the order: negative when before it.
  @inline(__always)
  func compare(_ key: UnsafeRawPointer, _ keyCount: Int) -> Int {
    let common = min(keyCount, count)
    var offset = 0
    while offset &+ 8 <= common {
      let left = key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let right = start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if left != right { return (UInt64(bigEndian: left) < UInt64(bigEndian: right)) == isReversed ? 1 : -1 }
      offset &+= 8
    }
    while offset < common {
      let left = key.load(fromByteOffset: offset, as: UInt8.self)
      let right = start.load(fromByteOffset: offset, as: UInt8.self)
      if left != right { return (left < right) == isReversed ? 1 : -1 }
      offset &+= 1
    }
    return isReversed ? count &- keyCount : keyCount &- count
  }

  /// Whether a stored key, whose last `trailerSize` bytes are its trailer, comes before this one.
  @inline(__always)
  func isBehind(_ key: UnsafeRawPointer, _ keyCount: Int, trailerSize: Int) -> Bool {
    let userCount = keyCount &- trailerSize
    let comparison = compare(key, userCount)
    guard comparison == 0, trailerSize > 0 else { return comparison < 0 }
    return UInt64(littleEndian: key.loadUnaligned(fromByteOffset: userCount, as: UInt64.self)) > trailer
  }
}

/// How far the current key of a walk through a block agrees with a sought one. Keys are stored as differences to the
/// key before; this compares them without putting them together.
///
/// Invariants: the first `matched` bytes of the current stored key, trailer included, are those of the sought user
/// key. Where the stored key goes on behind them and the sought one too, `next` is its next byte, another one; where
/// all of the sought key matched, `tail` holds the up to eight bytes that follow.
struct KeyMatch {
  private let sought: SoughtKey
  private var matched = 0
  private var next: UInt8 = 0
  private(set) var tail: UInt64 = 0
  /// Bytes of the current stored key.
  private(set) var count = 0

  init(_ sought: SoughtKey) { self.sought = sought }

  /// Takes the next key: `shared` bytes of the current one, at most `count`, and `unshared` bytes at `source`.
  @inline(__always)
  mutating func advance(shared: Int, unshared: Int, source: UnsafeRawPointer) {
    count = shared &+ unshared
    if shared <= matched {
      let limit = min(sought.count &- shared, unshared)
      let same = CommonPrefix.count(source, sought.start + shared, limit: limit)
      matched = shared &+ same
      if same < unshared { next = source.load(fromByteOffset: same, as: UInt8.self) }
    }
    if matched == sought.count { takeTail(shared: shared, unshared: unshared, source: source) }
  }

  @inline(__always)
  private mutating func takeTail(shared: Int, unshared: Int, source: UnsafeRawPointer) {
    let start = sought.count &- shared
    if start >= 0, unshared &- start >= 8 {
      tail = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: start, as: UInt64.self))
      return
    }
    // What is shared behind the sought key is there already.
    var index = max(-start, 0)
    while index < 8, index < count &- sought.count {
      let byte = UInt64(source.load(fromByteOffset: start &+ index, as: UInt8.self))
      let shift = UInt64(8 * index)
      tail = tail & ~(0xFF << shift) | byte << shift
      index &+= 1
    }
  }

  /// How the user key of the current key stands to the sought one in the order; its last `trailerSize` bytes are not
  /// part of it. 0: the same, and then `tail` is the trailer.
  @inline(__always)
  func comparison(trailerSize: Int) -> Int {
    let userCount = count &- trailerSize
    let result: Int
    if matched == sought.count || userCount <= matched {
      result = userCount &- sought.count
    } else {
      result = next < sought.start.load(fromByteOffset: matched, as: UInt8.self) ? -1 : 1
    }
    return sought.isReversed ? 0 &- result : result
  }
}
