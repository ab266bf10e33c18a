import SofaTesting
import Testing

@testable import SofaDB

/// Blocks as the engines build them, and blocks that nobody would.
@Suite struct BlockCursorTests {
  static func entries(_ cursor: inout BlockCursor) throws -> [[[UInt8]]] {
    var found: [[[UInt8]]] = []
    while try cursor.next() { found.append([[UInt8](cursor.key), [UInt8](cursor.value)]) }
    return found
  }

  @Test func dataBlocksOfTheVectors() throws {
    let vectors = try Vectors("blocks")["blocks"].array.filter { $0.optional("index") == nil }
    #expect(vectors.count >= 8)
    for vector in vectors {
      let contents = ByteBuffer(vector["contents"].hexBytes)
      let expected = vector["entries"].array.map { [$0[0].hexBytes, $0[1].hexBytes] }
      var cursor = BlockCursor()
      try cursor.load(contents.bytes)
      #expect(try Self.entries(&cursor) == expected)
      try cursor.checkRestarts()
      #expect((DataBlockHashIndex(cursor) != nil) == (vector.optional("hash_index")?.bool ?? false))
      if let hashIndex = DataBlockHashIndex(cursor) { try hashIndex.check(&cursor) }
      try expectRandomAccess(&cursor, expected)
      withExtendedLifetime(contents) {}
    }
  }

