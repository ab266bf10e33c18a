/// Version edits that RocksDB and LevelDB wrote, both ways, and damaged ones.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct VersionEditTests {
  static func decode(_ bytes: [UInt8]) throws(FormatError) -> VersionEdit {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FormatError) in
      try VersionEdit.decode(UnsafeRawBufferPointer(buffer))
    }
  }

  static func encode(_ edit: VersionEdit, as dialect: ManifestDialect = .rocksdb) -> [UInt8] {
    var writer = ByteWriter()
    edit.encode(into: &writer, as: dialect)
    return writer.array
  }

  static func vectors() throws -> [(dialect: ManifestDialect, name: String, bytes: [UInt8])] {
    let file = try Vectors("version-edits")
    return ["rocksdb", "rocksdb_7_8_3", "leveldb"].flatMap { engine in
      file[engine].array.map {
        (engine == "leveldb" ? .leveldb : .rocksdb, $0["name"].string, $0["hex"].hexBytes)
      }
    }
  }

  @Test func vectorsGoBothWays() throws {
    for (dialect, name, bytes) in try VersionEditTests.vectors() {
      let edit = try VersionEditTests.decode(bytes)
      #expect(VersionEditTests.encode(edit, as: dialect) == bytes, "\(name)")
      if dialect == .leveldb { #expect(!edit.usesRocksDBTags) }
    }
  }

  static func numbers(_ json: Vectors.Value, _ list: String, _ member: String) -> [UInt64] {
    json.optional(list)?.array.map { $0[member].uint64 } ?? []
  }

  @Test func fieldsAreWhatTheEngineSays() throws {
    for vector in try Vectors("version-edits")["rocksdb"].array {
      let edit = try VersionEditTests.decode(vector["hex"].hexBytes)
      let said = vector["engine_json"]
      #expect(edit.logNumber == said.optional("LogNumber")?.uint64)
      #expect(edit.nextFileNumber == said.optional("NextFileNumber")?.uint64)
      #expect(edit.lastSequence == said.optional("LastSeq")?.uint64)
      #expect(edit.previousLogNumber == said.optional("PrevLogNumber")?.uint64)
      #expect(edit.comparator == said.optional("Comparator")?.string)
      #expect(edit.family == UInt32(said["ColumnFamily"].uint64))
      #expect(edit.addedFamily == said.optional("ColumnFamilyAdd")?.string)
      #expect(edit.databaseID == said.optional("DB ID")?.string)
      #expect(edit.remainingInGroup == said.optional("AtomicGroup").map { UInt32($0.uint64) })
      #expect(edit.deletedTables.map(\.number) == VersionEditTests.numbers(said, "DeletedFiles", "FileNumber"))
      let added = said.optional("AddedFiles")?.array ?? []
      #expect(edit.newTables.count == added.count)
      for (table, file) in zip(edit.newTables, added) {
        #expect(table.level == file["Level"].int && table.number == file["FileNumber"].uint64)
        #expect(table.size == file["FileSize"].uint64)
        #expect(table.epoch == file["EpochNumber"].uint64)
        #expect(table.oldestBlobFile == file.optional("OldestBlobFile")?.uint64)
        #expect(table.creationTime == file["FileCreationTime"].uint64)
        #expect(table.timestampsPersisted == (file["UserDefinedTimestampsPersisted"].int == 1))
      }
      #expect(edit.blobAdditions.map(\.bytes) == VersionEditTests.numbers(said, "BlobFileAdditions", "TotalBlobBytes"))
      #expect(edit.logAdditions.map(\.number) == VersionEditTests.numbers(said, "WalAdditions", "LogNumber"))
    }
  }

  // Forms that old RocksDB releases wrote.
  @Test func oldFormsAreRead() throws {
    let key: [UInt8] = [9, 0x61, 1, 5, 0, 0, 0, 0, 0, 0]
    let second = try VersionEditTests.decode([100, 2, 9, 99] + key + key + [5, 6])
    #expect(second.newTables[0].level == 2 && second.newTables[0].smallestSequence == 5)
    #expect(second.newTables[0].largestSequence == 6 && second.newTables[0].hasSequences && second.usesRocksDBTags)
    let third = try VersionEditTests.decode([102, 2, 9, 3, 99] + key + key + [5, 6])
    #expect(third.newTables[0].pathID == 3 && third.newTables[0].size == 99)
    #expect(throws: FormatError.self) { try VersionEditTests.decode([102, 2, 9, 4, 99] + key + key + [5, 6]) }
    let first = try VersionEditTests.decode([7, 2, 9, 99] + key + key)
    #expect(!first.newTables[0].hasSequences && !first.usesRocksDBTags)
    // 8194 to 8197, without lengths; a blob field to skip, and one that must be understood.
    let old = try VersionEditTests.decode(
      [0x82, 0x40, 20, 3, 99, 0, 0, 5, 2, 8, 8, 0, 0x83, 0x40, 20, 1, 9, 0, 0x84, 0x40, 30, 2, 77, 1, 0x85, 0x40, 28])
    #expect(old.blobAdditions == [BlobFileMetadata(number: 20, count: 3, bytes: 99)])
    #expect(old.blobGarbage == [.init(number: 20, count: 1, bytes: 9)])
    #expect(old.logAdditions == [.init(number: 30, syncedSize: 77)] && old.logDeletion == 28)
    #expect(throws: FormatError.self) { try VersionEditTests.decode([0x82, 0x40, 20, 3, 99, 0, 0, 64, 0, 0]) }
    #expect(throws: FormatError.self) { try VersionEditTests.decode([0x84, 0x40, 30, 3, 1]) }
  }

  @Test func unknownTagsAreSkippedOrRefused() throws {
    // Tag 9999 has the ignorable bit, 9998 without it would not.
    let ignorable = try VersionEditTests.decode([0x8F, 0x4E, 2, 7, 8, 2, 5])
    #expect(ignorable.unknownFields == [VersionEdit.UnknownField(tag: 9999, bytes: [7, 8])])
    #expect(ignorable.logNumber == 5)
    #expect(VersionEditTests.encode(ignorable) == [2, 5, 0x8F, 0x4E, 2, 7, 8])
    for tag: UInt32 in [0, 8, 11, 99, 101, 104, 204, 301, 402, 4096, 16384] {
      var writer = ByteWriter()
      writer.appendVarint(tag)
      writer.appendVarint(0)
      #expect(throws: FormatError.self) { try VersionEditTests.decode(writer.array) }
    }
  }

  @Test func rangesAreChecked() {
    let key: [UInt8] = [8, 1, 1, 0, 0, 0, 0, 0, 0]
    // Museum J6: an internal key shorter than its trailer.
    #expect(throws: FormatError.self) { try VersionEditTests.decode([7, 0, 9, 9, 1, 0x61] + key) }
    #expect(throws: FormatError.self) { try VersionEditTests.decode([7, 64, 9, 9] + key + key) }
    #expect(throws: FormatError.self) { try VersionEditTests.decode([6, 0x80, 0x80, 0x80, 0x80, 0x08, 1]) }
    let huge: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
    for tag: UInt8 in [2, 3, 4, 9, 10] {
      #expect(throws: FormatError.self) { try VersionEditTests.decode([tag] + huge) }
    }
    #expect(throws: FormatError.self) { try VersionEditTests.decode([6, 0] + huge) }
    #expect(throws: FormatError.self) { try VersionEditTests.decode([1, 2, 0xC3, 0x28]) }
  }

  // Every flip and cut of every vector ends in an edit or an error.
  @Test func everyFlipAndCutEnds() throws {
    for (_, _, bytes) in try VersionEditTests.vectors() {
      for length in 0..<bytes.count {
        do { _ = try VersionEditTests.decode(Array(bytes[..<length])) } catch {}
      }
      for bit in 0..<(bytes.count * 8) {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        do { _ = try VersionEditTests.decode(damaged) } catch {}
      }
    }
  }
}
