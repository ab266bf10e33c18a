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
  /// Where the MANIFEST's record of a table is not what a full read of it saw. `order` is that of the stored keys.
  func differences(from facts: TableFacts, order: KeyOrder) -> [(code: FindingCode, detail: String)] {
    var result: [(FindingCode, String)] = []
    if let smallest = facts.smallest, !sameUserKey(stored(self.smallest), smallest, order) {
      result.append((.manifestBounds, "the MANIFEST's smallest key is not the table's"))
    }
    if let largest = facts.largest, !sameUserKey(stored(self.largest), largest, order) {
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
}
