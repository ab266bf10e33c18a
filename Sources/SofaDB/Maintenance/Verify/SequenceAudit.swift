/// Checks across levels that newer versions of a key lie above older ones: every read of an LSM tree relies on it, and
/// no single table shows it. A table put on the wrong level passes all other checks and gives old values.
///
/// Tables are merged only where the MANIFEST's key ranges and sequence numbers leave room for it: levels whose tables
/// all hold older writes than those above need no look. One thread; stops at the first finding of a family.
struct SequenceAudit {
  private let family: ColumnFamily
  private let cache: TableCache

  init(_ family: ColumnFamily, cache: TableCache) {
    self.family = family
    self.cache = cache
  }

  /// nil when the order holds, or cannot be told. Throws only what the disk throws.
  func finding(isCancelled: () -> Bool) throws(DatabaseError) -> Finding? {
    guard family.order.isKnown else { return nil }
    let runs = suspects()
    guard runs.count > 1 else { return nil }
    let sources = runs.map { run in
      EntrySource(
        TableRun(run.tables, cache: cache, order: family.order, damage: DamageLog()), order: family.order)
    }
    var cursor = MergingCursor(sources, order: family.order)
    try cursor.seekToFirst()
    var previous = ByteWriter()
    var age = 0
    var steps = 0
    while cursor.isValid {
      let key = cursor.key
      let isSameKey =
        previous.count >= 8
        && KeyOrder.bytewise(previous.bytes.internalKeyUserKey, key.internalKeyUserKey) == 0
      if isSameKey, cursor.source < age || key.internalKeyTrailer == previous.bytes.internalKeyTrailer {
        return finding(key, upper: runs[cursor.source].level, lower: runs[age].level, file: cursor.table?.name)
      }
      age = cursor.source
      previous.removeAll()
      previous.append(key)
      steps += 1
      if steps & 0xFFFF == 0, isCancelled() { return nil }
      try cursor.next()
    }
    return nil
  }

  private func finding(_ key: UnsafeRawBufferPointer, upper: Int, lower: Int, file: String?) -> Finding {
    var finding = Finding(
      .levelSequence, family: family.name, level: upper,
      detail: "level \(upper) holds an older version of a key than level \(lower): readers see the older one")
    finding.file = file.flatMap { $0.split(separator: "/").last.map { String($0) } }
    finding.from = [UInt8](key.internalKeyUserKey)
    finding.to = finding.from
    finding.firstSequence = key.internalKeyTrailer >> 8
    return finding
  }

  /// The tables that share keys with a table of another age and do not follow it in sequence numbers, newest first.
  private func suspects() -> [(level: Int, tables: [TableMetadata])] {
    var runs: [(level: Int, tables: [TableMetadata])] = []
    for (level, tables) in family.levels.enumerated() where !tables.isEmpty {
      if level == 0 { runs += tables.map { (0, [$0]) } } else { runs.append((level, tables)) }
    }
    var kept = runs.map { _ in [TableMetadata]() }
    var marked = Set<UInt64>()
    for (upper, newer) in runs.enumerated() {
      for lower in (upper + 1)..<max(runs.count, upper + 1) {
        for (a, b) in overlaps(newer.tables, runs[lower].tables) where !(isNewer(a, than: b)) {
          if marked.insert(a.number).inserted { kept[upper].append(a) }
          if marked.insert(b.number).inserted { kept[lower].append(b) }
        }
      }
    }
    return zip(runs, kept).compactMap { run, tables in
      tables.isEmpty
        ? nil : (run.level, tables.sorted { family.order.compare($0.smallest, $1.smallest) < 0 })
    }
  }

  private func isNewer(_ a: TableMetadata, than b: TableMetadata) -> Bool {
    a.hasSequences && b.hasSequences && a.smallestSequence > b.largestSequence
  }

  /// Pairs whose key ranges meet; both lists are sorted and disjoint.
  private func overlaps(_ a: [TableMetadata], _ b: [TableMetadata]) -> [(TableMetadata, TableMetadata)] {
    var pairs: [(TableMetadata, TableMetadata)] = []
    var i = 0
    var j = 0
    while i < a.count, j < b.count {
      if family.order.compare(a[i].largest.userKey, b[j].smallest.userKey) < 0 {
        i += 1
      } else if family.order.compare(b[j].largest.userKey, a[i].smallest.userKey) < 0 {
        j += 1
      } else {
        pairs.append((a[i], b[j]))
        if family.order.compare(a[i].largest.userKey, b[j].largest.userKey) < 0 { i += 1 } else { j += 1 }
      }
    }
    return pairs
  }
}
