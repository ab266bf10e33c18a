/// Collects one separator and one handle for each data block, and writes them as index blocks once all are known: only
/// then is it certain whether user keys suffice, and whether the index is large enough for two levels.
///
/// Separators are added when a block is cut, handles when it is stored, both in file order.
struct IndexBuilder: ~Copyable {
  private let order: KeyOrder
  private let shortening: TableOptions.IndexShortening
  /// Separators as internal keys, one after the other.
  private var keys = ByteWriter(capacity: 4096)
  private var keyEnds: [Int] = []
  private(set) var handles: [BlockHandle] = []
  /// Whether no two neighbouring blocks share a user key at their boundary.
  private(set) var userKeysSuffice = true

  init(order: KeyOrder, shortening: TableOptions.IndexShortening) {
    self.order = order
    self.shortening = shortening
  }

  /// Data blocks cut so far.
  var count: Int { keyEnds.count }

  /// About the bytes of an index of one level.
  var estimatedSize: Int { keys.count + count * 16 }

  /// Between the last key of a block and the first of the next, both internal keys.
  mutating func addSeparator(_ last: UnsafeRawBufferPointer, before next: UnsafeRawBufferPointer) {
    if userKeysSuffice, order.compare(last.internalKeyUserKey, next.internalKeyUserKey) == 0 {
      userKeysSuffice = false
    }
    if shortening == .none {
      keys.append(last)
    } else {
      Separator.append(between: last, and: next, order: order, into: &keys)
    }
    keyEnds.append(keys.count)
  }

  /// Behind the last key of the table.
  mutating func addLastSeparator(_ last: UnsafeRawBufferPointer) {
    if shortening == .separatorsAndSuccessor {
      Separator.append(after: last, order: order, into: &keys)
    } else {
      keys.append(last)
    }
    keyEnds.append(keys.count)
  }

  mutating func addHandle(_ handle: BlockHandle) { handles.append(handle) }

  /// The separator of a block, as an internal or a user key; valid until the next change.
  func separator(_ block: Int, userKey: Bool) -> UnsafeRawBufferPointer {
    let start = block == 0 ? 0 : keyEnds[block - 1]
    let end = keyEnds[block] - (userKey ? 8 : 0)
    return UnsafeRawBufferPointer(rebasing: keys.bytes[start..<end])
  }

  /// Runs of data blocks whose index entries, or whose keys' filter, take about `size` bytes; at least one block each.
  func partitions(size: Int, filter: borrowing FilterBuilder) -> [Range<Int>] {
    let keys = filter.isActive ? filter.keys(fitting: size) : Int.max
    var partitions: [Range<Int>] = []
    var start = 0
    var bytes = 0
    var firstHash = 0
    for block in 0..<count {
      bytes += separator(block, userKey: false).count + 12
      let hashes = filter.hashCount(blocks: block + 1)
      if bytes >= size || hashes - firstHash >= keys || block == count - 1 {
        partitions.append(start..<(block + 1))
        start = block + 1
        bytes = 0
        firstHash = hashes
      }
    }
    return partitions
  }
}
