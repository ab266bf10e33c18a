import SofaTesting
import Testing

@testable import SofaDB

/// Tables as our own reader sees them, and what the writer refuses.
@Suite struct TableWriterTests {
  private func writer(_ file: MemoryFile = MemoryFile(), _ change: (inout TableOptions) -> Void = { _ in }) throws
    -> TableWriter
  {
    var options = TableOptions()
    change(&options)
    return try TableWriter(file: file, options: options)
  }

  private func add(
    _ writer: TableWriter, _ key: String, _ sequence: SequenceNumber, _ kind: EntryKind = .value, value: String = "v"
  ) throws(DatabaseError) {
    let bytes = Array(value.utf8)
    let userKey = Array(key.utf8)
    var failure: DatabaseError?
    userKey.withUnsafeBytes { key in
      bytes.withUnsafeBytes { value in
        do throws(DatabaseError) {
          try writer.add(userKey: key, sequence: sequence, kind: kind, value: value)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  // MARK: Read back

  @Test(arguments: 0..<105) func itReadsBack(_ number: Int) throws {
    let table = TableCase(number, external: number % 2 == 0)
    let file = MemoryFile()
    let summary = try table.write(to: file)
    #expect(file.size == summary.fileSize)
    let reader = try TableReader(file)
    #expect(reader.order == table.options.order)
    #expect(reader.file.footer.formatVersion == UInt32(table.options.formatVersion))
    var cursor = reader.cursor()
    try cursor.seekToFirst()
    for entry in table.entries {
      guard cursor.isValid else {
        Issue.record("entries are missing: \(table)")
        return
      }
      let key = InternalKey(userKey: entry.userKey, sequence: entry.sequence, kind: entry.kind)
      #expect(equal(cursor.key, key.bytes) && equal(cursor.value, entry.value), "\(table)")
      try cursor.next()
    }
    #expect(!cursor.isValid, "\(table)")
    #expect(Set(reader.rangeDeletions) == Set(table.tombstones), "\(table)")
    try findAll(table, in: reader)
    try checkCounts(table, summary, reader)
  }

  /// Compares as fast without optimisation.
  private func equal(_ bytes: UnsafeRawBufferPointer, _ expected: [UInt8]) -> Bool {
    expected.withUnsafeBytes { KeyOrder.bytewise(bytes, $0) == 0 }
  }

  private func findAll(_ table: TableCase, in reader: TableReader) throws {
    var cursor = reader.cursor()
    for entry in table.entries {
      let key = InternalKey(userKey: entry.userKey, sequence: entry.sequence, kind: entry.kind)
      let isFound = try key.bytes.withUnsafeBytes { try cursor.find($0) }
      #expect(isFound && equal(cursor.key, key.bytes), "\(table)")
      let may = try entry.userKey.withUnsafeBytes { try reader.mayContain($0) }
      #expect(may, "the filter denies a key: \(table)")
    }
    guard table.options.filterBitsPerKey > 9, table.entries.count >= 100 else { return }
    let denied = try (0..<200).filter { index in
      try !Array("absent \(index)".utf8).withUnsafeBytes { try reader.mayContain($0) }
    }
    #expect(denied.count > 150, "the filter denies nothing: \(table)")
  }

  private func checkCounts(_ table: TableCase, _ summary: TableSummary, _ reader: TableReader) throws {
    let order = table.options.order
    var keys = table.entries.map { InternalKey(userKey: $0.userKey, sequence: $0.sequence, kind: $0.kind) }
    var sizes = keys.reduce(0) { $0 + $1.bytes.count } + table.entries.reduce(0) { $0 + $1.value.count }
    let deletions = table.entries.count { $0.kind.isPointTombstone }
    for tombstone in table.tombstones {
      keys.append(InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: EntryKind.rangeDeletion))
      keys.append(InternalKey(rangeDeletionEnd: tombstone.end))
      sizes += tombstone.begin.count + 8 + tombstone.end.count
    }
    keys.sort { order.compare($0, $1) < 0 }
    #expect(summary.smallest == keys.first && summary.largest == keys.last, "\(table)")
    let sequences = table.entries.map(\.sequence) + table.tombstones.map(\.sequence)
    #expect(summary.smallestSequence == sequences.min() && summary.largestSequence == sequences.max(), "\(table)")
    #expect(summary.entryCount == UInt64(table.entries.count + table.tombstones.count))
    #expect(summary.tombstoneCount == UInt64(deletions + table.tombstones.count))
    #expect(summary.rawSize == UInt64(sizes))
    let properties = reader.properties
    #expect(properties == summary.properties)
    #expect(properties.entryCount == summary.entryCount && properties.deletionCount == summary.tombstoneCount)
    #expect(properties.rangeDeletionCount == UInt64(table.tombstones.count))
    #expect(properties.mergeOperandCount == UInt64(table.entries.count { $0.kind == .merge }))
    #expect(properties.rawKeySize + properties.rawValueSize == UInt64(sizes))
    #expect(properties.dataSize == summary.tailOffset && properties.dataBlockCount == summary.dataBlockCount)
    #expect(properties.externalVersion == (table.options.external ? 2 : nil))
  }

  /// Our data, filter and index blocks are those that an independent writer makes.
  @Test func minimalTablesAgree() throws {
    for vector in try Vectors("minimal-sst")["files"].array {
      let bytes = vector["file_hex"].hexBytes
      let theirs = try TableReader(MemoryFile(bytes))
      let file = MemoryFile()
      let table = try writer(file) { options in
        options.external = true
        options.compression = Compression(rawValue: bytes[Int(theirs.properties.dataSize) - 5]) ?? .none
        options.formatVersion = Int(theirs.file.footer.formatVersion)
        options.checksum = theirs.file.footer.checksum
        options.contextBase = theirs.file.footer.contextBase == 0 ? nil : theirs.file.footer.contextBase
        options.filterBitsPerKey = theirs.properties.filterSize == 0 ? 0 : 10
        options.indexKeysAreUserKeys = theirs.properties.indexKeysAreUserKeys
        options.indexValuesAreDeltaCoded = theirs.properties.indexValuesAreDeltaEncoded
      }
      for entry in vector["entries"].array {
        let value = entry[3].hexBytes
        let key = InternalKey(userKey: entry[0].hexBytes, sequence: entry[1].uint64, kind: UInt8(entry[2].int))
        try key.bytes.withUnsafeBytes { key in
          try value.withUnsafeBytes { try table.add(internalKey: key, value: $0) }
        }
      }
      for tombstone in vector["range_tombstones"].array {
        try table.addRangeTombstone(
          begin: tombstone[0].hexBytes, end: tombstone[1].hexBytes, sequence: tombstone[2].uint64)
      }
      _ = try table.finish()
      let ours = try TableReader(file)
      #expect(ours.rangeDeletions == theirs.rangeDeletions)
      for name in [PropertyName.entryCount, .deletionCount, .rawKeySize, .rawValueSize, .filterSize, .comparator] {
        #expect(ours.properties[name] == theirs.properties[name], "\(name) in \(vector["name"].string)")
      }
      #expect(try contents(ours) == contents(theirs), "\(vector["name"].string)")
    }
  }

  private func contents(_ reader: TableReader) throws -> [[UInt8]] {
    var all: [[UInt8]] = []
    var cursor = reader.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      all.append([UInt8](cursor.key))
      all.append([UInt8](cursor.value))
      try cursor.next()
    }
    return all
  }

  // MARK: Refusals

  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise, KeyOrder(name: "leveldb.BytewiseComparator.u64ts")])
  func orderIsEnforced(_ order: KeyOrder) throws {
    let keys = ["", "a", "ab", "ab\u{0}", "abc", "b", "bbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbbc", "é"]
    for left in keys {
      for right in keys {
        for (older, newer) in [(5, 5), (5, 6), (6, 5)] as [(SequenceNumber, SequenceNumber)] {
          let suffix = order.timestampSize > 0 ? "12345678" : ""
          let first = InternalKey(userKey: Array((left + suffix).utf8), sequence: older, kind: EntryKind.value)
          let second = InternalKey(userKey: Array((right + suffix).utf8), sequence: newer, kind: EntryKind.value)
          let table = try writer { $0.order = order }
          try add(table, left + suffix, older)
          let isAscending = order.compare(first, second) < 0
          if isAscending {
            try add(table, right + suffix, newer)
          } else {
            #expect(throws: DatabaseError.self) { try add(table, right + suffix, newer) }
          }
          #expect(try table.finish().entryCount == (isAscending ? 2 : 1))
        }
      }
    }
  }

