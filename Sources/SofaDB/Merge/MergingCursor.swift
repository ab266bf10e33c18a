/// All versions of all keys of several sorted inputs, in internal-key order.
///
/// A binary heap of (8-byte key prefix, input) pairs; whole keys are compared only where prefixes tie. Inputs are
/// given newest first, which decides between equal internal keys. One thread at a time.
public struct MergingCursor: ~Copyable {
  private struct Head {
    var prefix: UInt64
    var source: Int
  }

  private let order: KeyOrder
  private let sources: UnsafeMutableBufferPointer<EntrySource>
  private let heap: UnsafeMutableBufferPointer<Head>
  private var alive = 0

  init(_ inputs: [EntrySource], order: KeyOrder) {
    self.order = order
    sources = .allocate(capacity: inputs.count)
    _ = sources.initialize(from: inputs)
    heap = .allocate(capacity: inputs.count)
  }

  deinit {
    sources.deinitialize()
    sources.deallocate()
    heap.deallocate()
  }

  @inline(__always) public var isValid: Bool { alive > 0 }
  /// The current internal key; borrowed until the next step. Only while `isValid`.
  @inline(__always) public var key: UnsafeRawBufferPointer { sources[heap[0].source].key }
  @inline(__always) public var value: UnsafeRawBufferPointer { sources[heap[0].source].value }
  /// The place of the current entry's input in the list that was given.
  @inline(__always) var source: Int { heap[0].source }
  /// Which table of its input's run the current entry comes from.
  @inline(__always) var tableIndex: Int { sources[heap[0].source].tableIndex }
  /// The table of the current entry; nil when it comes from a log.
  public var table: TableReader? { sources[heap[0].source].table }

  public mutating func seekToFirst() throws(DatabaseError) {
    for index in sources.indices { try sources[index].seekToFirst() }
    build()
  }

  /// To the first entry at or after `internalKey`.
  public mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    for index in sources.indices { try sources[index].seek(internalKey) }
    build()
  }

  @inline(__always)
  public mutating func next() throws(DatabaseError) {
    let top = heap[0].source
    try sources[top].next()
    if sources[top].isValid {
      if alive == 1 { return }
      heap[0].prefix = prefix(of: sources[top].key)
    } else {
      alive -= 1
      if alive == 0 { return }
      heap[0] = heap[alive]
    }
    sink(0)
  }

  private mutating func build() {
    alive = 0
    for index in sources.indices where sources[index].isValid {
      heap[alive] = Head(prefix: prefix(of: sources[index].key), source: index)
      alive += 1
    }
    for parent in stride(from: alive / 2 - 1, through: 0, by: -1) { sink(parent) }
  }

  @inline(__always)
  private func sink(_ start: Int) {
    var parent = start
    let item = heap[parent]
    while true {
      var child = 2 * parent + 1
      if child >= alive { break }
      if child + 1 < alive, precedes(heap[child + 1], heap[child]) { child += 1 }
      if !precedes(heap[child], item) { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = item
  }

  @inline(__always)
  private func precedes(_ a: Head, _ b: Head) -> Bool {
    if a.prefix != b.prefix { return a.prefix < b.prefix }
    let result = order.compareInternal(sources[a.source].key, sources[b.source].key)
    return result == 0 ? a.source < b.source : result < 0
  }

  /// The first eight bytes as a number that sorts like the key; ties decide nothing.
  @inline(__always)
  private func prefix(of key: UnsafeRawBufferPointer) -> UInt64 {
    let userKey = order.withoutTimestamp(key.internalKeyUserKey)
    var result: UInt64 = 0
    if userKey.count >= 8 {
      result = UInt64(bigEndian: userKey.loadUnaligned(as: UInt64.self))
    } else {
      for byte in userKey { result = result << 8 | UInt64(byte) }
      result <<= UInt64(8 * (8 - userKey.count))
    }
    return order.kind == .reverseBytewise || order.kind == .reverseBytewiseU64ts ? ~result : result
  }
}
