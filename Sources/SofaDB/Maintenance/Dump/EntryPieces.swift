/// The work of the threads of a dump: takes pieces of the key space, steps through them and prints.
final class EntryPieces: Sendable {
  /// A range of one family.
  struct Piece: Sendable {
    var family: DatabaseView.Family
    var from: [UInt8]?
    var to: [UInt8]?
    /// Whether it begins its family.
    var isFirst: Bool
  }

  private let view: DatabaseView
  private let pieces: [Piece]
  private let style: EntryStyle
  private let selection: DumpEntries.Selection
  private let queue: DumpQueue
  private let gaps: DumpGaps
  /// Entries that a limit still allows. Changed by one thread only, because a limit means one thread.
  private let left: Monitor<UInt64>

  init(
    view: DatabaseView, pieces: [Piece], style: EntryStyle, selection: DumpEntries.Selection, queue: DumpQueue,
    gaps: DumpGaps
  ) {
    self.gaps = gaps
    self.view = view
    self.pieces = pieces
    self.style = style
    self.selection = selection
    self.queue = queue
    left = Monitor(selection.limit ?? .max)
  }

  /// Runs on each thread until no piece is left.
  func work() {
    do throws(DatabaseError) {
      while let number = queue.claim() {
        let part = try dump(number)
        queue.finish(number, part)
      }
    } catch {
      queue.fail(error)
    }
  }

  private func dump(_ number: Int) throws(DatabaseError) -> DumpReport {
    let piece = pieces[number]
    var part = DumpReport()
    let allowed = left.change { $0 }
    var writer = EntryWriter(style: style, family: piece.family.name, capacity: DumpStream.chunk + (64 << 10))
    if selection.versions {
      var scan = VersionScan(view, piece, selection, queue, number, gaps)
      try scan.run(&writer, &part, allowed: allowed)
    } else {
      try visible(piece, number, &writer, &part, allowed: allowed)
    }
    left.change { $0 -= min($0, part.entries) }
    try queue.pass(&writer.output, of: number, mustWrite: true)
    return part
  }

  private func visible(
    _ piece: Piece, _ number: Int, _ writer: inout EntryWriter, _ part: inout DumpReport, allowed: UInt64
  ) throws(DatabaseError) {
    let order = piece.family.order
    let hasTimestamps = order.timestampSize > 0
    let needsDigest = style.form == .ndjson
    let seed = ContentDigest.Family(name: piece.family.name)
    var digest = ContentDigest()
    var entries: UInt64 = 0
    // Grows while the piece must wait for its turn, so that the queue is asked once a chunk, not once an entry.
    var threshold = DumpStream.chunk
    let damage = DamageLog()
    var told = 0
    var cursor = try view.cursor(piece.family, from: piece.from, to: piece.to, damage: damage)
    try cursor.seekToFirst()
    if damage.count > told { try tell(damage, &told, number, &writer, &part) }
    while cursor.isValid, entries < allowed {
      let (isWanted, isPast) = selection.range.contains(cursor.userKey, in: order)
      if isPast { break }
      if isWanted {
        entries += 1
        if !selection.countOnly {
          if hasTimestamps { writer.timestamp = cursor.timestamp }
          if cursor.content == .value {
            writer.put(cursor.userKey, cursor.value)
            if needsDigest { digest.add(.value, key: cursor.userKey, value: cursor.value, in: seed) }
          } else {
            if needsDigest { digest.add(cursor, in: seed) }
            EntryPieces.printOther(cursor, &writer, &part)
          }
          if writer.output.count >= threshold {
            try queue.pass(&writer.output, of: number, mustWrite: false)
            threshold = writer.output.count + DumpStream.chunk
          }
        }
      }
      try cursor.next()
      if damage.count > told { try tell(damage, &told, number, &writer, &part) }
    }
    part.entries = entries
    part.digest = digest
  }

  /// Writes what stands before the gaps, then the gaps.
  @inline(never)
  private func tell(
    _ damage: DamageLog, _ told: inout Int, _ number: Int, _ writer: inout EntryWriter, _ part: inout DumpReport
  ) throws(DatabaseError) {
    try queue.pass(&writer.output, of: number, mustWrite: true)
    try gaps.tell(damage.gaps[told...], &writer.output, &part)
    told = damage.count
  }

  /// Entities, and merges whose operator is not known.
  @inline(never)
  private static func printOther(
    _ cursor: borrowing VisibleCursor, _ writer: inout EntryWriter, _ part: inout DumpReport
  ) {
    if cursor.content == .operands {
      part.unmerged += 1
      writer.merge(cursor.userKey, base: cursor.hasBase ? cursor.value : nil, operands: cursor.operands)
    } else if let entity = cursor.entity {
      if writer.style.form != .ndjson { part.flattenedEntities += 1 }
      writer.entity(cursor.userKey, entity)
    }
  }
}
