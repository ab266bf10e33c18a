/// OPTIONS files that we write: what is read back, and what becomes of a former one.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct OptionsWriterTests {
  private let writer = OptionsWriter(
    database: ["max_open_files": "1000"],
    families: [
      .init(
        name: "default", options: ["comparator": "leveldb.BytewiseComparator", "compression": "kZSTD"],
        tableOptions: ["block_size": "4096"]),
      .init(
        name: "a#b:c\\\n\"]", options: ["merge_operator": "{id=StringAppendOperator;delimiter=#;}"], tableOptions: [:]),
    ])

  @Test func whatIsWrittenIsReadBack() throws {
    let disk = SimulatedFileSystem(directories: ["db"])
    let directory = try disk.directory(at: "db")
    try writer.write(7, in: directory)
    let (name, options) = try #require(try OptionsFile.newest(in: directory))
    #expect(name == "OPTIONS-000007" && options == writer.file && options.unreadLines == 0)
    #expect(options.engineVersion == OptionsWriter.oldestVersion)
    #expect(options.database == writer.database)
    #expect(options.families.map(\.name) == writer.families.map(\.name))
    #expect(options.families.map(\.options) == writer.families.map(\.options))
    #expect(options.families[0].tableOptions == ["block_size": "4096"])
    #expect(options.families[1].mergeOperator?.delimiter == [UInt8(ascii: "#")])
    #expect(try directory.entries().map(\.name) == ["OPTIONS-000007"])
  }

  @Test func whatNobodySetsIsKept() {
    var next = writer
    next.former = OptionsFileTests.parse(
      """
      [Version]
        rocksdb_version=10.7.5
      [DBOptions]
        wal_dir=/elsewhere
        use_fsync=true
        sp ace=kept by nobody
      [CFOptions "default"]
        compression=kNoCompression
        compression_per_level=kNoCompression
        prefix_extractor=fixed\\:8
      [TableOptions/BlockBasedTable "default"]
        block_align=true
      [CFOptions "gone"]
        compression=kZSTD
      """)
    let file = next.file
    #expect(file.engineVersion == "10.7.5")
    #expect(file.database == ["max_open_files": "1000", "use_fsync": "true"])
    #expect(
      file.families[0].options == [
        "comparator": "leveldb.BytewiseComparator", "compression": "kZSTD", "prefix_extractor": "fixed:8",
      ])
    #expect(file.families[0].tableOptions == ["block_size": "4096", "block_align": "true"])
    #expect(file.families.count == 2)
    next.former = file
    #expect(next.file == file)
    next.former = OptionsFileTests.parse("[Version]\n  rocksdb_version=7.8.x\n")
    #expect(next.file.engineVersion == OptionsWriter.oldestVersion)
  }

  @Test(arguments: FixtureDatabase.databases) func fixturesSurvive(fixture: FixtureDatabase) throws {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    guard let (_, options) = try OptionsFile.newest(in: directory) else { return }
    let families = options.families.map { OptionsWriter.Family(name: $0.name, options: [:], tableOptions: [:]) }
    let file = OptionsWriter(database: [:], families: families, former: options).file
    #expect(file.engineVersion == options.engineVersion && file.unreadLines == 0)
    #expect(file.database == options.database.filter { $0.key != "wal_dir" })
    for (kept, old) in zip(file.families, options.families) {
      #expect(kept.name == old.name && kept.tableOptions == old.tableOptions)
      #expect(
        old.options.filter { kept.options[$0.key] != $0.value }.allSatisfy {
          $0.key.contains("per_level")
            || $0.key.contains("multiplier_additional")
        })
    }
  }
}