  @Test func externalTablesHoldEachKeyOnceAtSequenceZero() throws {
    let table = try writer { $0.external = true }
    try add(table, "a", 0)
    #expect(throws: DatabaseError.self) { try add(table, "a", 0, .deletion) }
    #expect(throws: DatabaseError.self) { try add(table, "b", 1) }
    #expect(throws: DatabaseError.self) { try table.addRangeTombstone(begin: [1], end: [2], sequence: 1) }
    try add(table, "b", 0)
    #expect(try table.finish().entryCount == 2)
  }

  @Test func badEntriesAreRefused() throws {
    let table = try writer()
    #expect(throws: DatabaseError.self) { try table.finish() }
    #expect(throws: DatabaseError.self) { try add(table, "a", .maximum + 1) }
    #expect(throws: DatabaseError.self) { try add(table, "a", 1, .rangeDeletion) }
    #expect(throws: DatabaseError.self) { try table.addRangeTombstone(begin: [2], end: [2], sequence: 1) }
    #expect(throws: DatabaseError.self) { try table.addRangeTombstone(begin: [2], end: [1], sequence: 1) }
    let short: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
    #expect(throws: DatabaseError.self) {
      try short.withUnsafeBytes { try table.add(internalKey: $0, value: $0) }
    }
    let unknown = InternalKey(userKey: [1], sequence: 1, kind: 0x55)
    #expect(throws: DatabaseError.self) {
      try unknown.bytes.withUnsafeBytes { try table.add(internalKey: $0, value: $0) }
    }
    #expect(table.isEmpty)
    table.abandon()
  }

  @Test func badOptionsAreRefused() throws {
    let changes: [(inout TableOptions) -> Void] = [
      { $0.formatVersion = 1 }, { $0.formatVersion = 8 }, { $0.compression = .bzip2 }, { $0.checksum = .none },
      { $0.order = KeyOrder(name: "mine") }, { $0.blockSize = 0 }, { $0.restartInterval = 0 },
      { $0.filterBitsPerKey = .nan }, { $0.filterBitsPerKey = 1000 }, { $0.contextBase = 0 }, { $0.level = 99 },
      { ($0.indexValuesAreDeltaCoded, $0.formatVersion) = (true, 3) },
      { ($0.indexKeysAreUserKeys, $0.formatVersion) = (true, 2) },
      { ($0.hashesDataBlocks, $0.order) = (true, KeyOrder(name: "leveldb.BytewiseComparator.u64ts")) },
    ]
    for change in changes {
      let file = MemoryFile()
      #expect(throws: DatabaseError.self) { _ = try writer(file, change) }
      #expect(file.size == 0)
    }
  }

  // MARK: Details

  @Test func blobReferencesAreCounted() throws {
    let table = try writer()
    for (key, number) in [("a", 9), ("b", 4), ("c", 12)] as [(String, UInt64)] {
      var index = ByteWriter()
      index.append(1)
      for part in [number, 100, 50] { index.appendVarint(part) }
      index.append(0)
      try Array(key.utf8).withUnsafeBytes {
        try table.add(userKey: $0, sequence: 1, kind: .blobIndex, value: index.bytes)
      }
    }
    #expect(try table.finish().oldestBlobFile == 4)
  }

  @Test func largeIndexesArePartitionedAboveTheThreshold() throws {
    for threshold in [100, 1 << 20] {
      let file = MemoryFile()
      let table = try writer(file) { ($0.partitionThreshold, $0.blockSize) = (threshold, 64) }
      for index in 0..<2000 { try add(table, "key \(100_000 + index)", 7) }
      let properties = try table.finish().properties
      #expect(properties.indexType == (threshold == 100 ? 2 : 0))
      let reader = try TableReader(file)
      #expect(try contents(reader).count == 4000)
    }
  }

  @Test func propertiesOfVersionSevenNameTheStoredTypes() throws {
    for (codec, value, expected) in [
      (Compression.none, "x", ";;"), (.zstd, "x", "BuiltinV2;;"),
      (.zstd, String(repeating: "x", count: 1000), "BuiltinV2;07;"),
    ] {
      let table = try writer { ($0.formatVersion, $0.compression, $0.compressesIndex) = (7, codec, false) }
      try add(table, "a", 1, value: value)
      #expect(try table.finish().properties.compression == expected)
    }
  }

  @Test func theFileGetsLargePieces() throws {
    let system = SimulatedFileSystem()
    let table = try TableWriter(file: try system.directory(at: "db").create("1.sst"), options: TableOptions())
    var random = SeededRandom(seed: 1)
    for index in 0..<4000 {
      try add(table, "key \(100_000 + index)", 1, value: String(decoding: random.bytes(700), as: UTF8.self))
    }
    let summary = try table.finish()
    let appends = system.operations.filter { $0.kind == .append }.map(\.count)
    #expect(appends.reduce(0, +) == Int(summary.fileSize))
    #expect(appends.count > 2 && appends.dropLast().allSatisfy { $0 >= 1 << 20 })
    #expect(system.unclosedFiles.isEmpty)
  }

  /// Whatever fails: no success is claimed unless the bytes are there, and the file is closed.
  @Test func noFaultIsSwallowed() throws {
    let table = TableCase(7, external: false)
    var fixed = table
    fixed.options.contextBase = 77
    let expected = MemoryFile()
    try fixed.write(to: expected)
    let content = expected.content
    let report = enumerateFaults {
      let directory = try $0.directory(at: "db")
      try fixed.write(to: try directory.create("1.sst"), syncing: true)
      try directory.sync()
    } check: { outcome in
      guard outcome.error == nil else { return }
      let file = try outcome.fileSystem.directory(at: "db").open("1.sst")
      let bytes = try file.readExactly(content.count, at: 0)
      #expect(bytes.bytes.elementsEqual(content) && file.size == UInt64(content.count), "\(outcome)")
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs >= 15)
  }

  /// A pool changes who compresses, not one byte of the result.
  @Test(arguments: [0, 1, 3]) func threadsWriteTheSameBytes(_ threads: Int) throws {
    let pool = CompressionPool(threads: threads)
    for number in [1, 2, 12, 13, 17, 22, 37, 41] {
      var table = TableCase(number, external: false)
      table.options.contextBase = 5
      let (plain, threaded) = (MemoryFile(), MemoryFile())
      try table.write(to: plain)
      try table.write(to: threaded, pool: pool)
      #expect(plain.content == threaded.content, "\(table)")
    }
  }

  @Test func manyWritersShareAPool() throws {
    let pool = CompressionPool(threads: 2)
    var options = TableOptions()
    options.compression = .zstd
    let pieces = 6
    var files: [MemoryFile] = []
    var writers: [TableWriter] = []
    for _ in 0..<pieces {
      let file = MemoryFile()
      files.append(file)
      writers.append(try TableWriter(file: file, options: options, pool: pool))
    }
    // Some megabytes each, in turns, and one that is given up.
    let value = String(repeating: "some value ", count: 60)
    for index in 0..<3000 {
      for writer in writers { try add(writer, "key \(100_000 + index)", 3, value: value) }
    }
    writers.removeLast().abandon()
    for (writer, file) in zip(writers, files) {
      #expect(writer.estimatedFileSize > 0)
      let summary = try writer.finish()
      #expect(summary.entryCount == 3000 && summary.fileSize == file.size)
      #expect(try contents(try TableReader(file)).count == 6000)
    }
  }

  @Test func aTrainedDictionaryIsStoredAndUsed() throws {
    var sizes: [UInt64] = []
    for dictionarySize in [0, 4096] {
      for codec in [Compression.zstd, .lz4, .zlib] {
        let file = MemoryFile()
        let table = try writer(file) {
          ($0.compression, $0.trainedDictionarySize, $0.blockSize) = (codec, dictionarySize, 512)
        }
        var random = SeededRandom(seed: 4)
        for index in 0..<20_000 {
          let person = ["name", "street", "city", "country"].map { "\($0)=\(random.below(40) * 977)" }
          try add(table, "key \(1_000_000 + index)", 1, value: person.joined(separator: ";"))
        }
        let summary = try table.finish()
        sizes.append(summary.fileSize)
        let reader = try TableReader(file)
        #expect((reader.dictionary != nil) == (dictionarySize > 0))
        #expect(try contents(reader).count == 40_000)
      }
    }
    #expect(sizes[3] < sizes[0] * 9 / 10, "\(sizes)")
  }

  @Test func anAbandonedTableIsClosed() throws {
    let system = SimulatedFileSystem()
    do {
      let table = try TableWriter(file: try system.directory(at: "db").create("1.sst"), options: TableOptions())
      try add(table, "a", 1)
    }
    #expect(system.unclosedFiles.isEmpty && system.openHandles == 0)
  }
}
