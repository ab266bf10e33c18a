internal import Synchronization

/// How the tables of one family stand to each other, version by version: what tells which of two is newer, and which is
/// left over from before a compaction.
///
/// A live database holds each version (user key and sequence number) in one table, since a compaction consumes whole
/// tables. So of two tables that share a version the one with the smaller number is superseded by the other. At the
/// bottom sequence numbers are set to 0, which hides that: there equal values are what tells.
struct TableRelations {
  struct Pair: Hashable, Sendable {
    var first: UInt64
    var second: UInt64
  }

  /// Of pairs (first, second) of tables, counted over the keys that both have.
  struct Counts: Sendable, Equatable {
    /// Keys of which the first has a newer version than the second, both with sequence numbers.
    var newer = 0
    /// Versions that both have; told once for a pair, under both orders.
    var same = 0
    /// The first has a sequence number, the second 0: with the same content, or another.
    var aboveZeroSame = 0
    var aboveZeroOther = 0
    /// Keys that both have with sequence number 0.
    var bothZero = 0

    fileprivate func adding(_ other: Counts) -> Counts {
      Counts(
        newer: newer + other.newer, same: same + other.same, aboveZeroSame: aboveZeroSame + other.aboveZeroSame,
        aboveZeroOther: aboveZeroOther + other.aboveZeroOther, bothZero: bothZero + other.bothZero)
    }

    var isNewer: Bool { newer + aboveZeroSame + aboveZeroOther > 0 }

    /// Whether one of the two was compacted into the other: both have a version, or both lie at the bottom.
    var provesCompaction: Bool { same > 0 || bothZero > 0 }
  }

  private struct Seen {
    var table: UInt64
    var trailer: UInt64
    var value: UInt64

    var sequence: SequenceNumber { trailer >> 8 }
  }

  /// Keys that more than one table may hold, and those tables.
  private struct Stretch: Sendable {
    var tables: [TableMetadata]
    var bounds = PieceBounds()
  }

  private(set) var counts: [Pair: Counts] = [:]
  /// By unlisted table: versions that listed tables can have brought forth. An unfinished compaction of listed tables
  /// wrote no others.
  private(set) var explained: [UInt64: Int] = [:]
  private var listed: Set<UInt64>
  /// Versions of one key beyond these are not compared.
  private static let mostVersions = 64

  func counts(_ first: UInt64, _ second: UInt64) -> Counts {
    counts[Pair(first: first, second: second)] ?? Counts()
  }

  /// Whether each of the two has a key that is newer in it than in the other: they were never in use together. As the
  /// engine numbers its tables in the order in which it makes them, the one with the smaller number was gone before the
  /// other came.
  func contradict(_ first: UInt64, _ second: UInt64) -> Bool {
    counts(first, second).isNewer && counts(second, first).isNewer
  }

  /// Merges those of `tables`, which are of one family, that overlap others, on up to `jobs` threads; those numbered
  /// `listed` are part of the state already. Damaged blocks are left out. Throws what the disk throws, and `cancelled`.
  /// Work is not cut smaller than `leastStretch`, in bytes of tables.
  init(
    _ tables: [TableMetadata], listed: Set<UInt64> = [], order: KeyOrder, in directory: any ReadableDirectory,
    jobs: Int, leastStretch: UInt64 = 4 << 20, isCancelled: @escaping @Sendable () -> Bool
  ) throws(DatabaseError) {
    self.listed = listed
    guard tables.count > 1, order.isKnown else { return }
    let cache = TableCache(directory: directory)
    var stretches: [Stretch] = []
    for group in TableRelations.overlapping(tables, order) {
      stretches += try TableRelations.cut(group, order, cache, jobs: jobs, least: leastStretch)
    }
    let work = stretches
    let next = Atomic<Int>(0)
    let outcome = Mutex<Result<TableRelations, DatabaseError>>(.success(TableRelations(listed)))
    Workers.run(min(max(jobs, 1), work.count)) { _ in
      do throws(DatabaseError) {
        while true {
          let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard index < work.count else { return }
          var found = TableRelations(listed)
          try found.merge(work[index], order, cache, isCancelled)
          outcome.withLock { outcome in outcome = outcome.map { $0.adding(found) } }
        }
      } catch {
        next.store(work.count, ordering: .relaxed)
        outcome.withLock { outcome in outcome = outcome.flatMap { _ in .failure(error) } }
      }
    }
    self = try outcome.withLock { $0 }.get()
  }

