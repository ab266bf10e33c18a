import SofaTesting

@testable import SofaDB

/// Which tables are damaged: real ones of every kind that the engines left in the fixtures, and written ones where
/// those are too large to flip every bit of them.
extension DamageSubject {
  /// Small enough for every single bit.
  static let small: [DamageSubject] =
    written
    + fixtures([
      "l123-levels/000014.ldb", "r783-sst/one.sst", "r783-sst/mixed.sst", "r783-sst/rangeonly.sst",
      "r783-sst-self/self.sst", "r1075-sst-fv6/mixed.sst", "r783-ingest/000015.sst", "r783-ingest-wgs/000016.sst",
      "r783-ingest-wgs/000013.sst", "main-ingest/000011.sst", "r783-rangedel-only/000009.sst",
      "r783-fv0-zlib/000011.sst",
      "r783-fv1-lz4/000011.sst", "r783-fv2-zlib/000011.sst", "r783-fv3-snappy/000011.sst", "r783-fv4-lz4/000011.sst",
      "r783-fv5-zstd/000011.sst", "r1075-fv6/000011.sst", "r1075-fv7/000011.sst", "r1112-udt-stripped/000011.sst",
      "r1075-u64ts/000011.sst", "main-entity-blob/000009.sst", "r783-merge-u64/000011.sst", "r984-blob/000012.sst",
      "r783-levels-rev/000016.sst", "r783-nodelta-align/000009.sst", "main-sepkv-nodelta/000009.sst",
      "r1075-hashidx/000009.sst", "main-embblob/000009.sst",
    ])

  /// One bit of every byte.
  static let large: [DamageSubject] = fixtures([
    "l123-snappy/000009.ldb", "r783-ck-none/000009.sst", "r783-ck-xxhash/000009.sst", "r984-ck-xxhash64/000009.sst",
    "r783-ck-xxh3/000009.sst", "r1075-comp-lz4hc/000009.sst", "r783-comp-bzip2/000009.sst", "r783-part-fv3/000009.sst",
    "r1075-part-fv7/000009.sst", "r783-dict-zstd-trained/000009.sst", "r783-dict-lz4/000009.sst",
    "r783-dict-zlib/000009.sst", "r783-hashidx/000009.sst", "r783-dhash/000009.sst", "r783-firstkey/000009.sst",
    "r783-bloom-legacy-bpk20/000009.sst", "r783-prefix/000009.sst", "main-sepkv/000009.sst", "main-uniform/000009.sst",
    "main-udi/000009.sst", "r1112-sba/000009.sst", "r1112-filecrc/000013.sst",
  ])

  private static func fixtures(_ paths: [String]) -> [DamageSubject] { paths.map { fixture($0) } }

  /// `database/file`, with what the MANIFEST of the database says about the file.
  static func fixture(_ path: String) -> DamageSubject {
    do {
      let parts = path.split(separator: "/").map(String.init)
      let fixture = try FixtureDatabase(parts[0])
      let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
      let file = try directory.open(parts[1])
      let content = try file.readExactly(Int(file.size), at: 0)
      var subject = DamageSubject(name: path, content: withExtendedLifetime(content) { [UInt8](content.bytes) })
      if !fixture.isLoose {
        var audit = DirectoryAudit(directory)
        try audit.run()
        let table = audit.tables.first { $0.file == parts[1] }
        precondition(table != nil, "\(path) is not live")
        (subject.metadata, subject.order) = (table?.metadata, table?.order)
      }
      return subject
    } catch { preconditionFailure("\(path): \(error)") }
  }

  // MARK: Written

