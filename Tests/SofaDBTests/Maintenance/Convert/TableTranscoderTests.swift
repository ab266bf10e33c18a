import SofaTesting
import Testing

@testable import SofaDB

/// Tables of every engine and every form, converted to every codec that can be written: the same contents, found by
/// the same keys.
@Suite struct TableTranscoderTests {
  static let codecs: [Compression] = [.none, .zlib, .lz4, .lz4hc, .zstd, .snappy]
  static let convertible = FixtureTable.all.filter {
    !$0.isUnreadable && !$0.database.contains("embblob")
  }

  static func target(_ codec: Compression, _ number: Int = 0) -> TranscodeTarget {
    let level: Int? = codec == .zstd && number % 3 == 0 ? 1 : codec == .zlib ? 6 : nil
    let hasDictionary = codec.usesDictionary && number % 2 == 0
    return TranscodeTarget(codec: codec, level: level, dictionarySize: hasDictionary ? 1024 : 0, isForced: true)
  }

  @Test(arguments: convertible)
  func fixturesKeepTheirContents(_ fixture: FixtureTable) throws {
    let source = try fixture.load()
    let old = try fixture.open(source)
    for (number, codec) in Self.codecs.enumerated() {
      let target = Self.target(codec, number + fixture.file.utf8.count)
      let made = try Transcoding(
        source, to: target, largestSequence: fixture.largestSequence, assistants: number % 3)
      let new = try fixture.open(made.result)
      try made.check(old: old, new: new, target: target, "\(fixture) to \(target.text)")
      #expect(try made.newFindings() == [], "\(fixture) to \(target.text)")
      checkProperties(old, new, target)
    }
  }

