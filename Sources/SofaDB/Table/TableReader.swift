/// An open table: everything but its data is read and checked. Data is read through `TableCursor`s; `file` gives
/// access to the raw blocks. May be shared between threads; cursors may not.
///
/// Opening: footer, metaindex, properties, range deletions, dictionary, index, sequence rule; the filter is read when
/// first asked. A table without properties is LevelDB's.
///
/// Two things can make keys as seen differ from keys as stored. A global sequence number replaces the stored ones;
/// and where timestamps were not persisted, zero timestamps are put back. Everything here speaks of keys as seen
/// unless it says "stored".
public final class TableReader: Sendable {
  public let file: TableFile
  public let metaIndex: MetaIndex
  /// Empty when the table has none.
  public let properties: TableProperties
  public let indexFormat: IndexFormat
  /// The index or its top level.
  public let indexHandle: BlockHandle
  /// Its contents.
  let indexBlock: ByteBuffer
  public let dictionary: CompressionDictionary?
  /// In stored order: possibly unsorted and overlapping.
  public let rangeDeletions: [RangeTombstone]
  /// The order of user keys.
  public let order: KeyOrder
  /// Replaces the sequence numbers of all entries unless it is 0.
  public let globalSequence: SequenceNumber
  /// Zero bytes that were stripped from the end of all user keys.
  let strippedTimestamp: Int
  /// The order of user keys as stored.
  let storedOrder: KeyOrder
  private let loaded = SetOnce<LoadedFilter>()
  private final class Tombstones: Sendable {
    let all: RangeTombstones
    init(_ all: RangeTombstones) { self.all = all }
  }
  private let cachedTombstones = SetOnce<Tombstones>()
  /// Where its blocks are kept between reads.
  let cache: CachedTable?

  /// Reads and checks all but the data.
  ///
  /// - `size`: what the MANIFEST says.
  /// - `order`: the column family's; else the table's own, or bytewise order when it tells none.
  /// - `largestSequence`: what the MANIFEST says, nil when the file is read on its own.
  /// - `blockLimit`: bytes that a block may have after decompression.
  /// - `cache`: keeps blocks that cursors read.
  public convenience init(
    _ file: any RandomAccessFile, size: UInt64? = nil, order: KeyOrder? = nil,
    largestSequence: SequenceNumber? = nil, blockLimit: Int = TableFile.defaultBlockLimit,
    cache: BlockCache? = nil
  ) throws(DatabaseError) {
    try self.init(
      TableFile(file, size: size, blockLimit: blockLimit), order: order, largestSequence: largestSequence,
      cache: cache)
  }

  /// Takes the remaining steps. `onDamage`, when given, is told of damage that leaves the data readable, and opening
  /// goes on without what is damaged: properties, range deletions, the sequence rule. Then `order` and the form of the
  /// index may be wrong, which the reading of data blocks notices.
  public init(
    _ file: TableFile, order: KeyOrder? = nil, largestSequence: SequenceNumber? = nil, cache: BlockCache? = nil,
    onDamage: ((DatabaseError) -> Void)? = nil
  ) throws(DatabaseError) {
    self.file = file
    self.cache = cache.map(CachedTable.init)
    metaIndex = try file.readMetaIndex()
    let metaIndex = metaIndex
    func step<T>(_ fallback: T, _ body: () throws(DatabaseError) -> T) throws(DatabaseError) -> T {
      do throws(DatabaseError) {
        return try body()
      } catch {
        guard let onDamage else { throw error }
        onDamage(error)
        return fallback
      }
    }
    let stated = try step(nil) { () throws(DatabaseError) in try file.readProperties(metaIndex) }
    let properties = stated ?? TableProperties()
    self.properties = properties
    let place = metaIndex.properties ?? file.footer.metaindex
    globalSequence = try step(0) { () throws(DatabaseError) in
      do throws(FormatError) {
        return try GlobalSequence.resolve(properties, largest: largestSequence)
      } catch {
        throw file.corruption(error, .properties, at: place)
      }
    }
    let ownOrder = properties.comparator.map(KeyOrder.init(name:))
    self.order = order ?? ownOrder ?? .bytewise
    let isStripped = self.order.timestampSize > 0 && !properties.timestampsPersisted
    strippedTimestamp = isStripped ? self.order.timestampSize : 0
    storedOrder =
      !isStripped ? self.order : self.order.kind == .bytewiseU64ts ? .bytewise : .reverseBytewise
    let stored = try step([]) { () throws(DatabaseError) in try file.readRangeDeletions(metaIndex) }
    let padding = [UInt8](repeating: 0, count: strippedTimestamp)
    let sequence = globalSequence
    rangeDeletions =
      sequence == 0 && !isStripped
      ? stored
      : stored.map {
        RangeTombstone(
          begin: $0.begin + padding, end: $0.end + padding, sequence: sequence == 0 ? $0.sequence : sequence)
      }
    dictionary = try file.readDictionary(metaIndex)
    indexHandle = try file.indexHandle(metaIndex)
    do throws(FormatError) {
      indexFormat = try IndexFormat(properties)
    } catch {
      throw file.corruption(error, .properties, at: place)
    }
    indexBlock = try file.readBlock(indexHandle, kind: .index)
  }

