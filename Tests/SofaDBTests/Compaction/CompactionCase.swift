import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// A random family in a simulated directory: a history of writes, spread over levels as an engine would, the older the
/// deeper. Everything follows from the seed.
struct CompactionCase {
  var order = KeyOrder.bytewise
  var mergeOperator: MergeOperator? = .stringAppend(delimiter: [0x2C])
  var keyCount = 12
  var writeCount = 120
  /// How often each operation comes.
  var puts = 6
  var deletions = 3
  var singleDeletions = 1
  var merges = 3
  var ranges = 1
  var blobs = 1
  var table = TableOptions()

  var random: SeededRandom
  let fileSystem: SimulatedFileSystem
  let directory: any Directory
  private(set) var tables: [TableMetadata] = []
  private(set) var lastSequence: SequenceNumber = 0
  private var nextNumber: UInt64 = 10

  init(seed: Int) throws {
    random = SeededRandom(seed: UInt64(seed) &* 7919 &+ 3)
    fileSystem = SimulatedFileSystem()
    directory = try fileSystem.directory(at: "db")
    table.blockSize = [1, 64, 300].randomElement(using: &random)!
    table.compression = [.none, .lz4, .zstd].randomElement(using: &random)!
    table.filterBitsPerKey = [0, 10].randomElement(using: &random)!
    table.formatVersion = Int.random(in: 2...7, using: &random)
    table.restartInterval = [1, 3, 16].randomElement(using: &random)!
  }

  /// The same tables on a copy of the disk.
  init(_ other: CompactionCase, on fileSystem: SimulatedFileSystem) throws {
    (order, mergeOperator, table, random) = (other.order, other.mergeOperator, other.table, other.random)
    (tables, lastSequence, nextNumber) = (other.tables, other.lastSequence, other.nextNumber)
    self.fileSystem = fileSystem
    directory = try fileSystem.directory(at: "db")
  }

  // MARK: Writing

  typealias Write = HistoryModel.Entry

  /// Makes the history and its tables, the oldest writes in the deepest of `levels`, which ascend.
  mutating func fill(levels: [Int]) throws {
    table.order = order
    var writes: [Write] = []
    var tombstones: [RangeTombstone] = []
    for sequence in 1...SequenceNumber(writeCount) {
      let operation = draw(sequence)
      if operation.kind == .rangeDeletion {
        tombstones.append(RangeTombstone(begin: operation.key, end: operation.value, sequence: sequence))
      } else {
        writes.append(operation)
      }
    }
    lastSequence = SequenceNumber(writeCount)
    // Ages of the levels: the newest writes in the first.
    var upper = lastSequence
    for (index, level) in levels.enumerated() {
      let rest = levels.count - index
      let lower = rest == 1 ? 0 : upper - upper / SequenceNumber(rest)
      let isIn = { (sequence: SequenceNumber) in sequence > lower && sequence <= upper }
      try addTables(
        writes.filter { isIn($0.sequence) }, tombstones.filter { isIn($0.sequence) }, level: level,
        parts: level == 0 ? 1 : Int.random(in: 1...4, using: &random))
      upper = lower
    }
  }

  mutating func draw(_ sequence: SequenceNumber) -> Write {
    let key = key(random.below(keyCount))
    let value = Array("\(sequence)".utf8) + [UInt8](repeating: 0x2E, count: random.below(30))
    var choice = random.below(puts + deletions + singleDeletions + merges + ranges + blobs)
    func take(_ share: Int) -> Bool {
      choice -= share
      return choice < 0
    }
    if take(puts) { return Write(key: key, sequence: sequence, kind: .value, value: value) }
    if take(deletions) { return Write(key: key, sequence: sequence, kind: .deletion, value: []) }
    if take(singleDeletions) { return Write(key: key, sequence: sequence, kind: .singleDeletion, value: []) }
    if take(merges) {
      return Write(key: key, sequence: sequence, kind: .merge, value: mergeOperator == .uint64Add ? number() : value)
    }
    if take(ranges) {
      var ends = [key, self.key(random.below(keyCount))]
      if order.compare(ends[0], ends[1]) > 0 { ends.swapAt(0, 1) }
      if ends[0] != ends[1] {
        return Write(key: ends[0], sequence: sequence, kind: .rangeDeletion, value: ends[1])
      }
      return Write(key: key, sequence: sequence, kind: .value, value: value)
    }
    let reference: [UInt8] = [1, UInt8(1 + random.below(9)), 10, 20, 0]
    return Write(key: key, sequence: sequence, kind: .blobIndex, value: reference)
  }

