/// What a compaction takes, and what new tables look like: no table is read but samples of style.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct CompactPlanTests {
  private static func table(_ number: UInt64, _ level: Int, _ first: String, _ last: String) -> TableMetadata {
    TableMetadata(
      number: number, level: level, size: 100, smallest: InternalKey(userKey: Array(first.utf8), trailer: 0x901),
      largest: InternalKey(userKey: Array(last.utf8), trailer: 0x101), smallestSequence: 1, largestSequence: 9)
  }

  private static func family(_ tables: [TableMetadata]) -> ColumnFamily {
    ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: tables)
  }

  private static let wide = family([
    table(20, 0, "b", "c"), table(10, 1, "a", "d"), table(11, 1, "m", "p"),
    table(1, 2, "a", "b"), table(2, 2, "c", "e"), table(3, 2, "f", "g"), table(4, 2, "n", "o"), table(5, 2, "x", "z"),
  ])

  @Test func groupsAreWhatOverlaps() {
    let all = Set(Self.wide.tables.map(\.number))
    let groups = CompactStep.groups(all, of: Self.wide, outputLevel: 2)
    #expect(groups == [[20, 10, 1, 2], [3], [11, 4], [5]])
    // Sharing one user key is overlapping: its versions must stay together.
    let touching = Self.family([Self.table(1, 1, "a", "c"), Self.table(2, 1, "c", "d"), Self.table(3, 1, "e", "f")])
    #expect(CompactStep.groups([1, 2, 3], of: touching, outputLevel: 2) == [[1, 2], [3]])
    #expect(CompactStep.groups([], of: Self.wide, outputLevel: 2).isEmpty)
  }

  @Test func selectionTakesWhatIsAskedFor() {
    var selection = CompactSelection()
    #expect(selection.outputLevel(of: Self.wide, levelCount: 7) == 2)
    #expect(selection.outputLevel(of: Self.family([Self.table(1, 0, "a", "b")]), levelCount: 7) == 6)
    selection.from = Array("f".utf8)
    selection.to = Array("n".utf8)
    #expect(selection.tables(of: Self.wide, outputLevel: 2) == [11, 3])
    selection.levels = 1...1
    #expect(selection.tables(of: Self.wide, outputLevel: 2) == [11])
    selection = CompactSelection()
    selection.files = [4, 20]
    #expect(selection.tables(of: Self.wide, outputLevel: 2) == [4, 20])
    #expect(selection.tables(of: Self.wide, outputLevel: 1) == [20])
    selection.families = ["other"]
    #expect(!selection.takes(Self.wide))
  }

  private func style(_ text: String, level: Int = 2, isBottom: Bool = false) throws -> TableStyle {
    let bytes = Array("[CFOptions \"default\"]\n\(text)".utf8)
    let file = bytes.withUnsafeBytes { OptionsFile(parsing: $0) }
    let cache = TableCache(directory: try SimulatedFileSystem().readableDirectory(at: "db"))
    return try TableStyle(
      Self.family([]), level: level, isBottom: isBottom, dialect: .rocksdb, file: file, cache: cache)
  }

  @Test func styleFollowsOptions() throws {
    let text = """
      compression=kSnappyCompression
      bottommost_compression=kZSTD
      compression_per_level=
      target_file_size_base=1000000
      target_file_size_multiplier=10
      [TableOptions/BlockBasedTable "default"]
      block_size=16384
      format_version=1
      checksum=kXXH3
      filter_policy=ribbonfilter:12.5:-1
      block_restart_interval=4
      """
    let upper = try style(text)
    #expect(upper.options.compression == .snappy && upper.targetFileSize == 10_000_000)
    #expect(upper.options.blockSize == 16384 && upper.options.formatVersion == 2 && upper.options.checksum == .xxh3)
    #expect(upper.options.filterBitsPerKey == 12.5 && upper.options.restartInterval == 4)
    #expect(try style(text, isBottom: true).options.compression == .zstd)
    #expect(try style("compression=kBZip2Compression").options.compression == .zstd)
    #expect(
      try style("compression=kZSTD\ncompression_per_level=kNoCompression:kLZ4Compression").options.compression == .lz4)
    // What makes no sense is left at its default, and never a trap.
    let odd = try style(
      "target_file_size_base=0\ntarget_file_size_multiplier=99999999999\ncompression=?\n"
        + "[TableOptions/BlockBasedTable \"default\"]\nblock_size=0\nformat_version=-7\nblock_restart_interval=0",
      level: 63)
    try odd.options.validate()
    #expect(odd.options.filterBitsPerKey == 0)
  }
}
