import SofaTesting

@testable import SofaDB

/// Directories of small files that try to cost far more than their size.
enum HostileDirectory {
  /// A MANIFEST of these encoded edits.
  static func manifest(_ edits: [[UInt8]]) throws -> [UInt8] {
    let file = MemoryFile()
    let writer = LogWriter(file: file)
    for edit in edits { try edit.withUnsafeBytes { try writer.append($0) } }
    return file.content
  }

  private static let first: [UInt8] = RawTable.varints(2, 0, 9, 0, 3, 1_000_000, 4, 1000)

  private static func database(_ edits: [[UInt8]], _ others: [String: [UInt8]] = [:]) throws -> [String: [UInt8]] {
    var files = others
    files["CURRENT"] = Array("MANIFEST-000001\n".utf8)
    files["MANIFEST-000001"] = try manifest([first] + edits)
    return files
  }

  static func all() throws -> [(name: String, files: [String: [UInt8]])] {
    let families = (0..<45_000).map { RawTable.varints(200, UInt64($0 + 1), 201, 5) + Array("\(10_000 + $0)".utf8) }
    let tracked = Array((0..<50_000).map { RawTable.varints(8196, UInt64($0), 1) }.joined())
    let deletions = (0..<40_000).map { RawTable.varints(8197, UInt64($0)) }
    let additions = (0..<8_000).map { RawTable.varints(300, 1) + newTable(UInt64($0 + 1), "k") }
    let groups = additions.enumerated().map { number, edit in
      // Of two edits each.
      RawTable.varints(300, number % 2 == 0 ? 1 : 0) + newTable(UInt64(number + 1), "k\(number)")
    }
    var options = "[DBOptions]\n"
    for number in 0..<15_000 { options += "[CFOptions \"\(number)\"]\n[TableOptions/BlockBasedTable \"\(number)\"]\n" }
    return [
      ("many families", try database(families)),
      ("many families and one bad edit", try database(families + [RawTable.varints(200, 70_000, 5, 0, 0)])),
      ("tracked logs that go one by one", try database([tracked] + deletions)),
      ("atomic groups", try database(groups)),
      ("an atomic group without end", try database(additions)),
      ("tables over each other", try database((0..<15_000).map { newTable(UInt64($0 + 1), "k") })),
      ("level 0", try database([Array((0..<15_000).map { newTable(UInt64($0 + 1), "k", level: 0) }.joined())])),
      ("options of many families", try database([], ["OPTIONS-000002": Array(options.utf8)])),
      ("options without sense", try database([], ["OPTIONS-000002": [UInt8](repeating: 0x5B, count: 1 << 20)])),
      ("a log of headers", try database([], ["000003.log": [UInt8](repeating: 1, count: 1 << 20)])),
      ("a log of first fragments", try database([], ["000003.log": fragments(2)])),
      ("a log of unknown records", try database([], ["000003.log": fragments(77)])),
      ("a log of empty batches", try database([], ["000003.log": try emptyBatches()])),
      ("a log of deletions", try database([], ["000003.log": try rangeDeletions()])),
    ]
  }

  private static func fragments(_ type: UInt8) -> [UInt8] {
    Array(repeatElement(LogDamageTests.fragment(type, []), count: 140_000).joined())
  }

  private static func newTable(_ number: UInt64, _ key: String, level: UInt64 = 3) -> [UInt8] {
    let bound = RawTable.key(key)
    let slice = [UInt8(bound.count)] + bound
    return RawTable.varints(103, level, number, 1000) + slice + slice + RawTable.varints(7, 7, 1)
  }

  private static func log(_ batches: [[UInt8]]) throws -> [UInt8] { try manifest(batches) }

  private static func emptyBatches() throws -> [UInt8] {
    try log((0..<50_000).map { _ in [UInt8](repeating: 0, count: 12) })
  }

  /// Nested in each other.
  private static func rangeDeletions() throws -> [UInt8] {
    try log(
      (0..<15_000).map { number in
        var batch = WriteBatch()
        try batch.deleteRange(Array("a\(100_000 + number)".utf8), Array("b\(900_000 - number)".utf8))
        try batch.put(Array("a\(500_000 + number)".utf8), [1])
        batch.setSequence(UInt64(1 + 2 * number))
        return [UInt8](batch.bytes)
      })
  }

  /// Tables that are added one by one, in atomic groups of two families, with every third moved down a level.
  static func manifest(tables count: Int) throws -> [UInt8] {
    var edits = [first, RawTable.varints(200, 1, 201, 5) + Array("other".utf8)]
    for number in 0..<count {
      let family = UInt64(number % 2)
      var edit = VersionEdit(family: UInt32(family))
      let table = TableMetadata(
        number: UInt64(number + 1), level: number % 3 == 0 ? 5 : 6, size: 64 << 20,
        smallest: InternalKey(userKey: Array("user\(10_000_000 + number * 10)".utf8), sequence: 900, kind: .value),
        largest: InternalKey(userKey: Array("user\(10_000_000 + number * 10 + 9)".utf8), sequence: 900, kind: .value),
        smallestSequence: 900, largestSequence: 900, epoch: UInt64(number + 1))
      edit.newTables = [table]
      edit.remainingInGroup = number % 2 == 0 ? 1 : 0
      edits.append(encoded(edit))
      if number % 30 == 29 {
        for old in stride(from: number - 29, to: number, by: 3) {
          var move = VersionEdit(family: UInt32(old % 2))
          var moved = table
          moved.number = UInt64(old + 1)
          moved.level = 4
          moved.smallest = InternalKey(userKey: Array("user\(10_000_000 + old * 10)".utf8), sequence: 900, kind: .value)
          moved.largest = InternalKey(
            userKey: Array("user\(10_000_000 + old * 10 + 9)".utf8), sequence: 900, kind: .value)
          move.deletedTables = [VersionEdit.DeletedTable(level: 5, number: UInt64(old + 1))]
          move.newTables = [moved]
          edits.append(encoded(move))
        }
      }
    }
    return try manifest(edits)
  }

  private static func encoded(_ edit: VersionEdit) -> [UInt8] {
    var writer = ByteWriter()
    edit.encode(into: &writer)
    return writer.array
  }
}
