/// Writes ascending rows of one family to tables, and begins a new table whenever one has reached its size.
///
/// Range tombstones of the family are cut to the keys between the first key of a table and the first key of the next,
/// so that tables of one level do not overlap; the first and the last table of the series reach to the series' bounds.
struct TableSeries: ~Copyable {
  struct Target: Sendable {
    let directory: any Directory
    /// nil: files are synced and closed right away.
    let closer: TableCloser?
    let options: TableOptions
    /// Bytes of a file after which the next one begins.
    let fileSize: UInt64
  }

  /// Keys between two looks at the size of the file.
  private static let keysPerLook = 64

  private let target: Target
  private let family: Int
  /// Among the series of a load.
  private let place: Int
  private let tombstones: [RangeTombstone]
  /// Keys of the series are at least this; nil for no bound.
  private var lowerBound: [UInt8]?
  private let upperBound: [UInt8]?
  private var writer: TableWriter?
  /// Of the writer, if one is open.
  private var state: UnsafeMutablePointer<TableState>?
  private var name = ""
  private var keysUntilLook = TableSeries.keysPerLook
  private(set) var tables: [LoadedTable] = []

  init(
    target: Target, family: Int, place: Int, tombstones: [RangeTombstone] = [], lowerBound: [UInt8]? = nil,
    upperBound: [UInt8]? = nil
  ) {
    self.target = target
    self.family = family
    self.place = place
    self.tombstones = tombstones
    self.lowerBound = lowerBound
    self.upperBound = upperBound
  }

  deinit { writer?.abandon() }

  /// Called before the first entry of each user key: the only place where a table may end.
  @inline(__always)
  mutating func beginKey(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    keysUntilLook &-= 1
    if keysUntilLook == 0 { try look(key) }
  }

  @inline(never)
  private mutating func look(_ key: UnsafeRawBufferPointer) throws(DatabaseError) {
    keysUntilLook = TableSeries.keysPerLook
    guard let writer, writer.estimatedFileSize >= target.fileSize else { return }
    let bound = [UInt8](key)
    try close(upTo: bound)
    lowerBound = bound
  }

  @inline(__always)
  mutating func add(
    internalKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    if let state { return try state.pointee.add(internalKey: internalKey, value: value) }
    try open().add(internalKey: internalKey, value: value)
  }

  @inline(never)
  private mutating func open() throws(DatabaseError) -> TableWriter {
    name = "series-\(place)-\(tables.count).sst"
    let file = try target.directory.create(name)
    // Final numbers are given when all series are done. This one is the same whatever the threads do.
    let number = UInt64(place) << 24 + UInt64(tables.count) + 1
    let opened: TableWriter
    do throws(DatabaseError) {
      opened = try TableWriter(file: target.closer?.wrap(file) ?? file, options: target.options.numbered(number))
    } catch {
      try file.close()
      throw error
    }
    writer = opened
    state = opened.state
    return opened
  }

  /// Ends the table that is open, if any; tombstones that no table has got yet get one of their own.
  private mutating func close(upTo bound: [UInt8]?) throws(DatabaseError) {
    for tombstone in tombstones {
      guard let clipped = clip(tombstone, upTo: bound) else { continue }
      if let writer { try writer.addRangeTombstone(clipped) } else { try open().addRangeTombstone(clipped) }
    }
    guard let open = writer else { return }
    tables.append(LoadedTable(name: name, family: family, summary: try open.finish()))
    writer = nil
    state = nil
  }

  private func clip(_ tombstone: RangeTombstone, upTo bound: [UInt8]?) -> RangeTombstone? {
    let order = target.options.order
    var clipped = tombstone
    if let lowerBound, order.compare(clipped.begin, lowerBound) < 0 { clipped.begin = lowerBound }
    if let bound, order.compare(clipped.end, bound) > 0 { clipped.end = bound }
    return order.compare(clipped.begin, clipped.end) < 0 ? clipped : nil
  }

  /// Ends the series.
  mutating func finish() throws(DatabaseError) { try close(upTo: upperBound) }
}
