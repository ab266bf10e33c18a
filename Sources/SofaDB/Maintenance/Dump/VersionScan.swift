/// Prints every version of every key of one piece: range tombstones first (with the family's first piece), then entries
/// in the order of internal keys; where the comparator is not known, table by table as the files have them.
struct VersionScan {
  private let view: DatabaseView
  private let piece: EntryPieces.Piece
  private let selection: DumpEntries.Selection
  private let queue: DumpQueue
  private let number: Int
  private let gaps: DumpGaps
  private let damage = DamageLog()
  private var told = 0
  private let seed: ContentDigest.Family
  private var digest = ContentDigest()
  private var entries: UInt64 = 0
  /// Text at which the queue is asked for the turn.
  private var threshold = DumpStream.chunk
  /// File and level of the entries that come now.
  private var place = VersionPlace()
  private var placeTable: TableReader?

  init(
    _ view: DatabaseView, _ piece: EntryPieces.Piece, _ selection: DumpEntries.Selection, _ queue: DumpQueue,
    _ number: Int, _ gaps: DumpGaps
  ) {
    self.gaps = gaps
    self.view = view
    self.piece = piece
    self.selection = selection
    self.queue = queue
    self.number = number
    seed = ContentDigest.Family(name: piece.family.name)
  }

  mutating func run(
    _ writer: inout EntryWriter, _ part: inout DumpReport, allowed: UInt64
  ) throws(DatabaseError) {
    if piece.isFirst { try tombstones(&writer, allowed) }
    if piece.family.order.isKnown {
      try merged(&writer, &part, allowed)
    } else {
      try asStored(&writer, &part, allowed)
    }
    part.entries = entries
    part.digest = digest
  }

  /// Where the tables of the family are, by file name.
  private func levels() -> [String: Int] {
    guard !view.isLoose else { return [:] }
    var levels: [String: Int] = [:]
    for (level, tables) in piece.family.levels.enumerated() {
      for table in tables {
        levels[DatabaseFile.table(table.number, .sst).name] = level
        levels[DatabaseFile.table(table.number, .ldb).name] = level
      }
    }
    return levels
  }

  // MARK: Range tombstones

  private mutating func tombstones(_ writer: inout EntryWriter, _ allowed: UInt64) throws(DatabaseError) {
    var found: [(tombstone: RangeTombstone, place: VersionPlace)] = piece.family.logTombstones.map {
      ($0, VersionPlace())
    }
    for table in piece.family.tables {
      do throws(DatabaseError) {
        let reader = try view.cache.reader(table, order: piece.family.order)
        let place = VersionPlace(reader.fileName, view.isLoose ? nil : table.level)
        found += reader.rangeDeletions.map { ($0, place) }
      } catch {
        // The entries of the table are missing as well, which is told with them.
        guard error.concernsOneFile else { throw error }
      }
    }
    let order = piece.family.order
    found.sort {
      let result = order.compareUserKeys($0.tombstone.begin, $1.tombstone.begin)
      return result == 0 ? $0.tombstone.sequence > $1.tombstone.sequence : result < 0
    }
    let (from, to) = selection.range.bounds(in: order)
    for (tombstone, place) in found where entries < allowed {
      if order.isKnown {
        if let from, order.compareUserKeys(tombstone.end, from) <= 0 { continue }
        if let to, order.compareUserKeys(tombstone.begin, to) >= 0 { continue }
      }
      entries += 1
      tombstone.begin.withUnsafeBytes { begin in
        tombstone.end.withUnsafeBytes { end in
          digest.add(.rangeDeletion, key: begin, value: end, in: seed)
          guard !selection.countOnly else { return }
          writer.version(
            begin, end, kind: .rangeDeletion, rawKind: EntryKind.rangeDeletion.rawValue,
            sequence: tombstone.sequence, place, order)
        }
      }
      try passIfFull(&writer)
    }
  }

  // MARK: Entries

