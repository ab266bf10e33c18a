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
