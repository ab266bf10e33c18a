/// A random history of one family, laid down as a live engine holds it (memtables, level 0, deeper levels in several
/// tables), and a model of sorted arrays that says what a reader sees. Generated from a seed.
import SofaTesting

@testable import SofaDB

struct CursorCase {
  struct Version {
    var key: InternalKey
    var kind: EntryKind
    var value: [UInt8]
  }

  /// What a cursor shows of one key.
  struct Row: Equatable, CustomStringConvertible {
    var key: [UInt8]
    var value: [UInt8] = []
    var sequence: SequenceNumber = 0
    var timestamp: UInt64?
    /// Oldest first; nil where the content is a value.
    var operands: [[UInt8]]?
    var hasBase = false

    var description: String {
      "\(key) = \(value) at \(sequence), \(String(describing: timestamp)), \(String(describing: operands)), \(hasBase)"
    }
  }

  static let orders = [
    "leveldb.BytewiseComparator", "rocksdb.ReverseBytewiseComparator", "leveldb.BytewiseComparator.u64ts",
    "rocksdb.ReverseBytewiseComparator.u64ts",
  ].map(KeyOrder.init(name:))

  let order: KeyOrder
  let mergeOperator: MergeOperator?
  /// In the order of internal keys.
  private(set) var versions: [Version] = []
  private(set) var tombstones: [RangeTombstone] = []
  private(set) var lastSequence: SequenceNumber = 0
  let keys: [[UInt8]]
  /// The oldest first.
  private(set) var memtables: [Memtable] = []
  /// The newest first.
  private(set) var runs: [[TableMetadata]] = []
  let directory = MemoryDirectory([:])
  private(set) var tableTombstones: [RangeTombstones] = []

  init(seed: Int, order: KeyOrder, steps: Int = 120, mergeOperator: MergeOperator? = nil) throws {
    var random = SeededRandom(seed: UInt64(seed) &* 31 &+ 5)
    self.order = order
    let path = CustomMerge(name: "path") { key, base, operands in
      operands.reduce(base ?? [0x3A] + key) { $0 + [0x2F] + $1 }
    }
    let known: [MergeOperator?] = [.stringAppend(delimiter: [0x2C]), .unknown(name: "other"), .custom(path), nil]
    self.mergeOperator = mergeOperator ?? known[seed % 4]
    let start: [UInt8] = seed % 2 == 0 ? [] : [5, 5, 5, 5, 5, 5, 5, 5, 5]
    keys = (0..<(seed % 5 == 0 ? 3 : 25)).map { _ in start + CursorCase.bareKey(&random) }
    let cuts = (0..<5).map { _ in Int.random(in: 0...steps, using: &random) }.sorted() + [steps]
    var done = 0
    for (layer, cut) in cuts.enumerated() {
      let (points, ranges) = history(steps: cut - done, &random)
      done = cut
      versions += points
      tombstones += ranges
      let sorted = points.sorted { order.compare($0.key, $1.key) < 0 }
      switch layer {
      case 0, 1: try addLevel(sorted, ranges, &random)
      case 2, 3: try addLevelZero(sorted, ranges, &random)
      default: addMemtable(points, ranges)
      }
    }
    versions.sort { order.compare($0.key, $1.key) < 0 }
  }

  /// Short keys over few letters, so that some are empty and some are prefixes of each other.
  static func bareKey(_ random: inout SeededRandom) -> [UInt8] {
    let letters: [UInt8] = [0, 1, 0x61, 0x7F, 0x80, 0xFF]
    return (0..<Int.random(in: 0...4, using: &random)).map { _ in letters.randomElement(using: &random)! }
  }

  func anyKey(_ random: inout SeededRandom) -> [UInt8] {
    Bool.random(using: &random) ? keys.randomElement(using: &random)! : CursorCase.bareKey(&random)
  }

