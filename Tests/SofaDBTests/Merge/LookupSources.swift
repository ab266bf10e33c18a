import SofaTesting
import Testing

@testable import SofaDB

/// The sources of a family for both ways of reading it: one look-up a key, and the cursor that judges it.
struct LookupSources {
  var order: KeyOrder
  var mergeOperator: MergeOperator?
  /// Newest first.
  var memtables: [Memtable] = []
  var levels: [[TableMetadata]] = []
  var cache: TableCache
  var blobs: BlobStore

  init(
    _ order: KeyOrder, _ mergeOperator: MergeOperator?, in directory: any ReadableDirectory, blocks: BlockCache? = nil
  ) {
    self.order = order
    self.mergeOperator = mergeOperator
    cache = TableCache(directory: directory, pinLimit: 16, blocks: blocks)
    blobs = BlobStore(directory: directory)
  }

  /// What was found: nil for nothing.
  enum Found: Equatable, Sendable {
    case value([UInt8]?)
    /// Merge operands that nobody can combine.
    case unmerged
  }

  /// By both ways to the tables, which must agree.
  func find(_ key: [UInt8], at snapshot: SequenceNumber) throws -> Found {
    let found = try find(key, at: snapshot, map: nil)
    let mapped = try find(key, at: snapshot, map: LevelMap(levels, order: order, cache: cache))
    if mapped != found { Issue.record("\(key) at \(snapshot): \(found), but \(mapped) by the map") }
    return found
  }

  private func find(_ key: [UInt8], at snapshot: SequenceNumber, map: LevelMap?) throws -> Found {
    let bytes = ByteBuffer(key)
    defer { withExtendedLifetime(bytes) {} }
    var lookup = PointLookup(
      userKey: bytes.bytes, snapshot: snapshot, order: order, mergeOperator: mergeOperator, blobs: blobs)
    do throws(DatabaseError) {
      for memtable in memtables where try lookup.look(in: memtable) { break }
      if let map { try lookup.look(in: map) } else { try lookup.look(in: levels, cache: cache) }
      return try lookup.withValue { .value($0.map { [UInt8]($0) }) }
    } catch {
      guard error.kind == .unsupported, error.detail.contains("merge operator") else { throw error }
      return .unmerged
    }
  }

  func newestSequence(_ key: [UInt8]) throws -> SequenceNumber {
    let bytes = ByteBuffer(key)
    defer { withExtendedLifetime(bytes) {} }
    var newest = NewestSequence(of: bytes.bytes, order: order)
    for memtable in memtables where newest.look(in: memtable) { return newest.sequence }
    var mapped = newest
    try newest.look(in: levels, cache: cache)
    try mapped.look(in: LevelMap(levels, order: order, cache: cache))
    #expect(mapped.sequence == newest.sequence)
    return newest.sequence
  }

  /// Everything that the cursor shows at a snapshot.
  func view(at snapshot: SequenceNumber) throws -> [[UInt8]: Found] {
    var sources: [EntrySource] = []
    var tombstones: [RangeTombstone] = []
    for memtable in memtables {
      let entries = SortedEntries()
      var cursor = memtable.cursor()
      cursor.seekToFirst()
      while cursor.isValid {
        let trailer = cursor.key.internalKeyTrailer
        entries.add(
          userKey: cursor.key.internalKeyUserKey, sequence: trailer >> 8,
          kind: EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer))!, value: cursor.value)
        cursor.next()
      }
      entries.seal(order: order)
      sources.append(EntrySource(entries, order: order))
      var deletions = memtable.rangeDeletions()
      deletions.seekToFirst()
      while deletions.isValid {
        let key = InternalKey(borrowed: deletions.key)
        tombstones.append(RangeTombstone(begin: key.userKey, end: [UInt8](deletions.value), sequence: key.sequence))
        deletions.next()
      }
    }
    for table in levels.joined() {
      let reader = try cache.reader(table, order: order)
      tombstones += reader.rangeDeletions.compactMap { table.clip($0, order: order) }
      let run = TableRun([table], cache: cache, order: order, damage: nil)
      sources.append(EntrySource(run, order: order))
    }
    var cursor = VisibleCursor(
      MergingCursor(sources, order: order), order: order, snapshot: snapshot,
      tombstones: RangeTombstones(tombstones, order: order, snapshot: snapshot), mergeOperator: mergeOperator,
      blobs: blobs, start: nil, end: nil)
    var view: [[UInt8]: Found] = [:]
    try cursor.seekToFirst()
    while cursor.isValid {
      view[[UInt8](cursor.userKey)] = cursor.content == .operands ? .unmerged : .value([UInt8](cursor.value))
      try cursor.next()
    }
    return view
  }
}
