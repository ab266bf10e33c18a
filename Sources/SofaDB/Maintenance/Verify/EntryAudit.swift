internal import Glibc

/// Checks the entries of a table's data blocks in turn: order, kinds, sequence numbers, filter, hash index, separators;
/// and counts them.
///
/// A finding stops the check of its block, not of the table. Used by one thread.
struct EntryAudit: ~Copyable {
  private let order: KeyOrder
  private let checksOrder: Bool
  /// What readers take every sequence number for; nil when entries carry their own.
  private let globalSequence: SequenceNumber?
  private let separatorsAreUserKeys: Bool
  private var filter: FilterAudit
  private var cursor = BlockCursor()
  private(set) var facts = TableFacts()
  private var previous = ByteWriter()
  private var hasPrevious = false
  private var first: [UInt8]?
  /// Payloads in the table itself that entries refer to.
  private(set) var embeddedBlobs: [BlockHandle] = []

  /// What is wrong with a block, without its place.
  struct Flaw {
    var code: FindingCode
    var detail: String
    var entry: Int?
  }

  init(order: KeyOrder?, globalSequence: SequenceNumber?, separatorsAreUserKeys: Bool, filter: FilterAudit) {
    self.order = order ?? .bytewise
    checksOrder = order != nil
    self.globalSequence = globalSequence
    self.separatorsAreUserKeys = separatorsAreUserKeys
    self.filter = filter
  }

  /// Checks one decompressed data block.
  mutating func check(_ block: UnsafeRawBufferPointer, offset: UInt64, _ bounds: IndexBounds) -> Flaw? {
    facts.dataBlocks += 1
    do throws(FormatError) {
      try cursor.load(block)
      var isFirst = true
      var restarts = 0
      while try cursor.next() {
        try cursor.checkRestart(&restarts)
        if let flaw = checkEntry(offset) { return flaw }
        if isFirst {
          isFirst = false
          if let flaw = checkStart(bounds) { return flaw }
        }
      }
      try cursor.checkLastRestart(restarts)
      if !isFirst, let flaw = checkEnd(bounds) { return flaw }
      if let index = DataBlockHashIndex(cursor) { try index.check(&cursor) }
      return nil
    } catch {
      return Flaw(code: .blockDecode, detail: "\(error)", entry: error.offset)
    }
  }

  /// The cursor is at the first key of its block.
  private func checkStart(_ bounds: IndexBounds) -> Flaw? {
    // Its bytes: readers give it out in the place of the key.
    if let firstKey = bounds.firstKey, !firstKey.elementsEqual(cursor.key) {
      return Flaw(code: .tableSeparator, detail: "its first key is not the one that the index tells")
    }
    guard checksOrder else { return nil }
    if let separator = bounds.separatorBefore, compare(separator, cursor.key) >= 0 {
      return Flaw(code: .tableSeparator, detail: "its first key is not after the index entry before it")
    }
    if let separator = bounds.partitionBefore, compare(separator, cursor.key) >= 0 {
      return Flaw(
        code: .tableSeparator, detail: "its first key is not after the top-level index entry of the partition before")
    }
    return nil
  }

  /// `previous` is the last key of its block.
  private func checkEnd(_ bounds: IndexBounds) -> Flaw? {
    guard checksOrder else { return nil }
    if let separator = bounds.separator, compare(separator, previous.bytes) < 0 {
      return Flaw(code: .tableSeparator, detail: "its last key is after its index entry")
    }
    if let separator = bounds.partition, compare(separator, previous.bytes) < 0 {
      return Flaw(
        code: .tableSeparator, detail: "its last key is after the top-level index entry of its partition")
    }
    return nil
  }

  /// Separators may be user keys or internal keys.
  private func compare(_ separator: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer) -> Int {
    if separatorsAreUserKeys {
      // A user-key separator stands behind every version of its key.
      let result = order.compare(separator, key.internalKeyUserKey)
      return result
    }
    return separator.count >= 8 ? order.compareInternal(separator, key) : -1
  }

