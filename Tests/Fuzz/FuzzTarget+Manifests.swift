import Foundation
import SofaTesting

@testable import SofaDB

/// MANIFEST, CURRENT, OPTIONS and the names of files.
extension FuzzTarget {
  static let ofManifests = [
    FuzzTarget("version-edit", longest: 1024) {
      let vectors = try Vectors("version-edits")
      return (vectors["rocksdb"].array + vectors["rocksdb_7_8_3"].array + vectors["leveldb"].array)
        .map { $0["hex"].hexBytes }
    } body: { bytes in
      let edit = try VersionEdit.decode(bytes)
      var writer = ByteWriter()
      edit.encode(into: &writer)
      var copy = try VersionEdit.decode(writer.bytes)
      copy.usesRocksDBTags = edit.usesRocksDBTags
      precondition(copy == edit, "an edit changed on its way")
    },
    FuzzTarget("manifest", rounds: 1000) {
      try small(["r783-cfs", "l123-levels", "r783-blob", "r1075-atomicflush", "main-basic", "r783-trackwal"])
    } body: { bytes in
      try manifest(bytes)
    },
    FuzzTarget("options", longest: 2048) {
      [
        Array(
          """
          [Version]
            rocksdb_version=7.8.3
          [DBOptions]
            wal_dir=/x\\#y # note
          [CFOptions "default"]
            merge_operator={id=StringAppendOperator;delimiter=,;}
            num_levels=7
          [TableOptions/BlockBasedTable "default"]
            block_size=4096
          """.utf8)
      ]
    } body: { bytes in
      let options = OptionsFile(parsing: bytes)
      _ = (options.walDirectory, options.recoveryMode, options.usesTwoPhaseCommit)
      for family in options.families {
        _ = (family.comparator, family.levelCount, family.prefixExtractor)
        if let merge = family.mergeOperator { _ = MergeOperator(name: merge.name, delimiter: merge.delimiter) }
        precondition(options.family(named: family.name) != nil)
      }
    },
    FuzzTarget("names", longest: 64) {
      ["MANIFEST-000005\n", "000012.sst", "OPTIONS-000007.dbtmp", "LOG.old.1700000000000000", "1_2.sst"]
        .map { Array($0.utf8) }
    } body: { bytes in
      let name = String(decoding: bytes, as: UTF8.self)
      let file = DatabaseFile(name: name)
      precondition(DatabaseFile(name: file.name) == file, "a name changed on its way")
      _ = SofaGoDirectory.isFileName(name)
      let number = try CurrentFile.parse(bytes)
      precondition(DatabaseFile(name: String(name.dropLast())) == .manifest(number))
    },
  ]

  private static func small(_ names: [String]) throws -> [[UInt8]] {
    try names.compactMap { name in
      let path = Fixtures.path("databases/\(name)/db")
      let files = try FileManager.default.contentsOfDirectory(atPath: path)
      guard let manifest = files.first(where: { $0.hasPrefix("MANIFEST-") }) else { return nil }
      let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + manifest)))
      return try PackedFile.packed(log: content, plainOnly: true)
    }
  }

  private static func manifest(_ bytes: UnsafeRawBufferPointer) throws {
    let content = try PackedFile.unpacked(bytes)
    let history = try ManifestReader.read(MemoryFile(content, name: "MANIFEST-000001"))
    let version = try history.readableVersion()
    _ = (version.tableCount, history.lostBytes, history.isClean)
    for family in version.families {
      precondition(family.levels.count <= VersionEdit.levelLimit)
      for table in family.levels.joined() { _ = (table.smallest.userKey, table.largest.userKey) }
    }
  }
}
