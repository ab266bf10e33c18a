/// Reads two states of a database side by side, logs included, where they can differ, and counts what readers see
/// otherwise. Reads only; one thread.
///
/// Only the key ranges of tables that come, go or are described in another way are read, those whose entries fall on
/// the other side of the last sequence number, and those of logs that are replayed by one state alone. A table that
/// only moves to another level changes no scan, since scans go by sequence numbers; what it does to single reads is
/// `SequenceAudit`'s to say.
struct VisibilityComparison {
  private let directory: any ReadableDirectory
  private let before: Version
  private let after: Version
  /// Bytes of tables that are read for a family at most; what is larger is estimated.
  private let limit: UInt64
  private let isCancelled: () -> Bool

  init(
    _ directory: any ReadableDirectory, from before: Version, to after: Version, limit: UInt64,
    isCancelled: @escaping () -> Bool
  ) {
    self.directory = directory
    self.before = before
    self.after = after
    self.limit = limit
    self.isCancelled = isCancelled
  }

  /// User keys, both included, without timestamps.
  private struct Range {
    var from: [UInt8]
    var to: [UInt8]
  }

  /// Throws only what the disk throws, and `cancelled`.
  func run() throws(DatabaseError) -> [VisibilityChange] {
    let views: (DatabaseView, DatabaseView)
    do throws(DatabaseError) {
      views = (try view(of: before), try view(of: after))
    } catch {
      guard error.kind == .corruption || error.kind == .notFound || error.kind == .unsupported else { throw error }
      return [VisibilityChange(family: "", effect: .unknown, entries: 0, reason: error.detail)]
    }
    let ids = Set(before.families.map(\.id)).union(after.families.map(\.id)).sorted()
    var changes: [VisibilityChange] = []
    for id in ids { changes += try compare(id, views.0, views.1) }
    return changes
  }

  private func view(of version: Version) throws(DatabaseError) -> DatabaseView {
    try DatabaseView(
      directory,
      history: ManifestHistory(name: "", size: 0, version: version, recordCount: 0, records: [], tail: .clean))
  }

  private func compare(
    _ id: UInt32, _ old: DatabaseView, _ new: DatabaseView
  ) throws(DatabaseError) -> [VisibilityChange] {
    let oldFamily = old.families.first { $0.id == id }
    let newFamily = new.families.first { $0.id == id }
    guard let known = oldFamily ?? newFamily else { return [] }
    let changed = changedTables(id, old, new)
    let ranges = ranges(of: changed, oldFamily, newFamily, known.order)
    guard !ranges.isEmpty else { return [] }
    func unknown(_ reason: String) throws(DatabaseError) -> [VisibilityChange] {
      [
        VisibilityChange(
          family: known.name, effect: .unknown, entries: try entries(of: changed, known.order), reason: reason)
      ]
    }
    guard known.order.isKnown else { return try unknown("the comparator is not known") }
    let bytes = overlapping(ranges, oldFamily, newFamily, known.order)
    guard bytes <= limit else { return try unknown("\(bytes) bytes of tables share its keys") }
    let empty = DatabaseView.Family(
      id: id, name: known.name, order: known.order, levels: [], entries: nil, logTombstones: [], optionsOperator: nil)
    var tally = Tally()
    do throws(DatabaseError) {
      for range in ranges {
        try compare(range, (old, oldFamily ?? empty), (new, newFamily ?? empty), known.order, &tally)
      }
    } catch {
      guard error.kind == .corruption || error.kind == .notFound || error.kind == .unsupported else { throw error }
      return try unknown(error.detail)
    }
    var result = tally.changes(known.name)
    if tally.hasGaps { result += try unknown("parts of the tables are damaged and were left out") }
    return result
  }

  // MARK: Where to look

  private func changedTables(_ id: UInt32, _ old: DatabaseView, _ new: DatabaseView) -> [TableMetadata] {
    let difference = StateDifference(
      from: before.with(families: before.families.filter { $0.id == id }),
      to: after.with(families: after.families.filter { $0.id == id }))
    var tables: [TableMetadata] = []
    for table in difference.tables {
      if let from = table.before, var to = table.after {
        (to.level, to.epoch) = (from.level, from.epoch)
        if from == to { continue }
      }
      tables += [table.before, table.after].compactMap { $0 }
    }
    guard old.lastSequence != new.lastSequence else { return tables }
    let bound = min(old.lastSequence, new.lastSequence)
    let all = (before.family(id)?.tables ?? []) + (after.family(id)?.tables ?? [])
    return tables + all.filter { $0.largestSequence > bound || !$0.hasSequences }
  }