  public var name: String { file.file.name }
  /// Whether it is one of LevelDB's: the legacy footer and no properties.
  public var isLevelDB: Bool { file.footer.isLegacy && metaIndex.properties == nil }
  /// Whether keys as seen differ from keys as stored.
  var changesKeys: Bool { globalSequence != 0 && !Mutant.globalSequenceIgnored.isOn || strippedTimestamp > 0 }

  // MARK: Data

  /// A cursor that is not positioned yet. `readAhead`: bytes that scans read at once. `usesCache`: takes blocks from
  /// the cache, where the table has one, and keeps there what it reads; not for a scan that nobody will repeat.
  public func cursor(readAhead: Int = TableCursor.defaultReadAhead, usesCache: Bool = true) -> TableCursor {
    TableCursor(self, readAhead: readAhead, usesCache: usesCache)
  }

  /// The first entry at or behind `target`, an internal key, if it is of the same user key (timestamps aside): its
  /// internal key and its value.
  public func get(_ target: UnsafeRawBufferPointer) throws(DatabaseError) -> (key: InternalKey, value: [UInt8])? {
    var cursor = cursor()
    guard try cursor.find(target) else { return nil }
    defer { withExtendedLifetime(cursor) {} }
    do throws(FormatError) {
      return (try InternalKey(bytes: [UInt8](cursor.key)), [UInt8](cursor.value))
    } catch {
      throw DatabaseError(error, file: name)
    }
  }

  /// The payload of an embedded blob record of this table, checked.
  public func embeddedBlob(offset: UInt64, size: UInt64) throws(DatabaseError) -> ByteBuffer {
    try file.readEmbeddedBlob(offset: offset, size: size)
  }

  /// `rangeDeletions` ready for look-ups, as they are stored: they may reach beyond the bounds of the table, where they
  /// do not count. nil when there are none.
  var tombstones: RangeTombstones? {
    guard !rangeDeletions.isEmpty else { return nil }
    defer { withExtendedLifetime(self) {} }
    if let cached = cachedTombstones.value { return cached._withUnsafeGuaranteedRef { $0.all } }
    return cachedTombstones.set(Tombstones(RangeTombstones(rangeDeletions, order: order)))
      ._withUnsafeGuaranteedRef { $0.all }
  }

  // MARK: Filter

  /// The filter, read when first asked; nil when there is none that is understood.
  public func filter() throws(DatabaseError) -> FilterReader? { try withFilter { $0.filter } }

  @inline(__always)
  private func withFilter<Result>(_ body: (LoadedFilter) -> Result) throws(DatabaseError) -> Result {
    defer { withExtendedLifetime(self) {} }
    if let loaded = loaded.value { return loaded._withUnsafeGuaranteedRef(body) }
    return try loadFilter()._withUnsafeGuaranteedRef(body)
  }

  @inline(never)
  private func loadFilter() throws(DatabaseError) -> Unmanaged<LoadedFilter> {
    loaded.set(LoadedFilter(try FilterReader(self)))
  }

  /// Whether an entry of the user key may be in the table. Block-based filters cannot tell and answer yes.
  public func mayContain(_ userKey: UnsafeRawBufferPointer) throws(DatabaseError) -> Bool {
    let answer = try withFilter { loaded -> Bool? in
      guard let full = loaded.full else { return nil }
      guard let question = loaded.keys?.question(userKey) else { return true }
      return full.mayContain(question)
    }
    if let answer { return answer }
    return try filter()?.mayContain(userKey) ?? true
  }
}