  func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBytes { a in b.withUnsafeBytes { order.compareWithoutTimestamp(a, $0) } }
  }

  // MARK: Making the history

  private mutating func history(
    steps: Int, _ random: inout SeededRandom
  ) -> (points: [Version], ranges: [RangeTombstone]) {
    var points: [Version] = []
    var ranges: [RangeTombstone] = []
    for _ in 0..<steps {
      lastSequence += UInt64.random(in: 1...2, using: &random)
      // A little-endian number that never falls, as engines demand.
      let stamp = order.timestampSize == 0 ? [] : withUnsafeBytes(of: (lastSequence / 4).littleEndian) { [UInt8]($0) }
      if Int.random(in: 0..<12, using: &random) == 0 {
        let ends = [anyKey(&random), anyKey(&random)].sorted { compare($0, $1) < 0 }
        guard ends[0] != ends[1] else { continue }
        ranges.append(RangeTombstone(begin: ends[0] + stamp, end: ends[1] + stamp, sequence: lastSequence))
        continue
      }
      let kinds: [EntryKind] = [
        .value, .value, .value, .merge, .merge, .blobIndex, .valuePreferredSequence,
        order.timestampSize == 0 ? .deletion : .deletionWithTimestamp, .singleDeletion,
      ]
      let kind = kinds.randomElement(using: &random)!
      let key = InternalKey(
        userKey: keys.randomElement(using: &random)! + stamp, sequence: lastSequence, kind: kind)
      let value = [UInt8](repeating: UInt8(truncatingIfNeeded: lastSequence), count: random.below(40))
      points.append(Version(key: key, kind: kind, value: kind.isPointTombstone ? [] : value))
    }
    return (points, ranges)
  }

  /// As it is stored: an inlined blob of the old BlobDB, and a value with its time behind it.
  private static func stored(_ version: Version) -> [UInt8] {
    switch version.kind {
    case .blobIndex: [0, 0] + version.value
    case .valuePreferredSequence: version.value + [UInt8](repeating: 1, count: 8)
    default: version.value
    }
  }

  private mutating func addLevel(
    _ sorted: [Version], _ ranges: [RangeTombstone], _ random: inout SeededRandom
  ) throws {
    var run: [TableMetadata] = []
    var rest = sorted[...]
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...12, using: &random))
      rest = rest.dropFirst(part.count)
      if let table = try addTable(Array(part), [], &random) { run.append(table) }
    }
    if !run.isEmpty { runs.insert(run, at: 0) }
    tableTombstones.append(RangeTombstones(ranges, order: order))
  }

  private mutating func addLevelZero(
    _ sorted: [Version], _ ranges: [RangeTombstone], _ random: inout SeededRandom
  ) throws {
    if let table = try addTable(sorted, ranges, &random) { runs.insert([table], at: 0) }
    tableTombstones.append(RangeTombstones(ranges, order: order))
  }

  private mutating func addTable(
    _ sorted: [Version], _ ranges: [RangeTombstone], _ random: inout SeededRandom
  ) throws -> TableMetadata? {
    guard !sorted.isEmpty || !ranges.isEmpty else { return nil }
    let number = UInt64(directory.files.count + 1)
    let name = DatabaseFile.table(number, .sst).name
    let file = MemoryFile(name: name)
    var options = TableOptions()
    options.order = order
    options.blockSize = [1, 64, 4096].randomElement(using: &random)!
    options.restartInterval = [1, 2, 16].randomElement(using: &random)!
    if Bool.random(using: &random) {
      options.indexType = .twoLevel
      options.partitionSize = 64
    }
    let writer = try TableWriter(file: file, options: options)
    for version in sorted {
      try version.key.bytes.withUnsafeBytes { key in
        try CursorCase.stored(version).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
    }
    for range in ranges { try writer.addRangeTombstone(range) }
    let summary = try writer.finish()
    directory.files[name] = file
    return TableMetadata(
      number: number, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence)
  }

  private mutating func addMemtable(_ points: [Version], _ ranges: [RangeTombstone]) {
    let memtable = Memtable(order: order)
    var finger = Memtable.Finger()
    for point in points {
      MemtableTests.add(
        memtable, point.key.userKey, point.key.sequence, point.kind, CursorCase.stored(point), &finger)
    }
    for range in ranges {
      MemtableTests.add(memtable, range.begin, range.sequence, .rangeDeletion, range.end, &finger)
    }
    memtables.append(memtable)
  }

  // MARK: Reading

  func cursor(
    at snapshot: SequenceNumber, from start: [UInt8]? = nil, to end: [UInt8]? = nil, cache: TableCache? = nil
  ) -> VisibleCursor {
    let cache = cache ?? TableCache(directory: directory)
    let sources =
      memtables.reversed().map { EntrySource($0) }
      + runs.map {
        EntrySource(TableRun($0, cache: cache, order: order, damage: nil, end: end), order: order)
      }
    let tombstones = RangeTombstones(
      merging: memtables.compactMap(\.tombstones) + tableTombstones, order: order, snapshot: snapshot)
    return VisibleCursor(
      MergingCursor(sources, order: order), order: order, snapshot: snapshot,
      tombstones: tombstones, mergeOperator: mergeOperator,
      blobs: BlobStore(directory: directory), start: start, end: end)
  }

  static func row(_ cursor: borrowing VisibleCursor) -> Row {
    var row = Row(
      key: [UInt8](cursor.userKey), value: [UInt8](cursor.value), sequence: cursor.sequence,
      timestamp: cursor.timestamp)
    if cursor.content == .operands { (row.operands, row.hasBase) = (cursor.operands, cursor.hasBase) }
    return row
  }

  // MARK: The model

  /// All that a reader sees, in the order of keys.
  func rows(at snapshot: SequenceNumber, from start: [UInt8]? = nil, to end: [UInt8]? = nil) throws -> [Row] {
    var rows: [Row] = []
    var index = 0
    while index < versions.count {
      let key = bare(versions[index])
      var group: [Version] = []
      while index < versions.count, bare(versions[index]) == key {
        if versions[index].key.sequence <= snapshot { group.append(versions[index]) }
        index += 1
      }
      if let start, compare(key, start) < 0 { continue }
      if let end, compare(key, end) >= 0 { continue }
      if let row = try row(key, group, snapshot) { rows.append(row) }
    }
    return rows
  }

  /// From the newest version down to what ends the key's history.
  private func row(_ key: [UInt8], _ group: [Version], _ snapshot: SequenceNumber) throws -> Row? {
    var operands: [[UInt8]] = []
    var base: [UInt8]?
    for version in group {
      if version.kind.isPointTombstone || isCovered(version, key, snapshot) { break }
      if version.kind != .merge {
        base = version.value
        break
      }
      operands.insert(version.value, at: 0)
    }
    guard let newest = group.first, base != nil || !operands.isEmpty else { return nil }
    var row = Row(key: key, value: base ?? [], sequence: newest.key.sequence, timestamp: timestamp(newest.key.userKey))
    if operands.isEmpty { return row }
    if let combined = try combined(key, base, operands) {
      row.value = combined
    } else {
      (row.operands, row.hasBase) = (operands, base != nil)
    }
    return row
  }

  private func combined(_ key: [UInt8], _ base: [UInt8]?, _ operands: [[UInt8]]) throws -> [UInt8]? {
    try key.withUnsafeBytes { key in
      try (base ?? []).withUnsafeBytes {
        try mergeOperator?.apply(key: key, base: base == nil ? nil : $0, operands: operands)
      }
    }
  }

  private func isCovered(_ version: Version, _ key: [UInt8], _ snapshot: SequenceNumber) -> Bool {
    tombstones.contains { tombstone in
      let size = order.timestampSize
      guard tombstone.sequence <= snapshot, tombstone.sequence > version.key.sequence else { return false }
      if let own = timestamp(version.key.userKey), own > timestamp(tombstone.begin)! { return false }
      return compare(Array(tombstone.begin.dropLast(size)), key) <= 0
        && compare(key, Array(tombstone.end.dropLast(size))) < 0
    }
  }

  private func bare(_ version: Version) -> [UInt8] { Array(version.key.userKey.dropLast(order.timestampSize)) }

  private func timestamp(_ userKey: [UInt8]) -> UInt64? {
    order.timestampSize == 0 ? nil : userKey.withUnsafeBytes { $0.internalKeyTrailer }
  }
}