  /// Sorted and apart.
  private func ranges(
    of tables: [TableMetadata], _ old: DatabaseView.Family?, _ new: DatabaseView.Family?, _ order: KeyOrder
  ) -> [Range] {
    func key(_ userKey: [UInt8]) -> [UInt8] { userKey.withUnsafeBytes { [UInt8](order.withoutTimestamp($0)) } }
    func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
      a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareWithoutTimestamp(left, $0) } }
    }
    var ranges = tables.map { Range(from: key($0.smallest.userKey), to: key($0.largest.userKey)) }
    if old?.logEntryCount != new?.logEntryCount {
      for family in [old, new] {
        let entries = family?.entries?.entries ?? []
        if let first = entries.first, let last = entries.last {
          ranges.append(
            Range(from: key([UInt8](first.key.internalKeyUserKey)), to: key([UInt8](last.key.internalKeyUserKey))))
        }
        ranges += (family?.logTombstones ?? []).map { Range(from: key($0.begin), to: key($0.end)) }
      }
    }
    ranges.sort { compare($0.from, $1.from) < 0 }
    var merged: [Range] = []
    for range in ranges {
      if let last = merged.last, compare(range.from, last.to) <= 0 {
        if compare(range.to, last.to) > 0 { merged[merged.count - 1].to = range.to }
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  private func overlapping(
    _ ranges: [Range], _ old: DatabaseView.Family?, _ new: DatabaseView.Family?, _ order: KeyOrder
  ) -> UInt64 {
    func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
      a.withUnsafeBytes { left in
        b.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(left), $0) }
      }
    }
    var sizes: [UInt64: UInt64] = [:]
    for table in (old?.tables ?? []) + (new?.tables ?? []) where sizes[table.number] == nil {
      // The first range that does not end before the table.
      var low = 0
      var high = ranges.count
      while low < high {
        let middle = (low + high) / 2
        if compare(table.smallest.userKey, ranges[middle].to) > 0 { low = middle + 1 } else { high = middle }
      }
      let isNear = low < ranges.count && compare(table.largest.userKey, ranges[low].from) >= 0
      if isNear { sizes[table.number] = table.size }
    }
    return sizes.values.reduce(0) { $0 &+ $1 }
  }

  /// What the properties of the tables say; damaged tables count nothing.
  private func entries(of tables: [TableMetadata], _ order: KeyOrder) throws(DatabaseError) -> UInt64 {
    var sum: UInt64 = 0
    var seen = Set<UInt64>()
    for table in tables where seen.insert(table.number).inserted {
      do throws(DatabaseError) {
        sum &+= try TableReader(TableCache.open(table.number, in: directory), order: order).properties.entryCount
      } catch {
        guard error.kind == .corruption || error.kind == .notFound || error.kind == .unsupported else { throw error }
      }
    }
    return sum
  }

  // MARK: The comparison

  private func compare(
    _ range: Range, _ old: (view: DatabaseView, family: DatabaseView.Family),
    _ new: (view: DatabaseView, family: DatabaseView.Family), _ order: KeyOrder, _ tally: inout Tally
  ) throws(DatabaseError) {
    let damage = DamageLog()
    var a = try old.view.cursor(old.family, from: range.from, damage: damage)
    var b = try new.view.cursor(new.family, from: range.from, damage: damage)
    try a.seekToFirst()
    try b.seekToFirst()
    func isWithin(_ key: UnsafeRawBufferPointer) -> Bool {
      range.to.withUnsafeBytes { order.compareWithoutTimestamp(key, $0) <= 0 }
    }
    var steps = 0
    while true {
      let hasOld = a.isValid && isWithin(a.userKey)
      let hasNew = b.isValid && isWithin(b.userKey)
      if !hasOld && !hasNew { break }
      let way = !hasOld ? 1 : !hasNew ? -1 : order.compareWithoutTimestamp(a.userKey, b.userKey)
      if way < 0 {
        tally.count(.vanish, a.userKey)
      } else if way > 0 {
        tally.count(.appear, b.userKey)
      } else if a.sequence != b.sequence {
        tally.count(b.sequence < a.sequence ? .older : .newer, b.userKey)
      } else if !isSame(a, b) {
        tally.count(.other, b.userKey)
      }
      if way <= 0 { try a.next() }
      if way >= 0 { try b.next() }
      steps += 1
      if steps & 0xFFFF == 0, isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    if !damage.gaps.isEmpty { tally.hasGaps = true }
  }

  private func isSame(_ a: borrowing VisibleCursor, _ b: borrowing VisibleCursor) -> Bool {
    // Operands and entity mean nothing while the content is something else.
    guard a.content == b.content, KeyOrder.bytewise(a.value, b.value) == 0 else { return false }
    switch a.content {
    case .value: return true
    case .entity: return a.entity?.columns == b.entity?.columns
    case .operands: return a.hasBase == b.hasBase && a.operands == b.operands
    }
  }

  private struct Tally {
    var counts: [VisibilityChange.Effect: (count: UInt64, from: [UInt8], to: [UInt8])] = [:]
    var hasGaps = false

    mutating func count(_ effect: VisibilityChange.Effect, _ key: UnsafeRawBufferPointer) {
      let bytes = [UInt8](key)
      counts[effect, default: (0, bytes, bytes)].count += 1
      counts[effect]?.to = bytes
    }

    func changes(_ family: String) -> [VisibilityChange] {
      VisibilityChange.Effect.allCases.compactMap { effect in
        counts[effect].map {
          VisibilityChange(family: family, effect: effect, entries: $0.count, from: $0.from, to: $0.to)
        }
      }
    }
  }
}