  private mutating func number() -> [UInt8] {
    withUnsafeBytes(of: UInt64(random.below(1000)).littleEndian) { [UInt8]($0) }
  }

  /// Keys of several shapes: nested prefixes, an empty one, high bytes.
  func key(_ index: Int) -> [UInt8] {
    switch index % 4 {
    case 0: [UInt8](repeating: 0x61, count: index / 4)
    case 1: Array("key-\(100 + index)".utf8)
    case 2: [0xFF, UInt8(truncatingIfNeeded: index), 0]
    default: Array("key-\(100 + index)-with-a-longer-tail".utf8)
    }
  }

  /// Writes one sorted run as `parts` tables cut between user keys.
  mutating func addTables(
    _ writes: [Write], _ tombstones: [RangeTombstone], level: Int, parts: Int = 1
  ) throws {
    table.order = order
    let order = order
    let sorted = writes.sorted {
      let result = order.compare($0.key, $1.key)
      return result != 0 ? result < 0 : $0.sequence > $1.sequence
    }
    let keys = sorted.map(\.key)
    var bounds: [[UInt8]] = []
    for part in stride(from: 1, to: parts, by: 1) where !keys.isEmpty {
      let key = keys[keys.count * part / parts]
      if bounds.last.map({ order.compare($0, key) < 0 }) ?? (order.compare(keys[0], key) < 0) { bounds.append(key) }
    }
    for index in 0...bounds.count {
      let lower = index == 0 ? nil : bounds[index - 1]
      let upper = index == bounds.count ? nil : bounds[index]
      let holds = { (key: [UInt8]) in
        (lower.map { order.compare($0, key) <= 0 } ?? true) && (upper.map { order.compare(key, $0) < 0 } ?? true)
      }
      try addTable(
        sorted.filter { holds($0.key) }, tombstones.compactMap { clip($0, lower, upper) }, level: level)
    }
  }

  private func clip(_ tombstone: RangeTombstone, _ lower: [UInt8]?, _ upper: [UInt8]?) -> RangeTombstone? {
    var result = tombstone
    if let lower, order.compare(result.begin, lower) < 0 { result.begin = lower }
    if let upper, order.compare(result.end, upper) > 0 { result.end = upper }
    return order.compare(result.begin, result.end) < 0 ? result : nil
  }

  /// Writes one table as it is given.
  mutating func addTable(_ sorted: [Write], _ tombstones: [RangeTombstone], level: Int) throws {
    guard !sorted.isEmpty || !tombstones.isEmpty else { return }
    let number = nextNumber
    nextNumber += 1
    table.order = order
    let writer = try TableWriter(file: directory.create(DatabaseFile.table(number).name), options: table)
    for write in sorted {
      try write.key.withUnsafeBytes { key in
        try write.value.withUnsafeBytes {
          try writer.add(userKey: key, sequence: write.sequence, kind: write.kind, value: $0)
        }
      }
    }
    for tombstone in tombstones { try writer.addRangeTombstone(tombstone) }
    let summary = try writer.finish()
    lastSequence = max(lastSequence, summary.largestSequence)
    tables.append(
      TableMetadata(
        number: number, level: level, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
        smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence, epoch: nil))
  }

  /// Changes what a MANIFEST says of table `index`.
  mutating func edit(_ index: Int, _ change: (inout TableMetadata) -> Void) {
    change(&tables[index])
    lastSequence = max(lastSequence, tables[index].largestSequence)
  }

  // MARK: Compacting

