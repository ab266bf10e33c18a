import SofaTesting
import Testing

@testable import SofaDB

/// What the estimate says of tables whose conversion is known.
@Suite struct EstimateTests {
  static func tables() throws -> (MemoryDirectory, [FileTarget]) {
    var files: [String: [UInt8]] = [:]
    for number in 0..<6 {
      var table = ConvertTablesTests.small(number, .none)
      table.options.blockSize = 1024
      var random = SeededRandom(seed: UInt64(number))
      table.replaceEntries(
        (0..<1500).map { index in
          let noise = random.bytes(random.below(80))
          return TableCase.Entry(
            userKey: Array("key \(100_000 + index)".utf8), sequence: 0, kind: .value,
            value: noise + [UInt8](repeating: 0x2E, count: 120 - noise.count))
        })
      let file = MemoryFile(name: "\(number).sst")
      try table.write(to: file)
      files[file.name] = file.content
    }
    let directory = MemoryDirectory(files)
    return (directory, files.keys.sorted().map { FileTarget(directory, $0) })
  }

  @Test func theSizeOfTheConversionIsPredicted() throws {
    let (_, tables) = try Self.tables()
    let estimate = try EstimateCompression(tables, jobs: 2, seed: 7).run()
    #expect(estimate.tables == 6 && estimate.sampledTables == 6 && estimate.refused.isEmpty)
    #expect(estimate.rows.count == EstimateCompression.usualTargets.count)
    for row in estimate.rows {
      #expect(row.ratio.low <= row.ratio.value && row.ratio.value <= row.ratio.high, "\(row.target.text)")
      #expect(row.size.low <= row.size.value && row.size.value <= row.size.high)
      guard row.target.codec == .none || row.target.codec == .lz4 || row.target.level == 3 else { continue }
      var size = 0.0
      for table in tables {
        let source = try table.open()
        let content = try source.readExactly(Int(source.size), at: 0)
        let file = MemoryFile([UInt8](content.bytes), name: table.name)
        size += Double(try Transcoding(file, to: row.target).table.fileSize)
      }
      #expect(abs(row.size.value / size - 1) < 0.05, "\(row.target.text): \(row.size.value) for \(size)")
      if row.target.codec != .none { #expect(row.compressRate > 0 && row.decompressRate > 0 && row.seconds > 0) }
    }
    let none = estimate.rows[0]
    #expect(none.size.high - none.size.low < 1 && abs(none.size.value - Double(estimate.fileBytes)) < 1)
  }

  @Test func theSameSeedDrawsTheSameBlocks() throws {
    let (_, tables) = try Self.tables()
    let targets = [TranscodeTarget(codec: .lz4), TranscodeTarget(codec: .zstd, level: 1, dictionarySize: 2048)]
    let first = try EstimateCompression(tables, targets: targets, jobs: 1, seed: 3).run()
    let second = try EstimateCompression(tables, targets: targets, jobs: 1, seed: 3).run()
    #expect(first.rows.map(\.ratio.value) == second.rows.map(\.ratio.value))
    #expect(first.sampledBytes == second.sampledBytes)
  }

  /// 95 of 100 intervals hold the truth, more or less.
  @Test func intervalsHoldTheTruth() throws {
    var random = SeededRandom(seed: 95)
    let strata = (0..<8).map { stratum in
      (0..<400).map { _ in (x: 4000.0, y: Double(800 + 200 * stratum + random.below(1500))) }
    }
    let truth = strata.joined().reduce(0) { $0 + $1.y } / strata.joined().reduce(0) { $0 + $1.x }
    var hits = 0
    for _ in 0..<400 {
      var estimate = RatioEstimate()
      for stratum in strata {
        estimate.begin(blocks: stratum.count)
        for part in 0..<20 {
          let drawn = stratum[part * 20 + random.below(20)]
          estimate.add(drawn.y, over: drawn.x)
        }
      }
      let ratio = try #require(estimate.ratio)
      if ratio.low <= truth, truth <= ratio.high { hits += 1 }
    }
    #expect((368...396).contains(hits), "\(hits) of 400")
  }

  @Test func damagedTablesAreLeftOut() throws {
    let (directory, tables) = try Self.tables()
    directory.files["0.sst"]?.content.removeLast()
    let estimate = try EstimateCompression(tables, targets: [TranscodeTarget(codec: .lz4)], jobs: 1).run()
    #expect(estimate.refused.map(\.name) == [tables[0].path] && estimate.sampledTables == 5)
    #expect(throws: DatabaseError.self) {
      try EstimateCompression([tables[0]], targets: [TranscodeTarget(codec: .lz4)], jobs: 1).run()
    }
  }
}
