import SofaTesting
import Testing

@testable import SofaDB

/// The smallest tables that the engines accept.
@Suite struct MinimalTableTests {
  @Test func entriesAndTombstones() throws {
    for vector in try Vectors("minimal-sst")["files"].array {
      let table = try TableReader(MemoryFile(vector["file_hex"].hexBytes, name: "minimal.sst"))
      let expected = vector["entries"].array.map { entry in
        (
          InternalKey(userKey: entry[0].hexBytes, sequence: entry[1].uint64, kind: UInt8(entry[2].int)),
          entry[3].hexBytes
        )
      }
      let entries = try TableFixtureTests.scan(table)
      #expect(entries.map(\.key) == expected.map(\.0.bytes), "\(vector["name"].string)")
      #expect(entries.map(\.value) == expected.map(\.1))
      let tombstones = vector["range_tombstones"].array.map {
        RangeTombstone(begin: $0[0].hexBytes, end: $0[1].hexBytes, sequence: $0[2].uint64)
      }
      #expect(table.rangeDeletions == tombstones)
    }
  }

  @Test func theMANIFESTsSequenceReplacesTheStoredOnes() throws {
    let vector = try Vectors("minimal-sst")["files"].array.first { !$0["range_tombstones"].array.isEmpty }
    let file = MemoryFile(try #require(vector)["file_hex"].hexBytes, name: "minimal.sst")
    let table = try TableReader(file, largestSequence: 77)
    #expect(table.globalSequence == 77)
    let entries = try TableFixtureTests.scan(table)
    #expect(!entries.isEmpty)
    #expect(try entries.allSatisfy { try $0.internalKey.sequence == 77 })
    #expect(table.rangeDeletions.allSatisfy { $0.sequence == 77 })
    // Snapshots before the ingestion see nothing.
    var cursor = table.cursor()
    let key = try entries[0].internalKey
    let old = ByteBuffer(InternalKey(userKey: key.userKey, sequence: 76, kind: EntryKind.seek).bytes)
    #expect(try !cursor.find(old.bytes))
    let new = ByteBuffer(InternalKey(userKey: key.userKey, sequence: 77, kind: EntryKind.seek).bytes)
    #expect(try cursor.find(new.bytes))
  }

  @Test func sequenceRule() throws {
    var properties = TableProperties()
    #expect(try GlobalSequence.resolve(properties, largest: 5) == 0)
    properties.globalSequence = 0
    #expect(throws: FormatError.self) { try GlobalSequence.resolve(properties, largest: nil) }
    properties.externalVersion = 1
    #expect(try GlobalSequence.resolve(properties, largest: 5) == 0)
    properties.externalVersion = 3
    #expect(throws: FormatError.self) { try GlobalSequence.resolve(properties, largest: nil) }
    properties.externalVersion = 2
    #expect(try GlobalSequence.resolve(properties, largest: nil) == 0)
    #expect(try GlobalSequence.resolve(properties, largest: 9) == 9)
    properties.globalSequence = 9
    #expect(try GlobalSequence.resolve(properties, largest: nil) == 9)
    #expect(try GlobalSequence.resolve(properties, largest: 9) == 9)
    #expect(throws: FormatError.self) { try GlobalSequence.resolve(properties, largest: 8) }
    #expect(throws: FormatError.self) { try GlobalSequence.resolve(properties, largest: 0) }
    properties.globalSequence = .max
    #expect(throws: FormatError.self) { try GlobalSequence.resolve(properties, largest: nil) }
  }
}
