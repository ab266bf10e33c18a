/// What can be had of one damaged table: which of its blocks are good, what was mended in a copy, what is lost. A
/// value; nothing is written before `write` is called.
struct TableRescue: Sendable {
  enum Verdict: Sendable, Equatable {
    /// With the patches every byte that matters is as it was written: the copy has the same blocks.
    case mended
    /// A new table takes the good entries, all of them when `losses` is empty.
    case salvaged
    /// Nothing can be read.
    case lost
    /// Why it is left as it is: a feature that cannot be read or written.
    case refused(String)
  }

  /// In its directory.
  let name: String
  var verdict = Verdict.lost
  /// The file with its patches; nil when not even a guess at the footer leads anywhere.
  var table: TableFile?
  var patches: [BytePatch] = []
  /// Good data blocks, in key order.
  var blocks: [BlockHandle] = []
  var dictionary: CompressionDictionary?
  /// As readers see them.
  var tombstones: [RangeTombstone] = []
  /// nil where there are none or they are lost.
  var properties: TableProperties?
  /// Of user keys as readers see them.
  var order = KeyOrder.bytewise
  /// Replaces every stored sequence number unless it is 0.
  var globalSequence: SequenceNumber = 0
  /// Zero bytes that readers put behind every stored user key.
  var strippedTimestamp = 0
  /// Without properties by right.
  var isLevelDB = false
  var hasEmbeddedBlobs = false
  /// Of LevelDB's tables, which have no properties to tell.
  var hasFilter = false
  var usesSnappy = false

  /// Bounds and numbers of what is kept, as readers see them.
  var smallest: InternalKey?
  var largest: InternalKey?
  var smallestSequence = SequenceNumber.max
  var largestSequence: SequenceNumber = 0
  /// Point entries.
  var entries: UInt64 = 0
  var blobFiles: Set<UInt64> = []

  var losses: [RepairLoss] = []
  /// What was found and mended, in words without keys.
  var remarks: [String] = []

  init(name: String) { self.name = name }

  /// The order of user keys as stored.
  var storedOrder: KeyOrder {
    strippedTimestamp == 0 ? order : order.kind == .bytewiseU64ts ? .bytewise : .reverseBytewise
  }

  /// A stored internal key as readers see it.
  func seen(_ stored: [UInt8]) -> InternalKey {
    let trailer = stored.withUnsafeBytes { $0.internalKeyTrailer }
    return InternalKey(
      userKey: Array(stored.dropLast(8)) + [UInt8](repeating: 0, count: strippedTimestamp),
      sequence: globalSequence == 0 ? trailer >> 8 : globalSequence, kind: UInt8(truncatingIfNeeded: trailer))
  }

  mutating func take(_ block: DataBlockEntries, at handle: BlockHandle) {
    blocks.append(handle)
    entries += UInt64(block.count)
    if smallest == nil { smallest = seen(block.first) }
    largest = seen(block.last)
    smallestSequence = min(smallestSequence, globalSequence == 0 ? block.smallestSequence : globalSequence)
    largestSequence = max(largestSequence, globalSequence == 0 ? block.largestSequence : globalSequence)
    blobFiles.formUnion(block.blobFiles)
  }

  /// Widens the bounds by the tombstones; call once, behind the last block.
  mutating func includeTombstones() {
    for tombstone in tombstones {
      let begin = InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: .rangeDeletion)
      let end = InternalKey(rangeDeletionEnd: tombstone.end)
      if smallest.map({ order.compare(begin, $0) < 0 }) ?? true { smallest = begin }
      if largest.map({ order.compare(end, $0) > 0 }) ?? true { largest = end }
      smallestSequence = min(smallestSequence, tombstone.sequence)
      largestSequence = max(largestSequence, tombstone.sequence)
    }
  }
}