  private init(_ listed: Set<UInt64>) { self.listed = listed }

  private func adding(_ other: TableRelations) -> TableRelations {
    var sum = self
    sum.counts.merge(other.counts) { $0.adding($1) }
    sum.explained.merge(other.explained, uniquingKeysWith: +)
    return sum
  }

  private mutating func merge(
    _ stretch: Stretch, _ order: KeyOrder, _ cache: TableCache, _ isCancelled: () -> Bool
  ) throws(DatabaseError) {
    let runs = TableRelations.runs(stretch.tables, order)
    let numbers = runs.flatMap { $0.map(\.number) }
    // Where the numbers of each run begin.
    var starts = [0]
    for run in runs { starts.append(starts[starts.count - 1] + run.count) }
    let sources = runs.map { run in
      EntrySource(TableRun(run, cache: cache, order: order, damage: DamageLog()), order: order)
    }
    var cursor = MergingCursor(sources, order: order)
    var key = ByteWriter(capacity: 64)
    var seen: [Seen] = []
    var steps = 0
    try stretch.bounds.seek(&cursor, order)
    while cursor.isValid {
      let current = cursor.key
      let userKey = current.internalKeyUserKey
      if seen.isEmpty || KeyOrder.bytewise(key.bytes, userKey) != 0 {
        count(seen)
        seen.removeAll(keepingCapacity: true)
        if stretch.bounds.isBehind(userKey, order) { break }
        key.removeAll()
        key.append(userKey)
      }
      if seen.count < TableRelations.mostVersions {
        seen.append(
          Seen(
            table: numbers[starts[cursor.source] + cursor.tableIndex], trailer: current.internalKeyTrailer,
            value: TableRelations.digest(cursor.value)))
      }
      steps += 1
      if steps & 0xFFFF == 0, isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      try cursor.next()
    }
    count(seen)
  }

  // MARK: What is merged

  /// Groups of tables whose keys hang together; a table that overlaps no other has no relations.
  private static func overlapping(_ tables: [TableMetadata], _ order: KeyOrder) -> [[TableMetadata]] {
    var groups: [[TableMetadata]] = []
    var end: [UInt8]?
    for table in tables.sorted(by: { order.compare($0.smallest, $1.smallest) < 0 }) {
      if let known = end, order.compare(known, table.smallest.userKey) >= 0 {
        groups[groups.count - 1].append(table)
        if order.compare(known, table.largest.userKey) < 0 { end = table.largest.userKey }
      } else {
        groups.append([table])
        end = table.largest.userKey
      }
    }
    return groups.filter { $0.count > 1 }
  }

  /// Stretches of a group, enough of them to keep all threads busy. A group whose tables have damaged indexes is cut by
  /// the largest that has a good one.
  private static func cut(
    _ group: [TableMetadata], _ order: KeyOrder, _ cache: TableCache, jobs: Int, least: UInt64
  ) throws(DatabaseError) -> [Stretch] {
    let size = group.reduce(0) { $0 &+ $1.size }
    let count = jobs > 1 ? Int(min(size / max(least, 1), UInt64(jobs) * 4)) : 1
    guard count > 1 else { return [Stretch(tables: group)] }
    for sampled in [group] + group.sorted(by: { $0.size > $1.size }).map({ [$0] }) {
      do throws(DatabaseError) {
        let pieces = try PieceBounds.cut(sampled, order: order, into: count, cache: cache)
        return pieces.map { bounds in
          Stretch(tables: group.filter { bounds.overlaps($0, order: order) }, bounds: bounds)
        }.filter { $0.tables.count > 1 }
      } catch {
        guard error.concernsOneFile else { throw error }
      }
    }
    return [Stretch(tables: group)]
  }

