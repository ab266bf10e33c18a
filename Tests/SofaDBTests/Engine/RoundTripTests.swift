import SofaTesting
import Testing

@testable import SofaDB

/// Random databases that SofaDB and other engines continue in turn, also from logs that nobody flushed: each finds what
/// the other left.
struct RoundTripTests {
  /// Of one engine run.
  private static let batch = 20

  private func kinds(_ index: Int) -> [String: PeerModel.Family] {
    let append = MergeOperator.stringAppend(delimiter: [0x2C])
    let order = index % 5 == 4 ? KeyOrder.reverseBytewise : .bytewise
    return [
      "default": .init(order: order, mergeOperator: append),
      "one": .init(order: .reverseBytewise, mergeOperator: append),
      "two": .init(order: .bytewise, mergeOperator: .uint64Add),
    ]
  }

  /// RocksDB's, another set each time.
  private func rocksOptions(_ seed: Int) -> [String] {
    var random = SeededRandom(seed: UInt64(seed))
    func one(_ values: String...) -> String { values[random.below(values.count)] }
    let filter = one("bloom=10", "bloom=2", "bloom=7.3", "ribbon=10")
    return [
      "compression=" + one("none", "snappy", "zlib", "lz4", "lz4hc", "zstd"), "fv=" + one("2", "3", "4", "5"),
      "bs=" + one("64", "256", "4096"), "ck=" + one("crc32c", "xxhash", "xxhash64", "xxh3"), filter,
      "part=" + one("0", "0", "1"), "mbs=" + one("64", "4096"), "iri=" + one("1", "1", "4"),
      "dri=" + one("1", "4", "16"), "dhash=" + one("0", "0", "1"), "delta=" + one("1", "1", "0"), "wbs=65536",
      "tfs=" + one("2048", "1000000"),
      "blob=" + one("0", "0", "0", "1"), "walcomp=" + one("0", "0", "1"), "auto=" + one("0", "1"),
      "dict=" + one("0", "0", "4096"), "subs=" + one("1", "2"),
    ]
  }

  /// Of releases 9.8 and later; not all codecs are in the package.
  private func newerOptions(_ seed: Int) -> [String] {
    var random = SeededRandom(seed: UInt64(seed))
    func one(_ values: String...) -> String { values[random.below(values.count)] }
    return [
      "compression=" + one("none", "snappy", "lz4", "zstd"), "fv=" + one("2", "5", "6"), "bs=" + one("64", "4096"),
      "ck=" + one("crc32c", "xxhash64", "xxh3"), "part=" + one("0", "1"), "auto=0",
    ]
  }

  private func fixed(_ kinds: [String: PeerModel.Family]) -> [String] {
    kinds.sorted { $0.key < $1.key }.flatMap { name, kind in
      let merge = kind.mergeOperator == .uint64Add ? "uint64add" : "stringappend"
      return (kind.order == .bytewise ? [] : ["comparator.\(name)=reverse"]) + ["merge.\(name)=\(merge)"]
    }
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"), arguments: 0..<6)
  func rocksDBAndWeContinueEachOther(_ number: Int) throws {
    let oracle = try #require(RocksOracle.shared)
    let first = number * Self.batch
    let databases = try (first..<first + Self.batch).map { try PeerDatabase($0, kinds: kinds($0)) }
    for turn in 0..<6 {
      try take(turn, databases, { rocksOptions($0 * 10 + turn) + fixed(kinds($0)) }, oracle.play)
    }
    #expect(databases.flatMap(\.failures).prefix(5).joined(separator: "\n") == "")
  }

  @Test(.enabled(if: NewerRocksDB.rocksdict != nil, "rocksdict cannot be had"), arguments: 0..<2)
  func newerRocksDBAndWeContinueEachOther(_ number: Int) throws {
    let newer = try #require(NewerRocksDB.rocksdict)
    let kind = PeerModel.Family(order: .bytewise)
    let first = 1000 + number * Self.batch
    let databases = try (first..<first + Self.batch).map { index in
      try PeerDatabase(index, kinds: ["default": kind, "one": kind, "two": kind])
    }
    for turn in 0..<6 { try take(turn, databases, { newerOptions($0 * 10 + turn) }, newer.play) }
    #expect(databases.flatMap(\.failures).prefix(5).joined(separator: "\n") == "")
  }

  /// Every second database is ours this turn, the others the other engine's, which made half of all. In the end it only
  /// looks.
  private func take(
    _ turn: Int, _ databases: [PeerDatabase], _ options: (Int) -> [String],
    _ play: ([PeerStage]) throws -> [String: PeerStage.Answer]
  ) throws {
    let well = databases.filter(\.failures.isEmpty)
    for database in well where (database.index + turn) % 2 == 0 { database.continueOurselves(250) }
    let theirs = well.filter { ($0.index + turn) % 2 == 1 }
    let stages = theirs.map { $0.handOver(turn >= 4 ? 0 : 250, options: options($0.index)) }
    let answers = try play(stages)
    for (stage, database) in zip(stages, theirs) { database.takeBack(stage, answers[stage.directory]) }
  }
}
