import SofaTesting
import Testing

@testable import SofaDB

/// Small tables of every kind, damaged: the content is right, or an error names the file and the place.
@Suite struct TableDamageTests {
  /// Everything that a reader can learn from a table.
  struct Content: Equatable {
    var entries: [TableFixtureTests.Entry]
    var tombstones: [RangeTombstone]
  }

  /// The smallest table of each database, up to a size; tables without checksums cannot notice anything.
  static let tables: [FixtureTable] = {
    let databases = Dictionary(grouping: TableFixtureTests.readable, by: \.database)
    let smallest = databases.values.compactMap { tables in
      tables.map { ($0, (try? $0.load().content.count) ?? .max) }.min { $0.1 < $1.1 }
    }
    return smallest.filter { $0.1 <= 6000 && !$0.0.database.contains("ck-none") }.map(\.0)
      .sorted { $0.database < $1.database }
  }()

  #if DEBUG
    static let damagesPerTable = 200
  #else
    static let damagesPerTable = 20_000
  #endif

  static func read(_ fixture: FixtureTable, _ bytes: [UInt8]) throws(DatabaseError) -> Content {
    var fixture = fixture
    // As read through a database: a number of the file's own must be the one of the MANIFEST.
    fixture.largestSequence = fixture.largestSequence ?? 0
    let table = try fixture.open(MemoryFile(bytes, name: fixture.file))
    var entries: [TableFixtureTests.Entry] = []
    var cursor = table.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      entries.append(.init(key: [UInt8](cursor.key), value: [UInt8](cursor.value), block: cursor.blockHandle))
      try cursor.next()
    }
    return Content(entries: entries, tombstones: table.rangeDeletions)
  }

  private func expectContentOrError(_ fixture: FixtureTable, _ bytes: [UInt8], _ content: Content, _ what: String) {
    do {
      let found = try Self.read(fixture, bytes)
      if found != content { Issue.record("\(fixture): other content after \(what)") }
    } catch {
      if error.file != fixture.file || error.offset == nil {
        Issue.record("\(fixture), \(what): \(error) does not say where")
      }
    }
  }

  @Test func thereAreTablesOfManyKinds() {
    #expect(Self.tables.count >= 60)
  }

  @Test(arguments: tables)
  func everyFlippedBit(_ fixture: FixtureTable) throws {
    let bytes = try fixture.load().content
    let content = try Self.read(fixture, bytes)
    let bits = bytes.count * 8
    // A step without common factors, so that all bits of bytes get their turn.
    for bit in stride(from: bits % 7, to: bits, by: max(1, bits / Self.damagesPerTable) | 1) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      expectContentOrError(fixture, damaged, content, "flipping bit \(bit)")
    }
  }

  @Test(arguments: tables)
  func everyLength(_ fixture: FixtureTable) throws {
    let bytes = try fixture.load().content
    for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / Self.damagesPerTable)) {
      do {
        _ = try Self.read(fixture, Array(bytes.prefix(length)))
        Issue.record("\(fixture): nothing noticed of the cut at \(length)")
      } catch {
        #expect(error.file == fixture.file)
      }
    }
    // The MANIFEST's size is taken at its word.
    #expect(throws: DatabaseError.self) {
      try TableFile(MemoryFile(bytes.dropLast(), name: fixture.file), size: UInt64(bytes.count))
    }
    let table = try TableFile(MemoryFile(bytes + [1, 2, 3], name: fixture.file), size: UInt64(bytes.count))
    #expect(table.footer.offset + UInt64(table.footer.size) == UInt64(bytes.count))
  }

  /// Blocks of neighbours put in each other's place: only format_version 6 and 7 can notice by checksum, the others by
  /// the order of keys, which is for verification to judge. Nothing may trap.
  @Test(arguments: tables)
  func movedBytes(_ fixture: FixtureTable) throws {
    let bytes = try fixture.load().content
    var random = SeededRandom(seed: UInt64(bytes.count))
    for _ in 0..<(Self.damagesPerTable / 10) {
      var damaged = bytes
      let length = Int.random(in: 1...min(600, bytes.count / 2), using: &random)
      let from = Int.random(in: 0...(bytes.count - length), using: &random)
      let to = Int.random(in: 0...(bytes.count - length), using: &random)
      damaged.replaceSubrange(to..<(to + length), with: bytes[from..<(from + length)])
      do { _ = try Self.read(fixture, damaged) } catch { #expect(error.file == fixture.file) }
    }
  }

  /// Damage under right checksums, as an attacker would do it: any answer, but an answer, and soon.
  @Test(arguments: tables)
  func damageUnderRightChecksums(_ fixture: FixtureTable) throws {
    let bytes = try fixture.load().content
    let blocks = try Self.blocks(fixture)
    var random = SeededRandom(seed: 7 + UInt64(bytes.count))
    let footer = try fixture.open().file.footer
    for _ in 0..<(Self.damagesPerTable / 2) {
      var damaged = bytes
      guard let block = blocks.randomElement(using: &random), block.size > 0 else { continue }
      let start = Int(block.offset)
      let end = start + Int(block.size)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        // The ends of blocks hold most of what can go wrong.
        let low = Bool.random(using: &random) ? max(start, end - 12) : start
        let index = Int.random(in: low...end, using: &random)
        damaged[index] = [0, 1, 0x7F, 0x80, 0xFF, damaged[index] ^ 1, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random)!
      }
      let checksum = damaged[start..<end].withUnsafeBytes {
        footer.blockChecksum($0, type: damaged[end], at: block.offset)
      }
      for index in 0..<4 { damaged[end + 1 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
      exercise(fixture, damaged)
    }
  }

  static func blocks(_ fixture: FixtureTable) throws -> [BlockHandle] {
    let table = try fixture.open()
    var blocks = try table.metaBlocks().map(\.handle)
    var index = table.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      blocks.append(index.handle)
      try index.next()
    }
    return blocks
  }

  private func exercise(_ fixture: FixtureTable, _ bytes: [UInt8]) {
    func attempt(_ body: () throws(DatabaseError) -> Void) {
      do { try body() } catch { #expect(error.file == fixture.file, "\(error)") }
    }
    let file = MemoryFile(bytes, name: fixture.file)
    attempt { () throws(DatabaseError) in
      let table = try fixture.open(file)
      attempt { () throws(DatabaseError) in _ = try table.metaBlocks() }
      var cursor = table.cursor()
      var entries = 0
      var errors = 0
      var target: [UInt8] = []
      attempt { () throws(DatabaseError) in try cursor.seekToFirst() }
      // On behind every error, as a rescue does.
      while errors < bytes.count {
        if cursor.isValid {
          entries += 1
          if entries % 7 == 3 { target = [UInt8](cursor.key) }
        }
        do {
          try cursor.next()
          if !cursor.isValid { break }
        } catch {
          errors += 1
        }
      }
      #expect(errors < bytes.count && entries <= bytes.count * 40)
      guard target.count >= 8 else { return }
      let key = ByteBuffer(target)
      attempt { () throws(DatabaseError) in try cursor.seek(key.bytes) }
      attempt { () throws(DatabaseError) in _ = try cursor.find(key.bytes) }
      attempt { () throws(DatabaseError) in
        try cursor.seekToLast()
        for _ in 0..<5 { try cursor.previous() }
      }
    }
  }

  @Test func damageInDataLeavesTheRestReadable() throws {
    let fixture = FixtureTable.named("r783-comp-none")
    var bytes = try fixture.load().content
    let blocks = try Set(TableFixtureTests.scan(fixture.open()).map(\.block)).sorted { $0.offset < $1.offset }
    try #require(blocks.count >= 3)
    let whole = try TableFixtureTests.scan(fixture.open())
    bytes[Int(blocks[1].offset) + 3] ^= 0x40
    let table = try fixture.open(MemoryFile(bytes, name: fixture.file))
    var cursor = table.cursor()
    var found: [[UInt8]] = []
    var errors: [DatabaseError] = []
    try cursor.seekToFirst()
    while true {
      if cursor.isValid { found.append([UInt8](cursor.key)) }
      do throws(DatabaseError) {
        try cursor.next()
        if !cursor.isValid { break }
      } catch {
        errors.append(error)
      }
    }
    #expect(errors.count == 1 && errors[0].offset == blocks[1].offset && errors[0].kind == .corruption)
    #expect(found == whole.filter { $0.block != blocks[1] }.map(\.key))
  }

  @Test func damagedPropertiesCanBeGoneWithout() throws {
    let fixture = FixtureTable.named("r783-comp-none")
    var bytes = try fixture.load().content
    let file = try TableFile(fixture.load())
    let handle = try #require(try file.readMetaIndex().properties)
    bytes[Int(handle.offset) + 30] ^= 1
    let damaged = try TableFile(MemoryFile(bytes, name: fixture.file))
    #expect(throws: DatabaseError.self) { try TableReader(damaged) }
    var errors: [DatabaseError] = []
    let table = try TableReader(damaged, onDamage: { errors.append($0) })
    #expect(errors.map(\.offset) == [handle.offset])
    #expect(table.properties.all.isEmpty)
  }

  @Test func handlesThatLeadAstray() throws {
    let fixture = FixtureTable.named("l123-none")
    let file = try TableFile(fixture.load())
    let size = file.size
    let astray: [(UInt64, UInt64)] = [
      (0, .max), (.max, 0), (.max, .max), (.max - 5, 6), (0, .max - 4), (size, 0), (size - 5, 1), (0, size),
      (0, 1 << 32), (UInt64(Int64.max), 1),
    ]
    for (offset, length) in astray {
      #expect(throws: DatabaseError.self) {
        try file.readStored(BlockHandle(offset: offset, size: length), kind: .data)
      }
    }
  }
}