  private func expectRandomAccess(_ cursor: inout BlockCursor, _ expected: [[[UInt8]]]) throws {
    #expect(try cursor.seekToLast() == !expected.isEmpty)
    for entry in expected.reversed() {
      #expect(cursor.isValid && [UInt8](cursor.key) == entry[0] && [UInt8](cursor.value) == entry[1])
      try cursor.previous()
    }
    #expect(!cursor.isValid)
    for (index, entry) in expected.enumerated() {
      let key = ByteBuffer(entry[0])
      #expect(try cursor.seek(key.bytes, order: .bytewise, form: .internalKey))
      #expect([UInt8](cursor.key) == entry[0] && [UInt8](cursor.value) == entry[1])
      let behind = ByteBuffer(Array(entry[0].dropLast(8)) + [UInt8](repeating: 0, count: 8))
      let isFound = try cursor.seek(behind.bytes, order: .bytewise, form: .internalKey)
      #expect(isFound == (index + 1 < expected.count))
      if isFound { #expect([UInt8](cursor.key) == expected[index + 1][0]) }
    }
  }

  @Test func indexBlocksOfTheVectors() throws {
    let vectors = try Vectors("blocks")["blocks"].array.filter { $0.optional("index") != nil }
    #expect(vectors.count >= 8)
    for vector in vectors {
      let contents = ByteBuffer(vector["contents"].hexBytes)
      let format = IndexFormat(
        kind: vector["first_keys"].bool ? .binarySearchWithFirstKey : .binarySearch, keysAreUserKeys: true,
        valuesAreDeltaEncoded: vector["delta"].bool)
      var cursor = BlockCursor()
      try cursor.load(contents.bytes, as: format.layout(topLevel: false))
      let expected = vector["index_entries"].array
      for entry in expected {
        #expect(try cursor.next())
        try expectEntry(cursor, entry, format)
      }
      #expect(try !cursor.next())
      for entry in expected {
        let key = ByteBuffer(Array(entry["key"].string.utf8))
        #expect(try cursor.seek(key.bytes, order: .bytewise, form: .userKey))
        try expectEntry(cursor, entry, format)
      }
      try cursor.seekToLast()
      for entry in expected.reversed() {
        try expectEntry(cursor, entry, format)
        try cursor.previous()
      }
      withExtendedLifetime(contents) {}
    }
  }

  private func expectEntry(_ cursor: BlockCursor, _ entry: Vectors.Value, _ format: IndexFormat) throws {
    #expect(String(decoding: cursor.key, as: UTF8.self) == entry["key"].string)
    let handle = try cursor.indexHandle()
    #expect(handle == BlockHandle(offset: entry["offset"].uint64, size: entry["size"].uint64))
    let firstKey = try cursor.indexFirstKey(format).map { String(decoding: $0, as: UTF8.self) }
    #expect(firstKey == entry.optional("first_key")?.string)
  }

  /// Entries by hand: long lengths, long keys, keys longer than the buffer.
  @Test func lengthsOfAllSizes() throws {
    var writer = ByteWriter()
    var expected: [[[UInt8]]] = []
    for length in [0, 1, 15, 16, 17, 127, 128, 129, 300, 16383, 16384, 70000] {
      let key = [UInt8](repeating: 7, count: length)
      let value = [UInt8](repeating: 9, count: length)
      let shared = min(expected.last?[0].count ?? 0, key.count)
      writer.appendVarint(shared)
      writer.appendVarint(key.count - shared)
      writer.appendVarint(value.count)
      writer.append(Array(key[shared...]))
      writer.append(value)
      expected.append([key, value])
    }
    writer.appendFixed32(0)
    writer.appendFixed32(1)
    var cursor = BlockCursor()
    try cursor.load(writer.bytes)
    #expect(try Self.entries(&cursor) == expected)
  }

  @Test func boundsAreChecked() throws {
    let tail: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0]
    let bad: [[UInt8]] = [
      [], [1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0],
      [1, 0, 0, 0, 1, 0, 0, 0],
      [0, 0, 0, 0, 2, 0, 0, 0], [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x0F],
      [0, 0, 0, 0, 1, 0, 0, 0x40],
      [0, 0, 0, 0, 1, 0, 0, 0x80], [0, 0, 0, 0, 0, 0, 1, 0, 0, 0x80], [0, 0, 0, 0, 9, 0, 1, 0, 0, 0x80],
      [0, 0, 0, 0, 1, 0, 0, 0x10], [0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0x10],
      // Entries.
      [0] + tail, [0, 5] + tail, [0, 5, 0] + tail, [0, 0, 5] + tail, [1, 0, 0] + tail, [0x80] + tail,
      [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F] + tail,
      [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0] + tail,
    ]
    for bytes in bad {
      let contents = ByteBuffer(bytes)
      #expect(throws: FormatError.self, "\(bytes)") {
        var cursor = BlockCursor()
        try cursor.load(contents.bytes)
        _ = try Self.entries(&cursor)
      }
    }
  }

  /// Every single-byte change of every vector: any answer, but an answer.
  @Test func changedBlocksNeverTrap() throws {
    let target = ByteBuffer(Array("user0050".utf8) + [1, 0, 0, 0, 0, 0, 0, 0])
    for vector in try Vectors("blocks")["blocks"].array {
      let contents = vector["contents"].hexBytes
      for layout in [BlockCursor.Layout.entries, .deltaIndex, .deltaIndexWithFirstKeys] {
        for index in stride(from: 0, to: contents.count, by: contents.count > 300 ? 7 : 1) {
          for value: UInt8 in [0, 0x7F, 0x80, 0xFF, contents[index] ^ 1] {
            var changed = contents
            changed[index] = value
            exercise(ByteBuffer(changed), layout, target)
          }
        }
      }
    }
  }

  private func exercise(_ contents: ByteBuffer, _ layout: BlockCursor.Layout, _ target: ByteBuffer) {
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { #expect(error is FormatError) }
    }
    attempt {
      var cursor = BlockCursor()
      try cursor.load(contents.bytes, as: layout)
      attempt { while try cursor.next() { _ = try cursor.indexHandle() } }
      attempt { try cursor.seek(target.bytes, order: .bytewise, form: .internalKey) }
      attempt {
        try cursor.seekToLast()
        var steps = 0
        while cursor.isValid, steps < 20 {
          try cursor.previous()
          steps += 1
        }
      }
      attempt { try cursor.checkRestarts() }
      if let hashIndex = DataBlockHashIndex(cursor) { attempt { try hashIndex.check(&cursor) } }
    }
  }
}
