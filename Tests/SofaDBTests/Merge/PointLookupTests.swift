import SofaTesting
import Testing

@testable import SofaDB

/// Looking up every key must find what the cursor over the same sources shows.
@Suite struct PointLookupTests {
  static let orders = [
    "leveldb.BytewiseComparator", "rocksdb.ReverseBytewiseComparator", "leveldb.BytewiseComparator.u64ts",
    "rocksdb.ReverseBytewiseComparator.u64ts",
  ].map(KeyOrder.init(name:))

  static let operators: [MergeOperator?] = [
    .stringAppend(delimiter: [0x2C]), .uint64Add, nil, .unknown(name: "somebody's"), .put,
  ]

  /// A family whose newest writes are in two memtables and the others in tables on four levels.
  struct Case {
    var sources: LookupSources
    var keys: [[UInt8]] = []
    var lastSequence: SequenceNumber
    let model: HistoryModel

    /// `filterBits`: of each key; nil for what the seed draws.
    init(order: KeyOrder, seed: Int, filterBits: Double? = nil) throws {
      var tables = try CompactionCase(seed: seed)
      tables.order = order
      tables.blobs = 0
      tables.writeCount = 200
      tables.mergeOperator = PointLookupTests.operators[seed % PointLookupTests.operators.count]
      tables.table.order = order
      PointLookupTests.vary(&tables.table, &tables.random)
      if let filterBits { tables.table.filterBitsPerKey = filterBits }
      let writes = Case.history(&tables)
      // Newest first: two memtables, two tables of level 0, levels 1 and 3.
      let ages: [ClosedRange<SequenceNumber>] = [181...200, 151...180, 121...150, 91...120, 51...90, 1...50]
      for (index, age) in ages.enumerated().dropFirst(2).reversed() {
        let part = writes.filter { age.contains($0.sequence) }
        let ranges = part.filter { $0.kind == .rangeDeletion }.map {
          RangeTombstone(begin: $0.key, end: $0.value, sequence: $0.sequence)
        }
        try tables.addTables(
          part.filter { $0.kind != .rangeDeletion }, ranges, level: [0, 0, 0, 0, 1, 3][index],
          parts: index < 4 || order.timestampSize > 0 ? 1 : 3)
      }
      lastSequence = 200
      let blocks = seed % 3 == 0 ? nil : BlockCache(capacity: 1 << 20)
      sources = LookupSources(order, tables.mergeOperator, in: tables.directory, blocks: blocks)
      sources.memtables = ages.prefix(2).map { age in
        let memtable = Memtable(order: order)
        var finger = Memtable.Finger()
        for write in writes where age.contains(write.sequence) {
          MemtableTests.add(memtable, write.key, write.sequence, write.kind, write.value, &finger)
        }
        return memtable
      }
      sources.levels = tables.family.levels
      var model = HistoryModel(order, tables.mergeOperator)
      for write in writes {
        if write.kind == .rangeDeletion {
          model.tombstones.append(RangeTombstone(begin: write.key, end: write.value, sequence: write.sequence))
        } else {
          model.entries.append(write)
        }
      }
      self.model = model
      let size = order.timestampSize
      keys = Set(writes.map { Array($0.key.dropLast(size)) }).flatMap { [$0, $0 + [0], Array($0.dropLast())] }
      keys += [[], [0xFF, 0xFF], [0x80]]
    }

    private static func history(_ tables: inout CompactionCase) -> [CompactionCase.Write] {
      let size = tables.order.timestampSize
      return (1...SequenceNumber(200)).map { sequence in
        var write = tables.draw(sequence)
        guard size > 0 else { return write }
        // Mostly rising with the sequence, as engines write them; not always, as nothing enforces it.
        let jitter = UInt64(tables.random.below(10) == 0 ? tables.random.below(60) : 0)
        let stamp = withUnsafeBytes(of: (sequence / 3 + jitter).littleEndian) { [UInt8]($0) }
        write.key += stamp
        if write.kind == .rangeDeletion { write.value += stamp }
        if write.kind == .deletion || write.kind == .singleDeletion { write.kind = .deletionWithTimestamp }
        return write
      }
    }
  }

  /// Every way of laying out blocks comes up.
  static func vary(_ options: inout TableOptions, _ random: inout SeededRandom) {
    options.indexRestartInterval = [1, 1, 3, 16].randomElement(using: &random)!
    if Bool.random(using: &random) {
      options.indexType = .twoLevel
      options.partitionSize = [64, 512].randomElement(using: &random)!
    }
    options.indexKeysAreUserKeys = options.formatVersion >= 3 && Bool.random(using: &random)
    options.indexValuesAreDeltaCoded = options.formatVersion >= 4 && Bool.random(using: &random)
    options.indexShortening = [.separators, .none, .separatorsAndSuccessor].randomElement(using: &random)!
    options.hashesDataBlocks = options.order.timestampSize == 0 && Bool.random(using: &random)
  }

