import SofaTesting
import Testing

@testable import SofaDB

/// Every table that the engines left in the fixtures, read in every way.
@Suite struct TableFixtureTests {
  struct Entry: Equatable {
    var key: [UInt8]
    var value: [UInt8]
    var block: BlockHandle
    var internalKey: InternalKey { get throws { try InternalKey(bytes: key) } }
  }

  static func scan(_ table: TableReader) throws -> [Entry] {
    var entries: [Entry] = []
    var cursor = table.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      entries.append(Entry(key: [UInt8](cursor.key), value: [UInt8](cursor.value), block: cursor.blockHandle))
      try cursor.next()
    }
    return entries
  }

  static let readable = FixtureTable.all.filter { !$0.isUnreadable }

  @Test func thereAreTables() {
    #expect(FixtureTable.all.count >= 270)
  }

  @Test(arguments: readable)
  func entriesAreOrderedAndCountedByTheProperties(_ fixture: FixtureTable) throws {
    let table = try fixture.open()
    #expect(table.isLevelDB == fixture.file.hasSuffix(".ldb"))
    let entries = try Self.scan(table)
    for (one, two) in zip(entries, entries.dropFirst()) {
      #expect(try table.order.compare(one.internalKey, two.internalKey) < 0)
    }
    guard !table.isLevelDB else { return }
    let properties = table.properties
    let tombstones = table.rangeDeletions
    let kinds = try entries.map { EntryKind(rawValue: try $0.internalKey.kind) }
    #expect(properties.entryCount == UInt64(entries.count + tombstones.count))
    #expect(properties.rangeDeletionCount == UInt64(tombstones.count))
    #expect(properties.deletionCount == UInt64(kinds.count { $0?.isPointTombstone ?? false } + tombstones.count))
    #expect(properties.mergeOperandCount == UInt64(kinds.count { $0 == .merge }))
    let blocks = Set(entries.map(\.block)).count
    #expect(properties.dataBlockCount == UInt64(blocks) || (table.dictionary != nil && properties.dataBlockCount == 0))
    let padding = table.strippedTimestamp
    let keys = entries.map { $0.key.count - padding } + tombstones.map { $0.begin.count + 8 - padding }
    let values = entries.map(\.value.count) + tombstones.map { $0.end.count - padding }
    #expect(properties.rawKeySize == UInt64(keys.reduce(0, +)))
    #expect(properties.rawValueSize == UInt64(values.reduce(0, +)))
    if let last = entries.last?.block.end { #expect(properties.dataSize >= last) }
    if let bounds = fixture.bounds, tombstones.isEmpty, let first = entries.first, let last = entries.last {
      let padding = table.strippedTimestamp + 8
      #expect(Vectors.bytes(hex: bounds.smallest).starts(with: first.key.dropLast(padding)))
      #expect(Vectors.bytes(hex: bounds.largest).starts(with: last.key.dropLast(padding)))
    }
    if let largest = fixture.largestSequence, table.globalSequence == 0 {
      let sequences = try entries.map { try $0.internalKey.sequence } + tombstones.map(\.sequence)
      #expect(sequences.max() ?? 0 <= largest)
    }
    if table.globalSequence != 0 {
      #expect(try entries.allSatisfy { try $0.internalKey.sequence == table.globalSequence })
      #expect(tombstones.allSatisfy { $0.sequence == table.globalSequence })
    }
  }

  @Test(arguments: readable)
  func separatorsBracketTheirBlocks(_ fixture: FixtureTable) throws {
    let table = try fixture.open()
    var index = IndexCursor(table)
    try index.seekToFirst()
    var previous: [UInt8]?
    while index.isValid {
      let contents = try table.file.readBlock(
        index.handle, kind: .data, dictionary: table.dictionary, decompressor: Decompressor())
      var block = BlockCursor()
      try block.load(contents.bytes)
      try block.checkRestarts()
      if let hashIndex = DataBlockHashIndex(block) { try hashIndex.check(&block) }
      try block.seekToFirst()
      let first = [UInt8](block.key)
      if let named = try index.firstKey() { #expect([UInt8](named) == first) }
      try block.seekToLast()
      let last = [UInt8](block.key)
      let isUser = table.indexFormat.keysAreUserKeys
      func compare(_ a: [UInt8], _ b: [UInt8]) throws -> Int {
        if isUser { return table.storedOrder.compare(a, b) }
        return table.storedOrder.compare(try InternalKey(bytes: a), try InternalKey(bytes: b))
      }
      func form(_ key: [UInt8]) -> [UInt8] { isUser ? Array(key.dropLast(8)) : key }
      let separator = [UInt8](index.separator)
      #expect(try compare(form(last), separator) <= 0)
      if let previous { #expect(try compare(previous, form(first)) < 0) }
      previous = separator
      withExtendedLifetime(contents) {}
      try index.next()
    }
  }

  @Test(arguments: readable)
  func filtersMatchEveryKey(_ fixture: FixtureTable) throws {
    let table = try fixture.open()
    guard let filter = try table.filter() else {
      #expect(table.metaIndex.filters.isEmpty || !table.properties.wholeKeyFiltering)
      return
    }
    var probe = FilterProbe(filter)
    for entry in try Self.scan(table) {
      let key = ByteBuffer(Array(entry.key.dropLast(8)))
      #expect(try probe.mayContain(key.bytes, blockOffset: entry.block.offset))
      #expect(try table.mayContain(key.bytes))
    }
  }

  @Test func filtersKeepOutMostOtherKeys() throws {
    let kinds = [
      "r783-fv5-zstd", "r783-ribbon", "l123-levels", "r984-part", "r1075-ribbon-part", "r783-bloom-legacy-bpk20",
    ]
    for name in kinds {
      let fixture = FixtureTable.named(name)
      let table = try fixture.open()
      let filter = try #require(try table.filter(), "\(name)")
      var index = IndexCursor(table)
      try index.seekToFirst()
      var probe = FilterProbe(filter)
      var hits = 0
      for number in 0..<1000 {
        let key = ByteBuffer(Array("no such key \(number)".utf8))
        if try probe.mayContain(key.bytes, blockOffset: index.handle.offset) { hits += 1 }
      }
      #expect(hits < 100, "\(name)")
    }
  }

  @Test(arguments: readable)
  func seeksAndStepsBackAgreeWithTheScan(_ fixture: FixtureTable) throws {
    let table = try fixture.open()
    let entries = try Self.scan(table)
    var cursor = table.cursor()
    try cursor.seekToLast()
    for entry in entries.reversed() {
      #expect(cursor.isValid && [UInt8](cursor.key) == entry.key && [UInt8](cursor.value) == entry.value)
      try cursor.previous()
    }
    #expect(!cursor.isValid)
    let stride = max(1, entries.count / 60)
    for position in Swift.stride(from: 0, to: entries.count, by: stride) {
      let key = try entries[position].internalKey
      try expectSeek(key, entries, table, &cursor)
      try expectSeek(InternalKey(userKey: key.userKey, trailer: .max), entries, table, &cursor)
      try expectSeek(InternalKey(userKey: key.userKey, trailer: 0), entries, table, &cursor)
      let target = ByteBuffer(entries[position].key)
      #expect(try cursor.find(target.bytes))
      #expect([UInt8](cursor.key) == entries[position].key)
      #expect(try table.get(target.bytes)?.value == entries[position].value)
      if table.order.timestampSize == 0 {
        try expectSeek(InternalKey(userKey: key.userKey + [0], trailer: .max), entries, table, &cursor)
        try expectSeek(InternalKey(userKey: key.userKey.dropLast(), trailer: .max), entries, table, &cursor)
      }
    }
  }

  private func expectSeek(
    _ target: InternalKey, _ entries: [Entry], _ table: TableReader, _ cursor: inout TableCursor
  ) throws {
    let expected = try entries.firstIndex { table.order.compare(try $0.internalKey, target) >= 0 }
    let bytes = ByteBuffer(target.bytes)
    try cursor.seek(bytes.bytes)
    #expect(cursor.isValid == (expected != nil))
    guard let expected, cursor.isValid else { return }
    #expect([UInt8](cursor.key) == entries[expected].key)
    // A few steps on, and one back.
    for entry in entries[expected...].dropFirst().prefix(3) {
      try cursor.next()
      #expect(cursor.isValid && [UInt8](cursor.key) == entry.key)
    }
  }

  @Test func unsupportedCodecsAreNamedAndTheirChecksumsHold() throws {
    let tables = FixtureTable.all.filter(\.isUnreadable)
    #expect(tables.count >= 2)
    for fixture in tables {
      do {
        let table = try fixture.open()
        var cursor = table.cursor()
        try cursor.seekToFirst()
        Issue.record("read \(fixture)")
      } catch let error as DatabaseError {
        #expect(error.kind == .unsupported && error.detail.contains("bzip2") && error.offset != nil)
      }
      let file = try TableFile(fixture.load())
      let metaIndex = try file.readMetaIndex()
      for entry in metaIndex.entries {
        #expect(try file.readStored(entry.handle, kind: metaIndex.kind(of: entry)).isIntact)
      }
      #expect(try file.readStored(file.indexHandle(metaIndex), kind: .index).isIntact)
    }
  }

  @Test(arguments: FixtureTable.all)
  func metaBlocksVerify(_ fixture: FixtureTable) throws {
    let file = try TableFile(fixture.load())
    let metaIndex = try file.readMetaIndex()
    for entry in metaIndex.entries {
      let kind = metaIndex.kind(of: entry)
      let block = try file.readStored(entry.handle, kind: kind)
      #expect(block.isIntact || (kind == .properties && file.hasOverwrittenSequence(block)))
      #expect(kind != .other, "\(String(decoding: entry.name, as: UTF8.self))")
    }
  }
}