  private func checkProperties(_ old: TableReader, _ new: TableReader, _ target: TranscodeTarget) {
    #expect(old.file.footer.formatVersion == new.file.footer.formatVersion)
    #expect(old.file.footer.checksum == new.file.footer.checksum)
    #expect(old.indexFormat == new.indexFormat)
    guard old.metaIndex.properties != nil else { return }
    let layout = Set(TableContents.layoutProperties.map { Array($0.rawValue.utf8) })
    #expect(
      old.properties.all.filter { !layout.contains($0.name) }
        == new.properties.all.filter { !layout.contains($0.name) })
    let compression = new.properties.compression ?? ""
    if new.file.footer.formatVersion < 7 {
      #expect(compression == target.codec.propertyName)
    } else {
      #expect(compression == ";;" && target.codec == .none || compression.hasPrefix("BuiltinV2;"))
    }
  }

  @Test(arguments: 0..<90)
  func generatedTablesKeepTheirContents(_ number: Int) throws {
    let table = TableCase(number, external: number % 2 == 0)
    let source = MemoryFile(name: "000001.sst")
    try table.write(to: source)
    let target = Self.target(Self.codecs[(number / 5 + number) % 6], number)
    let made = try Transcoding(source, to: target, assistants: number % 3)
    let new = try TableReader(made.result)
    try made.check(old: TableReader(source), new: new, target: target, "\(table) to \(target.text)")
    #expect(try made.newFindings() == [], "\(table) to \(target.text)")
  }

  @Test func theNumberOfThreadsDoesNotShow() throws {
    for number in [3, 9, 14, 23, 40] {
      let source = MemoryFile(name: "000001.sst")
      try TableCase(number).write(to: source)
      let target = TranscodeTarget(codec: .zstd, level: 1)
      let alone = try Transcoding(source, to: target)
      #expect(try Transcoding(source, to: target, assistants: 3).result.content == alone.result.content)
    }
  }

  /// There and back again gives the table that RocksDB and we write, byte for byte, where nothing was lost on the way.
  @Test func aTableComesBack() throws {
    for number in [0, 5, 10, 20, 30] {
      var table = TableCase(number)
      table.options.formatVersion = 5
      table.options.compression = .none
      let source = MemoryFile(name: "000001.sst")
      try table.write(to: source)
      let there = try Transcoding(source, to: TranscodeTarget(codec: .lz4))
      let back = try Transcoding(there.result, to: TranscodeTarget(codec: .none))
      let old = try TableReader(source)
      let new = try TableReader(back.result)
      #expect(back.table.contents == there.table.contents)
      let size = new.file.footer.metaindex.offset - (new.metaIndex.properties?.offset ?? 0)
      let oldSize = old.file.footer.metaindex.offset - (old.metaIndex.properties?.offset ?? 0)
      // Only the compression options are new.
      #expect(size - oldSize < 250)
      let prefix = Int(old.metaIndex.properties?.offset ?? 0)
      #expect(source.content.prefix(prefix) == back.result.content.prefix(prefix), "\(table)")
    }
  }

  /// G10: a dictionary is asked for and there is nothing to learn from.
  @Test(arguments: codecs)
  func museumG10TablesOfRangeTombstonesOnly(_ codec: Compression) throws {
    for (database, count) in [("r783-rangedel-only", 1), ("main-rangedel", 1)] {
      let fixtures = Self.convertible.filter { $0.database == database }
      #expect(fixtures.count >= count)
      for fixture in fixtures {
        let target = TranscodeTarget(codec: codec, dictionarySize: codec.usesDictionary ? 4096 : 0)
        let made = try Transcoding(fixture.load(), to: target, largestSequence: fixture.largestSequence)
        #expect(try made.newFindings() == [])
      }
    }
    var table = TableCase(12)
    #expect(table.shape == .rangesOnly)
    table.options.compression = .none
    let source = MemoryFile(name: "000001.sst")
    try table.write(to: source)
    let made = try Transcoding(
      source, to: TranscodeTarget(codec: codec, dictionarySize: codec.usesDictionary ? 4096 : 0))
    #expect(try TableReader(made.result).rangeDeletions.count == 30)
  }

  /// G8: what does not become smaller is stored raw, and room is never short.
  @Test(arguments: codecs)
  func museumG8IncompressibleTinyAndHugeValues(_ codec: Compression) throws {
    var random = SeededRandom(seed: 8)
    var table = TableCase(0)
    table.options.formatVersion = 5
    table.options.compression = codec == .none ? .zstd : .none
    table.options.blockSize = 1
    let sizes = [0, 1, 2, 7, 100, 4096, 70_000, 3 << 20]
    table.replaceEntries(
      sizes.enumerated().map {
        TableCase.Entry(userKey: [UInt8($0)], sequence: 0, kind: .value, value: random.bytes($1))
      } + [
        TableCase.Entry(
          userKey: [0x80], sequence: 0, kind: .value, value: [UInt8](repeating: 0x41, count: 20 << 20))
      ])
    let source = MemoryFile(name: "000001.sst")
    try table.write(to: source)
    let target = TranscodeTarget(codec: codec)
    let made = try Transcoding(source, to: target, assistants: 2)
    try made.check(old: TableReader(source), new: TableReader(made.result), target: target, codec.name)
  }

  /// The only table of LevelDB that is written without asking is one that every LevelDB reads.
  @Test func levelDBTablesStayReadable() throws {
    let fixture = FixtureTable.named("l123-snappy")
    for codec in Self.codecs where codec != .none && codec != .snappy {
      do {
        _ = try Transcoding(fixture.load(), to: TranscodeTarget(codec: codec))
        Issue.record("\(codec) was not refused")
      } catch let error as DatabaseError {
        #expect(error.kind == .unsupported && error.file.hasSuffix(".ldb"))
      }
    }
    let zstd = try Transcoding(fixture.load(), to: TranscodeTarget(codec: .zstd, isForced: true))
    let table = try TableReader(zstd.result)
    var index = table.dataBlocks()
    try index.seekToFirst()
    let block = try table.file.readStored(index.handle, kind: .data)
    #expect(block.trailer.compressionByte == 2 && block.bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]))
  }

  /// A filter by file offset still keeps out most other keys after all blocks have moved.
  @Test func levelDBFiltersAreBuiltAnew() throws {
    let fixtures = Self.convertible.filter { table in
      guard table.database.hasPrefix("l123") else { return false }
      do { return try table.open().metaIndex.filters.contains { $0.kind == .blockBased } } catch { return false }
    }
    #expect(!fixtures.isEmpty)
    for fixture in fixtures {
      let made = try Transcoding(fixture.load(), to: TranscodeTarget(codec: .none))
      let old = try fixture.open()
      let new = try fixture.open(made.result)
      let hits = try [old, new].map { table in
        let filter = try #require(try table.filter())
        var probe = FilterProbe(filter)
        var index = table.dataBlocks()
        try index.seekToFirst()
        var hits = 0
        while index.isValid {
          for number in 0..<100 {
            let key = ByteBuffer(Array("no such key \(number)".utf8))
            if try probe.mayContain(key.bytes, blockOffset: index.handle.offset) { hits += 1 }
          }
          try index.next()
        }
        return hits
      }
      #expect(hits[1] <= hits[0] * 2 + 20, "\(fixture): \(hits)")
    }
  }

  @Test func embeddedBlobsAreRefused() throws {
    let fixture = try #require(
      FixtureTable.all.first { table in
        do { return try table.open().properties.hasEmbeddedBlobs } catch { return false }
      })
    #expect {
      try Transcoding(fixture.load(), to: TranscodeTarget(codec: .zstd))
    } throws: { ($0 as? DatabaseError)?.kind == .unsupported }
  }
}