  private mutating func merged(
    _ writer: inout EntryWriter, _ part: inout DumpReport, _ allowed: UInt64
  ) throws(DatabaseError) {
    let order = piece.family.order
    let levels = levels()
    var cursor = try view.allVersions(piece.family, to: piece.to, damage: damage)
    if let from = piece.from {
      let stamped = from + [UInt8](repeating: 0xFF, count: order.timestampSize)
      let target = ByteBuffer(InternalKey(userKey: stamped, sequence: .maximum, kind: 0xFF).bytes)
      try cursor.seek(target.bytes)
    } else {
      try cursor.seekToFirst()
    }
    let end = piece.to.map { ByteBuffer($0) }
    try tellGaps(&writer, &part)
    while cursor.isValid, entries < allowed {
      let key = cursor.key
      let userKey = order.withoutTimestamp(key.internalKeyUserKey)
      if let end, order.compareWithoutTimestamp(userKey, end.bytes) >= 0 { break }
      if cursor.table !== placeTable {
        placeTable = cursor.table
        place = placeTable.map { VersionPlace($0.fileName, levels[$0.fileName]) } ?? VersionPlace()
      }
      if try !entry(key, cursor.value, &writer) { break }
      try cursor.next()
      try tellGaps(&writer, &part)
    }
  }

  /// Every table from front to back, then what the logs have.
  private mutating func asStored(
    _ writer: inout EntryWriter, _ part: inout DumpReport, _ allowed: UInt64
  ) throws(DatabaseError) {
    if let logged = piece.family.entries {
      place = VersionPlace()
      for stored in logged.entries where entries < allowed {
        _ = try entry(stored.key, stored.value, &writer)
      }
    }
    for table in piece.family.tables {
      var run = TableRun([table], cache: view.cache, order: piece.family.order, damage: damage)
      try run.seekToFirst()
      try tellGaps(&writer, &part)
      place = VersionPlace(run.table?.fileName ?? "", view.isLoose ? nil : table.level)
      while run.isValid, entries < allowed {
        _ = try entry(run.key, run.value, &writer)
        try run.next()
        try tellGaps(&writer, &part)
      }
    }
  }

  /// False when no later entry can be in the range.
  private mutating func entry(
    _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ writer: inout EntryWriter
  ) throws(DatabaseError) -> Bool {
    let order = piece.family.order
    let (isWanted, isPast) = selection.range.contains(order.withoutTimestamp(key.internalKeyUserKey), in: order)
    if isPast { return false }
    guard isWanted else { return true }
    let trailer = key.internalKeyTrailer
    let rawKind = UInt8(truncatingIfNeeded: trailer)
    let kind = EntryKind(rawValue: rawKind)
    entries += 1
    if let kind {
      digest.add(
        kind, key: key.internalKeyUserKey, value: kind.isPointTombstone ? VersionScan.nothing : value, in: seed)
    }
    if selection.countOnly { return true }
    writer.version(key.internalKeyUserKey, value, kind: kind, rawKind: rawKind, sequence: trailer >> 8, place, order)
    try passIfFull(&writer)
    return true
  }

  private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

  /// Writes what stands before new gaps, then the gaps.
  @inline(__always)
  private mutating func tellGaps(_ writer: inout EntryWriter, _ part: inout DumpReport) throws(DatabaseError) {
    guard damage.count > told else { return }
    try queue.pass(&writer.output, of: number, mustWrite: true)
    try gaps.tell(damage.gaps[told...], &writer.output, &part)
    told = damage.count
  }

  @inline(__always)
  private mutating func passIfFull(_ writer: inout EntryWriter) throws(DatabaseError) {
    guard writer.output.count >= threshold else { return }
    try queue.pass(&writer.output, of: number, mustWrite: false)
    threshold = writer.output.count + DumpStream.chunk
  }
}

extension TableReader {
  /// The file's name in its directory.
  var fileName: String { DatabaseFile.baseName(name) }
}
