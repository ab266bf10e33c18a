import SofaTesting
import Testing

@testable import SofaDB

/// RocksDB writes a range tombstone whole into every output that it touches, and cuts the bounds in the MANIFEST. A
/// check that does not know cries wolf, and a repair that believes it widens tables over their neighbours. Museum K3.
@Suite struct RangeTombstoneBoundsTests {
  /// One deletion over many outputs; the snapshot keeps what it covers, and so the deletion.
  private static func operations(_ seed: Int) -> [String] {
    var random = SeededRandom(seed: UInt64(seed) + 5)
    func key(_ number: Int) -> String { hex("key\(String(100_000 + number))") }
    var lines: [String] = []
    for number in 0..<600 { lines.append("put \(key(number)) \(String(repeating: "5a", count: 60))") }
    lines += ["flush", "snapshot", "range \(key(40)) \(key(560))", "range \(key(80)) \(hex("key100090~"))"]
    for _ in 0..<40 { lines.append("put \(key(Int(random.next() % 600))) 6e6577") }
    return lines + ["flush", "snapshot", "range \(key(200)) \(key(300))", "flush", "compact"]
  }

  private static func hex(_ text: String) -> String {
    text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: 0..<6)
  func museumK3CutTombstonesAreNoFinding(seed: Int) throws {
    let oracle = try #require(RocksOracle.shared)
    let temporary = try TemporaryDirectory()
    let path = temporary.path + "/db"
    var options = ["tfs=4096", "bs=512", "subs=\(1 + seed % 3 * 2)"]
    var operations = Self.operations(seed)
    if seed % 2 == 1 {
      options.append("comparator=reverse")
      operations = operations.map { line in
        let words = line.split(separator: " ")
        return words[0] == "range" ? "range \(words[2]) \(words[1])" : line
      }
    }
    let expected = try oracle.make(path, operations, options)
    let directory = try PosixFileSystem().readableDirectory(at: path)
    let view = try DatabaseView(database: directory)
    let family = try #require(view.families.first)
    let cache = TableCache(directory: directory)
    let cut = try family.tables.filter { table in
      let reader = try cache.reader(table, order: family.order)
      return reader.rangeDeletions.contains { table.clip($0, order: family.order) != $0 }
    }
    #expect(cut.count > 3, "the database was to have tombstones that reach out of their tables")

    let findings = FindingList()
    _ = try Verify(database: directory, level: .full, jobs: 1).run { findings.add($0) }
    #expect(findings.all.isEmpty, "\(findings.all.map(\.detail))")
    #expect(try EditManifest(directory).run().findings.isEmpty)
    #expect(try Repair().plan(directory).isNothing)
    let scan = try FamilyScan(view.cursor(family))
    #expect(scan.entries == expected.first?.entries && scan.digest == expected.first?.digest)
  }

  /// What is narrower than the entries, or wider than any tombstone, is still found.
  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func wrongBoundsAreFound() throws {
    let oracle = try #require(RocksOracle.shared)
    let temporary = try TemporaryDirectory()
    try oracle.make(temporary.path + "/db", Self.operations(0), ["tfs=4096", "bs=512"])
    let directory = try PosixFileSystem().readableDirectory(at: temporary.path + "/db")
    let family = try #require(ManifestReader.readCurrent(directory).version.families.first)
    let end = EntryKind.rangeDeletion
    for table in family.tables {
      let name = DatabaseFile.table(table.number).name
      let audit = TableAudit(
        try directory.open(name), name: name, metadata: table, family: nil, order: family.order, level: .full)
      try audit.run()
      let facts = try #require(audit.facts)
      #expect(audit.findings.isEmpty)
      let tombstones = try TableReader(directory.open(name), order: family.order).rangeDeletions
      func findings(_ change: (inout TableMetadata) -> Void) -> [FindingCode] {
        var wrong = table
        change(&wrong)
        return wrong.differences(from: facts, tombstones: tombstones, order: family.order).map(\.code)
      }
      let inside = try #require(facts.smallestPoint?.userKey) + [0x21]
      #expect(findings { $0.smallest = InternalKey(userKey: inside, sequence: 0, kind: end) } == [.manifestBounds])
      #expect(findings { $0.largest = InternalKey(rangeDeletionEnd: [0x6B]) } == [.manifestBounds])
      #expect(findings { $0.smallest = InternalKey(userKey: [0x61], sequence: 0, kind: end) } == [.manifestBounds])
      #expect(findings { $0.largest = InternalKey(rangeDeletionEnd: [0x7A]) } == [.manifestBounds])
      let short = Array(table.smallest.userKey.dropLast())
      #expect(findings { $0.smallest = InternalKey(userKey: short, sequence: 0, kind: .value) } == [.manifestBounds])
    }
  }
}