  @inline(__always)
  private mutating func checkEntry(_ offset: UInt64) -> Flaw? {
    let key = cursor.key
    guard key.count >= 8 else { return Flaw(code: .blockDecode, detail: "a key shorter than 8 bytes") }
    let trailer = key.internalKeyTrailer
    guard let kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer)), kind != .rangeDeletion else {
      return Flaw(code: .blockDecode, detail: "an entry of unknown kind \(trailer & 0xFF)", entry: cursor.entryOffset)
    }
    if hasPrevious {
      if checksOrder, order.compareInternal(previous.bytes, key) >= 0 {
        return Flaw(code: .tableOrder, detail: "a key is not after the key before it", entry: cursor.entryOffset)
      }
    } else {
      first = [UInt8](key)
      hasPrevious = true
    }
    if let flaw = count(kind, trailer >> 8) { return flaw }
    previous.removeAll()
    previous.append(key)
    if !filter.admits(key, blockOffset: offset) {
      return Flaw(
        code: .tableFilterFalseNegative, detail: "the filter does not admit a key of this block",
        entry: cursor.entryOffset)
    }
    return nil
  }

  @inline(__always)
  private mutating func count(_ kind: EntryKind, _ stored: SequenceNumber) -> Flaw? {
    facts.entries += 1
    facts.rawKeyBytes += UInt64(cursor.key.count)
    facts.rawValueBytes += UInt64(cursor.value.count)
    if globalSequence != nil, stored != 0 {
      return Flaw(code: .levelSequence, detail: "an external table with a sequence number of its own")
    }
    let sequence = globalSequence ?? stored
    facts.smallestSequence = min(facts.smallestSequence, sequence)
    facts.largestSequence = max(facts.largestSequence, sequence)
    if kind == .value { return nil }
    if kind.isPointTombstone {
      facts.deletions += 1
    } else if kind == .merge {
      facts.mergeOperands += 1
    } else if kind == .blobIndex {
      return countBlob(cursor.value)
    } else if kind == .wideColumnEntity {
      return countColumns()
    }
    return nil
  }

  private mutating func countBlob(_ reference: UnsafeRawBufferPointer) -> Flaw? {
    do throws(FormatError) {
      guard case .stored(let file, let offset, let size, let compression) = try BlobIndex(reference) else { return nil }
      if file == 0 {
        embeddedBlobs.append(BlockHandle(offset: offset, size: size))
      } else {
        facts.blobReferences[file, default: 0] += 1
        facts.blobCompressions[file, default: []].insert(compression)
      }
      return nil
    } catch {
      return Flaw(code: .blobReference, detail: "\(error.reason)", entry: cursor.entryOffset)
    }
  }

  private mutating func countColumns() -> Flaw? {
    do throws(FormatError) {
      for column in try WideColumnEntity(cursor.value).columns where column.isBlobReference {
        let reference = ByteBuffer(column.value)
        if let flaw = countBlob(reference.bytes) { return flaw }
      }
      return nil
    } catch {
      return Flaw(code: .blockDecode, detail: "\(error.reason)", entry: cursor.entryOffset)
    }
  }

  /// What was wrong with the filter itself.
  var filterProblems: [TableMap.Problem] { filter.problems }

  /// Bounds of the points, to be called at the end.
  mutating func finish(_ tombstones: [RangeTombstone]) {
    if let first, hasPrevious {
      facts.smallest = seen(first)
      facts.largest = seen(previous.array)
      (facts.smallestPoint, facts.largestPoint) = (facts.smallest, facts.largest)
    }
    for tombstone in tombstones {
      var tombstone = tombstone
      tombstone.sequence = globalSequence ?? tombstone.sequence
      facts.add(tombstone, order: order)
    }
  }

  /// An internal key as readers see it.
  private func seen(_ stored: [UInt8]) -> InternalKey {
    let trailer = stored.withUnsafeBytes { $0.internalKeyTrailer }
    return InternalKey(
      userKey: Array(stored.dropLast(8)), sequence: globalSequence ?? (trailer >> 8),
      kind: UInt8(truncatingIfNeeded: trailer))
  }
}
