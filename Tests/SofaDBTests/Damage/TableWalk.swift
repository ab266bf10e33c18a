import SofaTesting

@testable import SofaDB

/// Everything that readers get from a table: its entries in order, each found again by its key, by way of every level
/// of the index, of the filter and of hash indexes.
struct TableWalk: Equatable {
  struct Entry: Equatable {
    var key: [UInt8]
    var value: [UInt8]
    var block: BlockHandle
  }

  private(set) var entries: [Entry] = []
  let tombstones: [RangeTombstone]
  /// Whether the sums of all lengths are written down in the table.
  private let knowsLengths: Bool
  /// Blocks whose entries lie open in the file.
  private var rawBlocks: Set<BlockHandle> = []

  static func == (one: TableWalk, two: TableWalk) -> Bool {
    one.entries == two.entries && one.tombstones == two.tombstones
  }

  /// Throws where an entry is out of order or is not found.
  init(_ table: TableReader) throws(DatabaseError) {
    tombstones = table.rangeDeletions
    knowsLengths = table.properties[.rawKeySize] != nil && table.properties[.rawValueSize] != nil
    var cursor = table.cursor(readAhead: 4096)
    var finder = table.cursor(readAhead: 4096)
    let filter = try table.filter()
    try cursor.seekToFirst()
    while cursor.isValid {
      let entry = Entry(key: [UInt8](cursor.key), value: [UInt8](cursor.value), block: cursor.blockHandle)
      func failure(_ detail: String) -> DatabaseError {
        DatabaseError(.corruption, file: table.name, offset: entry.block.offset, detail)
      }
      let bytes = ByteBuffer(entry.key)
      defer { withExtendedLifetime(bytes) {} }
      if table.order.isKnown {
        if let last = entries.last {
          let comparison = last.key.withUnsafeBytes { table.order.compareInternal($0, bytes.bytes) }
          guard comparison < 0 else { throw failure("out of order") }
        }
        guard try finder.find(bytes.bytes), finder.key.elementsEqual(entry.key) else {
          throw failure("there and not found")
        }
        if let filter, filter.isBlockBased {
          var probe = FilterProbe(filter)
          let mayBe = try probe.mayContain(bytes.bytes.internalKeyUserKey, blockOffset: entry.block.offset)
          guard mayBe else { throw failure("there and not in the filter") }
        }
      }
      if entries.last?.block != entry.block {
        let stored = try table.file.readStored(entry.block, kind: .data)
        if stored.trailer.compressionByte == 0 { rawBlocks.insert(entry.block) }
      }
      entries.append(entry)
      try cursor.next()
    }
  }

  /// Whether `other` is this table but for what a flipped bit of content may change. Only entries of `block` differ, or
  /// of any block where the bit was in a dictionary or in range deletions. There are as many entries, and their lengths
  /// are the same in sum. Where a block is stored raw it is one bit of one value, or one bit of a key and of those
  /// behind it that share the byte; of a tombstone it is one bit.
  func admits(_ other: TableWalk, flippedIn block: BlockHandle?) -> Bool {
    guard entries.count == other.entries.count, tombstones.count == other.tombstones.count else { return false }
    let changed = zip(entries, other.entries).filter { $0 != $1 }
    let changedTombstones = zip(tombstones, other.tombstones).filter { $0 != $1 }
    guard changedTombstones.count <= 1, changed.isEmpty || changedTombstones.isEmpty else { return false }
    for (one, two) in changedTombstones where TableWalk.flippedBits(one, two) != 1 { return false }
    if let block, changed.contains(where: { $0.0.block != block || $0.1.block != block }) { return false }
    // Nothing in LevelDB's tables speaks of lengths.
    guard knowsLengths else { return true }
    guard let block, rawBlocks.contains(block) else {
      func length(_ entries: [Entry]) -> [Int] {
        entries.reduce([0, 0]) { [$0[0] + $1.key.count, $0[1] + $1.value.count] }
      }
      return length(entries) == length(other.entries)
    }
    let values = changed.filter { $0.value != $1.value }
    let keys = changed.filter { $0.key != $1.key }
    if keys.isEmpty { return values.count == 1 && TableWalk.flips(values[0].0.value, values[0].1.value)?.count == 1 }
    let places = keys.map { TableWalk.flips($0.key, $1.key) }
    return values.isEmpty && places[0]?.count == 1 && places.allSatisfy { $0 == places[0] }
  }

  /// The places of all bits that differ; nil for different lengths.
  private static func flips(_ one: [UInt8], _ two: [UInt8]) -> [Int]? {
    guard one.count == two.count else { return nil }
    return one.indices.flatMap { index in
      (0..<8).filter { (one[index] ^ two[index]) >> UInt8($0) & 1 == 1 }.map { index * 8 + $0 }
    }
  }

  private static func flippedBits(_ one: RangeTombstone, _ two: RangeTombstone) -> Int {
    let keys = [flips(one.begin, two.begin), flips(one.end, two.end)].map { $0?.count ?? .max / 4 }
    return keys[0] + keys[1] + (one.sequence ^ two.sequence).nonzeroBitCount
  }
}
