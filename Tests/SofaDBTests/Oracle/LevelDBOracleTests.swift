/// Tables in LevelDB's own format, read by LevelDB.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LevelDBOracleTests {
  struct Shape: CustomStringConvertible {
    var compression: Compression
    var bits: Double
    var blockSize: Int
    var description: String { "\(compression) \(bits) \(blockSize)" }
  }

  static let shapes = [Compression.none, .snappy].flatMap { codec in
    [0.0, 10, 20].flatMap { bits in
      [64, 1024, 4096, 1 << 20].map { Shape(compression: codec, bits: bits, blockSize: $0) }
    }
  }

  static let pairs: [(key: [UInt8], value: [UInt8])] = {
    var random = SeededRandom(seed: 7)
    return (0..<3000).map { number in
      let digits = Array("\(100_000 + number)".utf8) + (number % 3 == 0 ? [0xFF, 0x80, 0] : [])
      let length = number % 500 == 0 ? 20_000 : Int.random(in: 0...60, using: &random)
      let isNoise = number % 2 == 0
      return (digits, (0..<length).map { isNoise ? UInt8.random(in: 0...255, using: &random) : UInt8($0 % 7) })
    }
  }()

  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"), arguments: shapes)
  func levelDBReadsOurTables(_ shape: Shape) throws {
    let scratch = try TemporaryDirectory()
    let directory = try PosixFileSystem().directory(at: scratch.path)
    var options = TableOptions.levelDB
    options.compression = shape.compression
    options.filterBitsPerKey = shape.bits
    options.blockSize = shape.blockSize
    let file = try directory.create("000005.ldb")
    let writer = try TableWriter(file: file, options: options)
    for (index, pair) in Self.pairs.enumerated() {
      let key = InternalKey(userKey: pair.key, sequence: UInt64(index + 1), kind: .value)
      try pair.value.withUnsafeBytes { value in
        try key.bytes.withUnsafeBytes { try writer.add(internalKey: $0, value: value) }
      }
    }
    let summary = try writer.finish()
    var table = TableMetadata(
      number: 5, level: 1, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: TableMetadata.unknownSequence, largestSequence: 0)
    table.level = 1
    let version = Version(
      families: [
        ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: [table])
      ], lastSequence: UInt64(Self.pairs.count), nextFileNumber: 7, dialect: .leveldb)
    try ManifestWriter.write(version, as: DatabaseFile.manifest(6).name, in: directory)
    try CurrentFile.replace(directory, manifest: 6)
    let read = try LevelDBOracle.scan(scratch.path, bits: Int(shape.bits))
    #expect(read.count == Self.pairs.count)
    #expect(zip(read, Self.pairs).allSatisfy { $0.key == $1.key && $0.value == $1.value })
    // Nothing was wrong with the filter, and it lets through little that is not there.
    let reader = try TableReader(try PosixFileSystem().readableDirectory(at: scratch.path).open("000005.ldb"))
    #expect(reader.properties.all.isEmpty && reader.file.footer.isLegacy)
  }

  @Test func whatLevelDBCannotReadIsRefused() throws {
    let changes: [(inout TableOptions) -> Void] = [
      { $0.compression = .zlib }, { $0.checksum = .xxh3 }, { $0.indexType = .twoLevel }, { $0.external = true },
      { $0.indexValuesAreDeltaCoded = true }, { $0.hashesDataBlocks = true },
    ]
    for change in changes {
      var options = TableOptions.levelDB
      change(&options)
      #expect(throws: DatabaseError.self) { try options.validate() }
    }
    let writer = try TableWriter(file: MemoryFile(), options: .levelDB)
    #expect(throws: DatabaseError.self) { try writer.addRangeTombstone(begin: [1], end: [2], sequence: 1) }
    let key = InternalKey(userKey: [1], sequence: 1, kind: .merge)
    #expect(throws: DatabaseError.self) {
      try key.bytes.withUnsafeBytes {
        try writer.add(internalKey: $0, value: UnsafeRawBufferPointer(start: nil, count: 0))
      }
    }
  }
}
