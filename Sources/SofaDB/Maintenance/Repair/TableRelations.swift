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
  }

  private struct Seen {
    var table: UInt64
    var trailer: UInt64
    var value: UInt64
  }

  private(set) var counts: [Pair: Counts] = [:]
  /// Versions of one key beyond these are not compared.
  private static let mostVersions = 64

  func counts(_ first: UInt64, _ second: UInt64) -> Counts {
    counts[Pair(first: first, second: second)] ?? Counts()
  }

  /// Merges `tables`, which are of one family. Damaged blocks are left out. Throws what the disk throws.
  init(
    _ tables: [TableMetadata], order: KeyOrder, in directory: any ReadableDirectory,
    isCancelled: () -> Bool
  ) throws(DatabaseError) {
    guard tables.count > 1, order.isKnown else { return }
    let cache = TableCache(directory: directory)
    let sources = TableRelations.runs(tables, order).map { run in
      EntrySource(TableRun(run, cache: cache, order: order, damage: DamageLog()), order: order)
    }
    var cursor = MergingCursor(sources, order: order)
    var numbers: [ObjectIdentifier: UInt64] = [:]
    var key = ByteWriter(capacity: 64)
    var seen: [Seen] = []
    var steps = 0
    try cursor.seekToFirst()
    while cursor.isValid {
      let current = cursor.key
      let userKey = current.internalKeyUserKey
      if seen.isEmpty || KeyOrder.bytewise(key.bytes, userKey) != 0 {
        count(seen)
        seen.removeAll(keepingCapacity: true)
        key.removeAll()
        key.append(userKey)
      }
      if let table = cursor.table, seen.count < TableRelations.mostVersions {
        let number = TableRelations.number(of: table, &numbers)
        seen.append(
          Seen(table: number, trailer: current.internalKeyTrailer, value: TableRelations.digest(cursor.value)))
      }
      steps += 1
      if steps & 0xFFFF == 0, isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      try cursor.next()
    }
    count(seen)
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

  private static func number(of table: TableReader, _ known: inout [ObjectIdentifier: UInt64]) -> UInt64 {
    if let number = known[ObjectIdentifier(table)] { return number }
    let name = table.name.split(separator: "/").last.map { String($0) } ?? table.name
    let number = DatabaseFile(name: name).number ?? 0
    known[ObjectIdentifier(table)] = number
    return number
  }

  private static func digest(_ value: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(CRC32C.checksum(value)) << 32 | UInt64(UInt32(truncatingIfNeeded: value.count))
  }

  /// All pairs among the versions of one key.
  private mutating func count(_ versions: [Seen]) {
    guard versions.count > 1 else { return }
    for (index, newer) in versions.enumerated() {
      for older in versions[(index + 1)...] where older.table != newer.table { compare(newer, older) }
    }
  }

  private mutating func compare(_ a: Seen, _ b: Seen) {
    let forward = Pair(first: a.table, second: b.table)
    let backward = Pair(first: b.table, second: a.table)
    let isSameContent = a.trailer & 0xFF == b.trailer & 0xFF && a.value == b.value
    if b.trailer >> 8 == 0 {
      if a.trailer >> 8 == 0 {
        counts[forward, default: Counts()].bothZero += 1
        counts[backward, default: Counts()].bothZero += 1
      } else if isSameContent {
        counts[forward, default: Counts()].aboveZeroSame += 1
      } else {
        counts[forward, default: Counts()].aboveZeroOther += 1
      }
    } else if a.trailer == b.trailer {
      counts[forward, default: Counts()].same += 1
      counts[backward, default: Counts()].same += 1
    } else {
      counts[forward, default: Counts()].newer += 1
    }
  }
}
