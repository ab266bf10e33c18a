/// Ingestion below existing data, where the database was made for it.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct IngestBehindTests {
  /// A database with `keys` in level 5, each with a sequence number of its own from `sequence` on, and a table
  /// in/new.sst with other values for a, b and z.
  private func system(_ keys: [String], sequence: SequenceNumber, allows: Bool = true) throws -> SimulatedFileSystem {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    let summary = try write(keys.map { ($0, "old") }, sequence: sequence, to: directory.create("000010.sst"))
    let table = TableMetadata(
      number: 10, level: 5, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence, epoch: 3)
    let version = Version(
      families: [
        ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 4, tables: [table])
      ], lastSequence: 90, nextFileNumber: 12)
    try ManifestWriter.write(version, as: "MANIFEST-000011", in: directory)
    try CurrentFile.replace(directory, manifest: 11)
    let options = try directory.create("OPTIONS-000009")
    var text = ByteWriter()
    text.append(
      utf8: "[DBOptions]\n  allow_ingest_behind=\(allows)\n[CFOptions \"default\"]\n  num_levels=7\n")
    try options.append(text.bytes)
    try options.close()
    let source = try system.directory(at: "").createDirectory("in")
    _ = try write([("a", "new"), ("b", "new"), ("z", "new")], sequence: nil, to: source.create("new.sst"))
    return system
  }

  private func write(
    _ pairs: [(String, String)], sequence: SequenceNumber?, to file: any AppendFile
  ) throws -> TableSummary {
    var options = TableOptions()
    options.external = sequence == nil
    let writer = try TableWriter(file: file, options: options)
    for (index, pair) in pairs.enumerated() {
      let number = sequence.map { $0 == 0 ? 0 : $0 + UInt64(index) } ?? 0
      let key = InternalKey(userKey: Array(pair.0.utf8), sequence: number, kind: .value)
      try key.bytes.withUnsafeBytes { key in
        try Array(pair.1.utf8).withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
      }
    }
    return try writer.finish()
  }

  private func ingest(_ system: SimulatedFileSystem) throws -> IngestPlan {
    let target = FileTarget(try system.readableDirectory(at: "in"), "new.sst")
    var ingest = Ingest([target])
    ingest.goesBehind = true
    let database = try ExclusiveDatabase("db", in: system)
    defer { database.close() }
    return try ingest.run(database, sources: system).plan
  }

  @Test func existingKeysKeepTheirValues() throws {
    let system = try system(["a", "c"], sequence: 5)
    let plan = try ingest(system)
    #expect(plan.steps.map(\.table.level) == [6] && plan.steps.map(\.table.largestSequence) == [0])
    let view = try DatabaseView(database: try system.readableDirectory(at: "db"))
    #expect(view.history?.version.lastSequence == 90)
    var cursor = try view.cursor(view.families[0])
    try cursor.seekToFirst()
    var found: [String] = []
    while cursor.isValid {
      found.append(
        String(decoding: cursor.userKey, as: UTF8.self) + "=" + String(decoding: cursor.value, as: UTF8.self))
      try cursor.next()
    }
    #expect(found == ["a=old", "b=new", "c=old", "z=new"])
  }

  @Test func whatCouldNotBeToldApartIsRefused() throws {
    // Entries with sequence number 0 would be as old as what goes below them.
    let zeroed = try system(["a", "c"], sequence: 0)
    #expect(throws: DatabaseError.self) { _ = try ingest(zeroed) }
    let forbidden = try system(["a", "c"], sequence: 5, allows: false)
    #expect(throws: DatabaseError.self) { _ = try ingest(forbidden) }
    // The last level is taken by the first table.
    let twice = try system(["a", "c"], sequence: 5)
    _ = try ingest(twice)
    let source = try twice.directory(at: "in")
    try source.remove("new.sst")
    _ = try write([("b", "other")], sequence: nil, to: source.create("new.sst"))
    #expect(throws: DatabaseError.self) { _ = try ingest(twice) }
  }
}
