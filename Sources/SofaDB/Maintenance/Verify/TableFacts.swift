/// What a full read of a table counted and saw, to be held against its properties and the MANIFEST.
public struct TableFacts: Sendable, Equatable {
  public var entries: UInt64 = 0
  public var deletions: UInt64 = 0
  public var mergeOperands: UInt64 = 0
  public var rangeDeletions: UInt64 = 0
  public var rawKeyBytes: UInt64 = 0
  public var rawValueBytes: UInt64 = 0
  public var dataBlocks: UInt64 = 0
  /// With the sequence numbers that readers see.
  public var smallestSequence: SequenceNumber = .max
  public var largestSequence: SequenceNumber = 0
  /// First and last internal key, widened by range tombstones, with the sequence numbers that readers see.
  public var smallest: InternalKey?
  public var largest: InternalKey?
  /// The same of the entries alone.
  public var smallestPoint: InternalKey?
  public var largestPoint: InternalKey?
  /// Values in each blob file that entries refer to.
  public var blobReferences: [UInt64: UInt64] = [:]
  /// What those references say of its compression.
  public var blobCompressions: [UInt64: Set<UInt8>] = [:]

  public init() {}

  mutating func add(_ tombstone: RangeTombstone, order: KeyOrder) {
    rangeDeletions += 1
    entries += 1
    deletions += 1
    rawKeyBytes += UInt64(tombstone.begin.count + 8)
    rawValueBytes += UInt64(tombstone.end.count)
    smallestSequence = min(smallestSequence, tombstone.sequence)
    largestSequence = max(largestSequence, tombstone.sequence)
    widen(InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: .rangeDeletion), order)
    widen(InternalKey(rangeDeletionEnd: tombstone.end), order)
  }

  mutating func widen(_ key: InternalKey, _ order: KeyOrder) {
    if smallest.map({ order.compare(key, $0) < 0 }) ?? true { smallest = key }
    if largest.map({ order.compare(key, $0) > 0 }) ?? true { largest = key }
  }

  /// What the properties say otherwise. Counts that RocksDB itself leaves at 0 are not held against it.
  func differences(from properties: TableProperties) -> [(name: String, stored: UInt64, counted: UInt64)] {
    var pairs: [(PropertyName, UInt64, UInt64)] = [
      (.entryCount, properties.entryCount, entries),
      (.rangeDeletionCount, properties.rangeDeletionCount, rangeDeletions),
      (.deletionCount, properties.deletionCount, deletions),
      (.mergeOperandCount, properties.mergeOperandCount, mergeOperands),
      (.rawKeySize, properties.rawKeySize, rawKeyBytes),
      (.rawValueSize, properties.rawValueSize, rawValueBytes),
    ]
    if properties.dataBlockCount != 0 { pairs.append((.dataBlockCount, properties.dataBlockCount, dataBlocks)) }
    return pairs.filter { properties[$0.0] != nil && $0.1 != $0.2 }.map { ($0.0.rawValue, $0.1, $0.2) }
  }
}

extension TableMetadata {
  /// Where the MANIFEST's record of a table is not what a full read of it saw. `order` is that of the stored keys,
  /// `tombstones` are those of the table.
  func differences(
    from facts: TableFacts, tombstones: [RangeTombstone], order: KeyOrder
  ) -> [(code: FindingCode, detail: String)] {
    var result: [(FindingCode, String)] = []
    let (first, last) = (stored(smallest), stored(largest))
    if let found = facts.smallest, !sameUserKey(first, found, order),
      !cuts(tombstones, at: first, beside: facts.smallestPoint, isEnd: false, order)
    {
      result.append((.manifestBounds, "the MANIFEST's smallest key is not the table's"))
    }
    if let found = facts.largest, !sameUserKey(last, found, order),
      !cuts(tombstones, at: last, beside: facts.largestPoint, isEnd: true, order)
    {
      result.append((.manifestBounds, "the MANIFEST's largest key is not the table's"))
    }
    guard hasSequences, facts.entries > 0 else { return result }
    if facts.smallestSequence < smallestSequence || facts.largestSequence > largestSequence {
      result.append((.manifestSequence, "sequence numbers of the table lie outside those in the MANIFEST"))
    }
    return result
  }

  /// Bounds are compared by user key: engines rewrite the sequence number and kind in them.
  private func sameUserKey(_ a: InternalKey, _ b: InternalKey, _ order: KeyOrder) -> Bool {
    order.compare(a.userKey, b.userKey) == 0
  }

  /// Whether the bound lies where a compaction ended one output and began the next within a range tombstone. RocksDB
  /// writes the tombstone whole into both and cuts the bounds: to the first or last entry, to the start of a
  /// sub-compaction, or to the first key of the next output. Source: `CompactionOutputs::AddRangeDels`.
  private func cuts(
    _ tombstones: [RangeTombstone], at bound: InternalKey, beside point: InternalKey?, isEnd: Bool, _ order: KeyOrder
  ) -> Bool {
    if let point {
      let distance = TableMetadata.compare(bound.userKey, point.userKey, order)
      if isEnd ? distance < 0 : distance > 0 { return false }
      if distance != 0, bound.kind != EntryKind.rangeDeletion.rawValue { return false }
    } else if bound.kind != EntryKind.rangeDeletion.rawValue {
      return false
    }
    return tombstones.contains { tombstone in
      let end = TableMetadata.compare(bound.userKey, tombstone.end, order)
      return TableMetadata.compare(tombstone.begin, bound.userKey, order) <= 0 && (isEnd ? end <= 0 : end < 0)
    }
  }

  /// By user keys without timestamps.
  private static func compare(_ a: [UInt8], _ b: [UInt8], _ order: KeyOrder) -> Int {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(a), order.withoutTimestamp($0)) }
    }
  }
}