  /// Tables that do not overlap, as few runs as possible: each keeps one table open.
  private static func runs(_ tables: [TableMetadata], _ order: KeyOrder) -> [[TableMetadata]] {
    var runs: [[TableMetadata]] = []
    for table in tables.sorted(by: { order.compare($0.smallest, $1.smallest) < 0 }) {
      let place = runs.firstIndex { run in
        run.last.map { order.compare($0.largest.userKey, table.smallest.userKey) < 0 } ?? true
      }
      if let place { runs[place].append(table) } else { runs.append([table]) }
    }
    return runs
  }

  private static func digest(_ value: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(CRC32C.checksum(value)) << 32 | UInt64(UInt32(truncatingIfNeeded: value.count))
  }

  /// All pairs among the versions of one key.
  private mutating func count(_ versions: [Seen]) {
    if !listed.isEmpty {
      for version in versions where !listed.contains(version.table) && isExplained(version, versions) {
        explained[version.table, default: 0] += 1
      }
    }
    guard versions.count > 1 else { return }
    for (index, newer) in versions.enumerated() {
      for older in versions[(index + 1)...] where older.table != newer.table { compare(newer, older) }
    }
  }

  /// Merged operands have a new value.
  private func isExplained(_ version: Seen, _ versions: [Seen]) -> Bool {
    versions.contains { other in
      guard listed.contains(other.table) else { return false }
      if version.sequence > 0, other.sequence == version.sequence { return true }
      if version.sequence == 0, other.value == version.value { return true }
      return other.trailer & 0xFF == UInt64(EntryKind.merge.rawValue)
    }
  }

  private mutating func compare(_ a: Seen, _ b: Seen) {
    let forward = Pair(first: a.table, second: b.table)
    let backward = Pair(first: b.table, second: a.table)
    let isSameContent = a.trailer & 0xFF == b.trailer & 0xFF && a.value == b.value
    if b.sequence == 0 {
      if a.sequence == 0 {
        counts[forward, default: Counts()].bothZero += 1
        counts[backward, default: Counts()].bothZero += 1
      } else if isSameContent {
        counts[forward, default: Counts()].aboveZeroSame += 1
      } else {
        counts[forward, default: Counts()].aboveZeroOther += 1
      }
    } else if a.sequence == b.sequence {
      // Operands that were merged take the newest one's number and another kind.
      counts[forward, default: Counts()].same += 1
      counts[backward, default: Counts()].same += 1
    } else {
      counts[forward, default: Counts()].newer += 1
    }
  }
}

extension PieceBounds {
  /// Places `cursor` before the first entry within the bounds.
  fileprivate func seek(_ cursor: inout MergingCursor, _ order: KeyOrder) throws(DatabaseError) {
    guard let lower else { return try cursor.seekToFirst() }
    // The newest timestamp sorts first, and the seek kind before every stored one.
    let stamped = lower + [UInt8](repeating: 0xFF, count: order.timestampSize)
    let target = ByteBuffer(InternalKey(userKey: stamped, sequence: .maximum, kind: EntryKind.seek).bytes)
    try withExtendedLifetime(target) { () throws(DatabaseError) in try cursor.seek(target.bytes) }
  }

  /// Whether a user key, with its timestamp, lies behind the bounds.
  @inline(__always)
  fileprivate func isBehind(_ userKey: UnsafeRawBufferPointer, _ order: KeyOrder) -> Bool {
    guard let upper else { return false }
    return upper.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(userKey), $0) >= 0 }
  }
}