  /// About two KiB each; codecs, checksums, versions and features take turns.
  static let written: [DamageSubject] = [
    written("none-v2") {
      $0.compression = .none; $0.formatVersion = 2; $0.filterBitsPerKey = 0
    },
    written("lz4-xxh32-v3-user-keys") {
      $0.compression = .lz4; $0.checksum = .xxHash32; $0.formatVersion = 3; $0.indexKeysAreUserKeys = true
    },
    written("lz4hc-xxh64-v4-deltas") {
      $0.compression = .lz4hc; $0.checksum = .xxHash64; $0.formatVersion = 4; $0.indexValuesAreDeltaCoded = true
      $0.indexRestartInterval = 4
    },
    written("zstd-xxh3-v5-hash-index") {
      $0.compression = .zstd; $0.checksum = .xxh3; $0.hashesDataBlocks = true
    },
    written("zlib-v6-two-level") {
      $0.compression = .zlib; $0.formatVersion = 6; $0.indexType = .twoLevel; $0.partitionSize = 64
    },
    written("none-xxh3-v7-two-level-user-keys") {
      $0.compression = .none; $0.checksum = .xxh3; $0.formatVersion = 7; $0.indexType = .twoLevel
      $0.partitionSize = 64; $0.indexKeysAreUserKeys = true; $0.indexValuesAreDeltaCoded = true
    },
    written("dictionary-v5") {
      $0.compression = .zstd; $0.dictionary = dictionary()
    },
    written("ranges-v7", ranges: true) {
      $0.compression = .none; $0.formatVersion = 7; $0.checksum = .xxHash64
    },
    written("reverse-v5", ranges: true) {
      $0.order = .reverseBytewise; $0.compression = .none
    },
  ]

  private static func dictionary() -> CompressionDictionary {
    let sample = (0..<12).flatMap { Array("the value of key \($0 * 7), which compresses".utf8) }
    do { return try sample.withUnsafeBytes { (bytes) throws(FormatError) in try CompressionDictionary(bytes) } } catch {
      preconditionFailure("\(error)")
    }
  }

  static func entries() -> [(key: InternalKey, value: [UInt8])] {
    var entries: [(InternalKey, [UInt8])] = []
    for number in 0..<24 {
      let key = Array("key\(100 + number * 7)".utf8)
      for version in 0...(number % 3 == 0 ? 1 : 0) {
        let kind: EntryKind = number % 5 == 4 ? .deletion : number % 7 == 3 ? .merge : .value
        let value = kind == .deletion ? [] : Array("the value of key \(number * 7), which compresses".utf8)
        entries.append((InternalKey(userKey: key, sequence: UInt64(1000 - version * 10 + number), kind: kind), value))
      }
    }
    return entries
  }

  /// `salt` makes another version of the same table: same keys, other values of the same lengths.
  static func written(
    _ name: String, ranges: Bool = false, salt: UInt8 = 0, contextBase: UInt32 = 0x1234_5677,
    _ change: (inout TableOptions) -> Void
  ) -> DamageSubject {
    var options = TableOptions()
    options.blockSize = 200
    options.restartInterval = 3
    options.contextBase = contextBase
    change(&options)
    if options.formatVersion < 6 { options.contextBase = nil }
    let order = options.order
    let file = MemoryFile()
    do {
      let writer = try TableWriter(file: file, options: options)
      for entry in entries().sorted(by: { order.compare($0.key, $1.key) < 0 }) {
        try entry.key.bytes.withUnsafeBytes { key in
          try entry.value.map { $0 ^ salt }.withUnsafeBytes { try writer.add(internalKey: key, value: $0) }
        }
      }
      if ranges {
        for number in 0..<4 {
          let ends = [Array("key\(100 + number * 20)".utf8), Array("key\(110 + number * 25)".utf8)]
          let isReverse = order == .reverseBytewise
          try writer.addRangeTombstone(
            begin: ends[isReverse ? 1 : 0], end: ends[isReverse ? 0 : 1], sequence: UInt64(900 + number))
        }
      }
      let summary = try writer.finish()
      let metadata = TableMetadata(
        number: 9, level: 6, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
        smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence, epoch: 1)
      return DamageSubject(name: name, content: file.content, metadata: metadata, order: order)
    } catch { preconditionFailure("\(name): \(error)") }
  }
}
