internal import Glibc

/// Builds one block of a table: entries with shared key prefixes, then restart points.
///
///     entry    = varint32 shared, varint32 unshared, [varint32 value length], unshared key bytes, value
///     contents = entries, fixed32 restart offset[m], [hash index], fixed32 m | flags
///
/// The value length is left out of index entries whose values delimit themselves. At a restart point `shared` is 0.
/// Keys must come in ascending order; nobody checks it here. One builder is reused for many blocks: `removeAll` keeps
/// its memory.
struct BlockBuilder: ~Copyable {
  private var body: ByteWriter
  private var restarts: ByteWriter
  private let restartInterval: Int
  private var sinceRestart = 0
  private var lastKey: ByteWriter
  private var hashIndex = DataBlockHashIndexBuilder()
  private let isHashed: Bool
  /// Entries added since the last `removeAll`.
  private(set) var entryCount = 0

  /// - Parameters:
  ///   - restartInterval: entries from one restart point to the next; `Int.max` for one restart point only.
  ///   - hashed: whether a hash index is added (data blocks only: the keys are internal keys).
  init(restartInterval: Int, hashed: Bool = false, capacity: Int = 256) {
    self.restartInterval = max(restartInterval, 1)
    body = ByteWriter(capacity: capacity)
    restarts = ByteWriter(capacity: 64)
    lastKey = ByteWriter(capacity: 64)
    isHashed = hashed
    restarts.appendFixed32(0)
  }

  @inline(__always) var isEmpty: Bool { entryCount == 0 }

  /// Whether the next entry stores its whole key.
  @inline(__always) var isAtRestart: Bool { entryCount == 0 || sinceRestart >= restartInterval }

  /// Bytes of the block if it were finished now.
  @inline(__always) var size: Int {
    body.count + restarts.count + 4 + (isHashed ? hashIndex.size : 0)
  }

  /// About what `size` would be after one more entry: the estimate of RocksDB, so that blocks are cut where it would.
  @inline(__always)
  func size(addingKey keyLength: Int, value valueLength: Int) -> Int {
    size + keyLength + valueLength + (sinceRestart >= restartInterval ? 4 : 0)
      + 4 + Varint.length(UInt64(keyLength)) + Varint.length(UInt64(valueLength))
  }

  /// Adds an entry whose key shares `shared` bytes with the key before; the caller keeps that key.
  @inline(__always)
  mutating func add(_ key: UnsafeRawBufferPointer, shared: Int, value: UnsafeRawBufferPointer) {
    let shared = startEntry(shared)
    if isHashed { hashIndex.add(key.internalKeyUserKey, restart: restarts.count / 4 - 1) }
    let unshared = key.count - shared
    let start = body.reserve(15 + unshared + value.count)
    var place = start
    if shared | unshared | value.count < 0x80 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: shared), as: UInt8.self)
      place.storeBytes(of: UInt8(truncatingIfNeeded: unshared), toByteOffset: 1, as: UInt8.self)
      place.storeBytes(of: UInt8(truncatingIfNeeded: value.count), toByteOffset: 2, as: UInt8.self)
      place += 3
    } else {
      place = BlockBuilder.storeVarint(shared, at: place)
      place = BlockBuilder.storeVarint(unshared, at: place)
      place = BlockBuilder.storeVarint(value.count, at: place)
    }
    if unshared > 0 { memcpy(place, key.baseAddress! + shared, unshared) }
    place += unshared
    if value.count > 0 { memcpy(place, value.baseAddress!, value.count) }
    body.commit(place + value.count - start)
  }

  /// Adds an entry of an index block whose value delimits itself: no value length is stored.
  mutating func addUndelimited(_ key: UnsafeRawBufferPointer, shared: Int, value: UnsafeRawBufferPointer) {
    let shared = startEntry(shared)
    body.appendVarint(shared)
    body.appendVarint(key.count - shared)
    body.append(UnsafeRawBufferPointer(rebasing: key[shared...]))
    body.append(value)
  }

  /// Adds an entry after comparing with the key before, which this builder keeps: for blocks of few entries.
  mutating func add(_ key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let shared = isAtRestart ? 0 : CommonPrefix.count(lastKey.bytes, key)
    add(key, shared: shared, value: value)
    lastKey.truncate(to: shared)
    lastKey.append(UnsafeRawBufferPointer(rebasing: key[shared...]))
  }

  /// Counts an entry; returns what of the prefix may be shared.
  @inline(__always)
  private mutating func startEntry(_ shared: Int) -> Int {
    defer { entryCount += 1 }
    if entryCount == 0 {
      sinceRestart = 1
      return 0
    }
    if sinceRestart >= restartInterval {
      restarts.appendFixed32(UInt32(truncatingIfNeeded: body.count))
      sinceRestart = 1
      return 0
    }
    sinceRestart += 1
    return shared
  }

  /// Appends restart points and the optional hash index. The bytes stay valid until `removeAll`. `flags` go into the
  /// last word.
  mutating func finish(flags: UInt32 = 0) -> UnsafeRawBufferPointer {
    var flags = flags
    let hashed = isHashed && hashIndex.isUsable && size <= DataBlockHashIndexBuilder.maximumBlockSize
    body.append(restarts.bytes)
    if hashed {
      hashIndex.finish(into: &body)
      flags |= BlockFlags.hashIndex
    }
    body.appendFixed32(UInt32(truncatingIfNeeded: restarts.count / 4) | flags)
    return body.bytes
  }

  mutating func removeAll() {
    body.removeAll()
    restarts.truncate(to: 4)
    lastKey.removeAll()
    sinceRestart = 0
    entryCount = 0
    hashIndex.removeAll()
  }

  @inline(__always)
  private static func storeVarint(_ value: Int, at place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    var left = UInt(bitPattern: value)
    var place = place
    while left >= 0x80 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: left) | 0x80, as: UInt8.self)
      left >>= 7
      place += 1
    }
    place.storeBytes(of: UInt8(truncatingIfNeeded: left), as: UInt8.self)
    return place + 1
  }
}