  var family: ColumnFamily {
    ColumnFamily(id: 0, name: "default", comparator: order.name, logNumber: 0, tables: tables)
  }

  /// All tables as one model.
  func model(_ tables: [TableMetadata], in directory: (any ReadableDirectory)? = nil) throws -> HistoryModel {
    var model = HistoryModel(order, mergeOperator)
    let cache = TableCache(directory: directory ?? self.directory)
    for table in tables { try model.add(table, cache) }
    return model
  }

  func plan(_ inputs: Set<UInt64>? = nil, to level: Int) throws -> CompactionPlan {
    var plan = try CompactionPlan(
      family, inputs: inputs ?? Set(tables.map(\.number)), outputLevel: level, options: table)
    plan.mergeOperator = mergeOperator
    return plan
  }

  func job(_ plan: CompactionPlan) throws -> CompactionJob { try CompactionCase.job(plan, in: directory) }

  /// Outputs are numbered from 1000 on in the same directory; no number comes twice.
  static func job(_ plan: CompactionPlan, in directory: any Directory) throws -> CompactionJob {
    CompactionJob(
      plan, cache: TableCache(directory: directory),
      target: CompactionTarget(directory: directory) { numbers.next() })
  }

  private static let numbers = Counter()

  private final class Counter: Sendable {
    private let value = Atomic<UInt64>(1000)
    func next() -> UInt64 { value.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  /// The tables of the family once the result is committed.
  func after(_ result: CompactionResult, _ plan: CompactionPlan) -> [TableMetadata] {
    let gone = Set(plan.inputs.map(\.number))
    return tables.filter { !gone.contains($0.number) } + result.outputs.map(\.metadata)
  }

  /// Compacts, and checks that every reader sees the same as before and that levels are in order.
  @discardableResult
  func expectSameViews(
    _ plan: CompactionPlan, jobs: Int = 1, pieces: Int? = nil, _ place: SourceLocation = #_sourceLocation
  ) throws -> (result: CompactionResult, after: HistoryModel) {
    var job = try job(plan)
    job.jobs = jobs
    job.pieces = pieces
    let result = try job.run()
    let tables = after(result, plan)
    let before = try model(self.tables)
    let after = try model(tables)
    for snapshot in plan.snapshots + [.maximum] {
      let expected = before.view(at: snapshot)
      let found = after.view(at: snapshot)
      if expected != found {
        Issue.record("at \(snapshot): \(CompactionCase.difference(expected, found))", sourceLocation: place)
      }
    }
    try expectOrder(tables, place)
    return (result, after)
  }

  private static func difference(
    _ expected: [[UInt8]: HistoryModel.Shown], _ found: [[UInt8]: HistoryModel.Shown]
  ) -> String {
    let keys = Set(expected.keys).union(found.keys).filter { expected[$0] != found[$0] }
    return keys.prefix(3).map {
      "\($0): expected \(expected[$0]?.description ?? "nothing"), found \(found[$0]?.description ?? "nothing")"
    }.joined(separator: "; ")
  }

  /// Levels do not overlap, bounds are the tables', and newer versions of a key are never below older ones.
  private func expectOrder(_ tables: [TableMetadata], _ place: SourceLocation) throws {
    let family = ColumnFamily(id: 0, name: "default", comparator: order.name, logNumber: 0, tables: tables)
    let version = Version(families: [family], lastSequence: lastSequence, nextFileNumber: 1 << 40)
    for violation in VersionInvariants.check(version) where violation.rule != .blobReference {
      Issue.record("\(violation)", sourceLocation: place)
    }
    var oldest: [[UInt8]: SequenceNumber] = [:]
    let runs = family.levels[0].map { [$0] } + family.levels[1...]
    for run in runs {
      let model = try model(run)
      for entry in model.entries {
        if let above = oldest[entry.key], entry.sequence > above {
          Issue.record("\(entry.key) is newer in level \(run[0].level) than above", sourceLocation: place)
        }
      }
      for entry in model.entries { oldest[entry.key] = min(entry.sequence, oldest[entry.key] ?? .max) }
    }
  }
}
