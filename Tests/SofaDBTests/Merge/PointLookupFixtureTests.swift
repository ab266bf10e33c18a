import SofaTesting
import Testing

@testable import SofaDB

/// Every key of every real directory, and keys that are not there, looked up one by one.
@Suite struct PointLookupFixtureTests {
  static let readable = FixtureDatabase.databases.filter {
    $0.live?.isOK ?? false && $0.options["comp"] != "bzip2"
  }

  /// The sources of a family as a view has them: what its logs hold becomes a memtable.
  private func sources(_ view: DatabaseView, _ family: DatabaseView.Family, blocks: BlockCache?) throws -> LookupSources
  {
    var sources = try LookupSources(
      family.order, view.mergeOperator(family), in: view.directory, blocks: blocks)
    let memtable = Memtable(order: family.order)
    var finger = Memtable.Finger()
    for entry in family.entries?.entries ?? [] {
      let trailer = entry.key.internalKeyTrailer
      memtable.add(
        userKey: entry.key.internalKeyUserKey, sequence: trailer >> 8,
        kind: EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer))!, value: entry.value, finger: &finger)
    }
    for tombstone in family.logTombstones {
      MemtableTests.add(
        memtable, tombstone.begin, tombstone.sequence, .rangeDeletion, tombstone.end, &finger)
    }
    sources.memtables = [memtable]
    sources.levels = family.levels
    return sources
  }

  /// Bugs F6 and F7: filters of prefixes, and of keys with high bytes, as the engines wrote them.
  @Test(arguments: readable)
  func findsWhatTheEngineShows(fixture: FixtureDatabase) throws {
    let view = try DatabaseView(database: PosixFileSystem().readableDirectory(at: fixture.path))
    for family in view.families where family.order.isKnown {
      for blocks in [nil, BlockCache(capacity: 8 << 20)] {
        let sources = try sources(view, family, blocks: blocks)
        var cursor = try view.cursor(family)
        var missing: [[UInt8]] = [[], [0xFF, 0xFF, 0xFF]]
        var present: Set<[UInt8]> = []
        try cursor.seekToFirst()
        while cursor.isValid {
          let key = [UInt8](cursor.userKey)
          let found = try sources.find(key, at: view.lastSequence)
          if found != .value([UInt8](cursor.value)) { Issue.record("\(family.name): key \(key): \(found)") }
          present.insert(key)
          if present.count % 7 == 0 { missing += [key + [0], Array(key.dropLast()), key.map { $0 ^ 0x80 }] }
          try cursor.next()
        }
        for key in missing where !present.contains(key) {
          #expect(try sources.find(key, at: view.lastSequence) == .value(nil), "\(key)")
        }
      }
    }
  }

  /// A block that is damaged is named; no key of it is absent.
  @Test(arguments: ["r783-levels", "r1075-part-fv7", "l123-levels", "r783-dhash", "r783-prefix", "r1075-dict-zstd"])
  func damageIsNeverAbsence(name: String) throws {
    let fixture = try FixtureDatabase(name)
    let real = try PosixFileSystem().readableDirectory(at: fixture.path)
    let memory = try MemoryDirectory(copying: real)
    let view = try DatabaseView(database: memory)
    let family = try #require(view.families.first)
    let table = try #require(family.tables.max { $0.size < $1.size })
    let fileName = try TableCache.open(table.number, in: memory).name
    let intact = try #require(memory.files[fileName]).content
    let reader = try TableReader(MemoryFile(intact, name: fileName), order: family.order)
    var keys: [(key: [UInt8], block: BlockHandle)] = []
    var cursor = reader.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      let key = InternalKey(borrowed: cursor.key)
      if key.kind == EntryKind.value.rawValue, keys.last?.key != key.userKey {
        keys.append((key.userKey, cursor.blockHandle))
      }
      try cursor.next()
    }
    for index in stride(from: 0, to: keys.count, by: max(keys.count / 40, 1)) {
      let (key, block) = keys[index]
      var content = intact
      content[Int(block.offset + block.size / 2)] ^= 0x10
      memory.files[fileName] = MemoryFile(content, name: fileName)
      var sources = LookupSources(family.order, nil, in: memory, blocks: BlockCache(capacity: 1 << 20))
      sources.levels = [[], [table]]
      let error = #expect(throws: DatabaseError.self) { try sources.find(key, at: .maximum) }
      #expect(error?.kind == .corruption && error?.file == fileName && error?.offset == block.offset)
      // Nothing damaged stays in the cache.
      #expect(throws: DatabaseError.self) { try sources.find(key, at: .maximum) }
    }
  }

  /// Bug D2: a table whose range deletions cannot be read shows none of its keys.
  @Test func unreadableRangeDeletionsAreAnError() throws {
    let fixture = try FixtureDatabase("r783-rangedel")
    let memory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    let view = try DatabaseView(database: memory)
    let family = try #require(view.families.first)
    for table in family.tables {
      let file = try TableFile(try TableCache.open(table.number, in: memory), size: table.size)
      guard let handle = try file.readMetaIndex().rangeDeletions else { continue }
      var content = try #require(memory.files[file.file.name]).content
      content[Int(handle.offset)] ^= 1
      memory.files[file.file.name] = MemoryFile(content, name: file.file.name)
      var sources = LookupSources(family.order, nil, in: memory)
      sources.levels = [[], [table]]
      let key = Array(table.smallest.userKey)
      let error = #expect(throws: DatabaseError.self) { try sources.find(key, at: .maximum) }
      #expect(error?.file == file.file.name && error?.offset == handle.offset)
      return
    }
    Issue.record("no table with range deletions")
  }
}
