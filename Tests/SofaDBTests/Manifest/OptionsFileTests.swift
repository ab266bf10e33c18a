/// OPTIONS files of RocksDB, and what looks like them.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct OptionsFileTests {
  static func parse(_ text: String) -> OptionsFile {
    Array(text.utf8).withUnsafeBytes { OptionsFile(parsing: $0) }
  }

  @Test(arguments: FixtureDatabase.databases) func fixturesAreUnderstood(fixture: FixtureDatabase) throws {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    guard let (name, options) = try OptionsFile.newest(in: directory) else { return }
    #expect(name.hasPrefix("OPTIONS-") && options.unreadLines == 0)
    #expect(options.engineVersion != nil && options.database.count > 50)
    #expect(options.recoveryMode != nil)
    guard let live = fixture.live, live.isOK else { return }
    for said in live.families {
      let family = try #require(options.family(named: said.name))
      #expect(family.comparator == said.comparator)
      #expect(family.levelCount == 7)
      #expect(family.tableOptions["block_size"] != nil)
      if let name = said.mergeOperator { #expect(family.mergeOperator?.name == name) }
    }
  }

  @Test func valuesAreUnescapedAndCommentsDropped() {
    let options = OptionsFileTests.parse(
      """
      # a comment
      [Version]
        rocksdb_version=9.8.4   # another
      [DBOptions]
        wal_dir=/a\\:b\\#c\\\\d
        wal_recovery_mode=kSkipAnyCorruptedRecords
        allow_2pc=true
        nonsense
      [CFOptions "o\\#ne"]
        merge_operator={id=StringAppendOperator;delimiter=;;}
        comparator=rocksdb.ReverseBytewiseComparator
      [TableOptions/BlockBasedTable "o\\#ne"]
        block_size=4096
      [CFOptions "two"]
        merge_operator={id=StringAppendOperator;delimiter=\\n;}
        num_levels=99999999999999999999
        prefix_extractor=nullptr
      [CFOptions "three"]
        merge_operator=UInt64AddOperator
      [Unknown]
        key=value
      [broken
      """)
    #expect(options.engineVersion == "9.8.4" && options.unreadLines == 2)
    #expect(options.walDirectory == "/a:b#c\\d")
    #expect(options.recoveryMode == .skipAnyCorrupted && options.usesTwoPhaseCommit)
    #expect(options.families.map(\.name) == ["o#ne", "two", "three"])
    let one = options.families[0]
    #expect(one.mergeOperator?.name == "StringAppendOperator" && one.mergeOperator?.delimiter == [0x3B])
    #expect(one.tableOptions == ["block_size": "4096"])
    let two = options.families[1]
    #expect(two.mergeOperator?.delimiter == [0x0A] && two.levelCount == nil && two.prefixExtractor == nil)
    let three = options.families[2].mergeOperator
    #expect(three?.name == "UInt64AddOperator" && three?.delimiter == nil)
  }

  // Hostile content is data: every cut and many flips parse to something.
  @Test func anyBytesAreParsed() throws {
    let directory = try PosixFileSystem().readableDirectory(at: FixtureDatabase("main-wal").path)
    let file = try directory.open("OPTIONS-000007")
    let content = try file.readExactly(Int(file.size), at: 0)
    let bytes = withExtendedLifetime(content) { [UInt8](content.bytes.prefix(2000)) }
    for length in stride(from: 0, to: bytes.count, by: 7) {
      _ = bytes[..<length].withUnsafeBytes { OptionsFile(parsing: $0) }
    }
    for bit in stride(from: 0, to: bytes.count * 8, by: 53) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = damaged.withUnsafeBytes { OptionsFile(parsing: $0) }
    }
    for text in ["", "[", "]", "[]", "[\"", "[CFOptions \"]", "[CFOptions \"\"]", "=", "[DBOptions]\n=x\n=", "\\"] {
      _ = OptionsFileTests.parse(text)
    }
  }
}