  @Test(arguments: orders, 0..<20)
  func findsWhatTheCursorShows(order: KeyOrder, seed: Int) throws {
    let both = try Case(order: order, seed: seed)
    for snapshot in [0, 1, 40, 77, 100, 133, 160, 181, 199, 200, .maximum] as [SequenceNumber] {
      let view = try both.sources.view(at: snapshot)
      let model = order.timestampSize == 0 ? both.model.view(at: snapshot) : nil
      for key in both.keys {
        let found = try both.sources.find(key, at: snapshot)
        let expected = view[key] ?? .value(nil)
        if found != expected { Issue.record("\(key) at \(snapshot): \(found), the cursor shows \(expected)") }
        guard let model else { continue }
        switch model[key] {
        case nil: #expect(found == .value(nil))
        case .value(let value): #expect(found == .value(value))
        default: #expect(found == .unmerged)
        }
      }
    }
  }

  @Test(arguments: orders, 0..<5)
  func filtersChangeNoAnswer(order: KeyOrder, seed: Int) throws {
    let filtered = try Case(order: order, seed: seed, filterBits: 10)
    let plain = try Case(order: order, seed: seed, filterBits: 0)
    for table in filtered.sources.levels.joined() {
      #expect(try filtered.sources.cache.reader(table, order: order).filter() != nil)
    }
    for table in plain.sources.levels.joined() {
      #expect(try plain.sources.cache.reader(table, order: order).filter() == nil)
    }
    #expect(filtered.keys.count == plain.keys.count)
    for snapshot in [0, 45, 100, 160, .maximum] as [SequenceNumber] {
      for key in filtered.keys {
        #expect(try filtered.sources.find(key, at: snapshot) == plain.sources.find(key, at: snapshot))
      }
    }
  }

  @Test(arguments: orders, 0..<5)
  func theNewestSequenceOfAKeyCountsTombstones(order: KeyOrder, seed: Int) throws {
    let both = try Case(order: order, seed: seed)
    let bare = { (key: [UInt8]) in Array(key.dropLast(order.timestampSize)) }
    let compare = { (a: [UInt8], b: [UInt8]) in
      a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareWithoutTimestamp(left, $0) } }
    }
    for key in both.keys {
      let points = both.model.entries.filter { bare($0.key) == key }.map(\.sequence)
      let ranges = both.model.tombstones.filter {
        compare(bare($0.begin), key) <= 0 && compare(key, bare($0.end)) < 0
      }.map(\.sequence)
      #expect(try both.sources.newestSequence(key) == (points + ranges).max() ?? 0)
    }
  }

  /// A level may hold the versions of one key in two tables.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise], [1, 64, 4096])
  func versionsThatTwoTablesShareAreFound(order: KeyOrder, blockSize: Int) throws {
    var tables = try CompactionCase(seed: blockSize)
    tables.order = order
    tables.table.blockSize = blockSize
    let key = Array("shared".utf8)
    let write = { (key: [UInt8], sequence: SequenceNumber) in
      CompactionCase.Write(key: key, sequence: sequence, kind: .merge, value: Array("\(sequence)".utf8))
    }
    let outer = [Array("before".utf8), Array("very".utf8)].sorted { order.compare($0, $1) < 0 }
    try tables.addTable([write(outer[0], 3)] + [9, 8, 7].map { write(key, $0) }, [], level: 2)
    try tables.addTable([6, 5, 4].map { write(key, $0) } + [write(outer[1], 2)], [], level: 2)
    var sources = LookupSources(order, .stringAppend(delimiter: [0x2C]), in: tables.directory)
    sources.levels = tables.family.levels
    for snapshot in 3...10 as ClosedRange<SequenceNumber> {
      let expected = (4..<10).filter { $0 <= snapshot }.map(String.init).joined(separator: ",")
      let found = try sources.find(key, at: snapshot)
      #expect(found == .value(expected.isEmpty ? nil : Array(expected.utf8)))
      #expect(try sources.view(at: snapshot)[key] ?? .value(nil) == found)
    }
  }

  /// Long keys that share much, headers of more than one byte, and keys that span many blocks.
  @Test(arguments: 0..<45)
  func tablesOfEveryShapeAreRead(number: Int) throws {
    let table = TableCase(number, external: false)
    guard table.shape != .hugeValues else { return }
    let directory = try SimulatedFileSystem().directory(at: "db")
    let summary = try table.write(DatabaseFile.table(9).name, in: directory)
    var sources = LookupSources(
      table.options.order, .stringAppend(delimiter: [0x2C]), in: directory,
      blocks: number % 2 == 0 ? nil : BlockCache(capacity: 4 << 20))
    sources.levels = [
      [],
      [
        TableMetadata(
          number: 9, level: 1, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
          smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence)
      ],
    ]
    let live = Dictionary(uniqueKeysWithValues: table.live.map { ($0.key, $0.value) })
    for key in Set(table.entries.map(\.userKey)) {
      for probe in [key, key + [0], Array(key.dropLast())] {
        let found = try sources.find(probe, at: .maximum)
        if found != .value(live[probe]) { Issue.record("\(table): \(probe.count) bytes of key: \(found)") }
      }
    }
  }
}
