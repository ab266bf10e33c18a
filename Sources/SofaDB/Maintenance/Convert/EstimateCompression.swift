/// Measures what other codecs would make of tables, on blocks that are drawn from all of them and from all parts of
/// each, at their real sizes. Reads only.
///
/// Each table gets a share of the sample by its size, is cut into as many parts as its share has blocks, and gives one
/// block of each part, drawn with a seeded generator. Memory: 4 MiB of blocks, and the handles of one table.
public struct EstimateCompression: Sendable {
  /// What is tried unless told otherwise; dictionaries apart.
  public static let usualTargets: [TranscodeTarget] = [
    TranscodeTarget(codec: .none), TranscodeTarget(codec: .snappy), TranscodeTarget(codec: .lz4),
    TranscodeTarget(codec: .lz4hc, level: 9), TranscodeTarget(codec: .zlib, level: 6),
    TranscodeTarget(codec: .zstd, level: 1),
    TranscodeTarget(codec: .zstd, level: 3), TranscodeTarget(codec: .zstd, level: 6),
    TranscodeTarget(codec: .zstd, level: 9), TranscodeTarget(codec: .zstd, level: 15),
  ]

  private static let mostTables = 1024
  private static let mostBlocks = 2000
  private static let batchSize = 4 << 20
  /// Uncompressed bytes of the whole sample, about.
  private static let sampleSize = 16 << 20
  /// Tables for which dictionaries are trained.
  private static let trainedTables = 8

  private let tables: [FileTarget]
  private let targets: [TranscodeTarget]
  private let jobs: Int
  private let seed: UInt64
  private let time: any TimeSource
  public var isCancelled: @Sendable () -> Bool = { false }
  public var progress: @Sendable (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }

  /// `jobs`: threads of the conversion whose time is predicted. Equal seeds draw equal blocks.
  public init(
    _ tables: [FileTarget], targets: [TranscodeTarget] = EstimateCompression.usualTargets, jobs: Int,
    seed: UInt64 = 1, time: any TimeSource = SystemTime()
  ) {
    self.tables = tables
    self.targets = targets
    self.jobs = max(1, jobs)
    self.seed = seed
    self.time = time
  }

  /// Errors: `invalid` when no table has a block that can be read; `cancelled`; and what the file system says. Damaged
  /// tables and those of unknown codecs are listed as refused.
  public func run() throws(DatabaseError) -> CompressionEstimate {
    for target in targets { try target.validate() }
    var estimate = CompressionEstimate()
    var sizes: [UInt64] = []
    for table in tables {
      guard let attributes = try table.directory.attributes(of: table.name) else {
        throw DatabaseError(.notFound, file: table.path, "no such file")
      }
      sizes.append(attributes.size)
    }
    estimate.tables = tables.count
    estimate.fileBytes = sizes.reduce(0, &+)
    var sample = BlockSample(seed: seed, time: time, trials: targets.map { CodecTrial($0, time: time) })
    let step = max(1, (tables.count + EstimateCompression.mostTables - 1) / EstimateCompression.mostTables)
    let chosen = Array(stride(from: Int(seed % UInt64(step)), to: tables.count, by: step))
    let chosenBytes = chosen.reduce(UInt64(0)) { $0 &+ sizes[$1] }
    let trainStep = max(1, (chosen.count + EstimateCompression.trainedTables - 1) / EstimateCompression.trainedTables)
    for (place, index) in chosen.enumerated() {
      if isCancelled() { throw DatabaseError(.cancelled, "the estimate was interrupted") }
      progress(UInt64(place), UInt64(chosen.count))
      let share = Double(sizes[index]) / Double(max(chosenBytes, 1))
      do throws(DatabaseError) {
        try sample.take(tables[index], share: share, trains: place % trainStep == 0)
      } catch {
        guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        let detail = error.offset.map { "at offset \($0): \(error.detail)" } ?? error.detail
        estimate.refused.append((tables[index].path, detail))
      }
    }
    guard sample.blocks > 0 else {
      throw DatabaseError(.invalid, "there is no data block that could be measured")
    }
    complete(&estimate, sample, scale: Double(estimate.fileBytes) / Double(max(chosenBytes, 1)))
    return estimate
  }

  // MARK: Figures

  private func complete(_ estimate: inout CompressionEstimate, _ sample: borrowing BlockSample, scale: Double) {
    estimate.sampledTables = sample.tables
    estimate.sampledBlocks = sample.blocks
    estimate.sampledBytes = UInt64(sample.bytes)
    let data = Double(sample.storedBytes) * scale
    estimate.dataBytes = UInt64(min(data, Double(estimate.fileBytes)))
    let raw = sample.present.total * scale
    estimate.rawBytes = UInt64(raw)
    let rest = max(0, Double(estimate.fileBytes) - data)
    let size = Double(estimate.fileBytes)
    estimate.present.ratio = inverse(sample.present.ratio)
    estimate.present.decompressRate = rate(sample.bytes, sample.readSeconds)
    estimate.present.size = CompressionEstimate.Interval(value: size, low: size, high: size)
    for trial in sample.trials {
      let each = Double(estimate.tables) / Double(max(1, trial.tables))
      let fixed = rest + Double(trial.dictionaryBytes) * each
      let part = trial.overStored.ratio ?? CompressionEstimate.Interval(value: 1, low: 1, high: 1)
      let reading = raw / max(sample.bytes, 1) * sample.readSeconds
      let coding = raw / max(trial.rawBytes, 1) * (trial.compressSeconds + trial.decompressSeconds)
      let seconds = reading + coding + trial.trainingSeconds * each
      let isCoded = trial.target.codec != .none
      estimate.rows.append(
        CompressionEstimate.Row(
          target: trial.target, ratio: inverse(trial.overRaw.ratio),
          compressRate: isCoded ? rate(trial.rawBytes, trial.compressSeconds) : 0,
          decompressRate: isCoded ? rate(trial.rawBytes, trial.decompressSeconds) : 0,
          size: CompressionEstimate.Interval(
            value: part.value * data + fixed, low: part.low * data + fixed, high: part.high * data + fixed),
          seconds: seconds / Double(jobs)))
    }
  }

  private func rate(_ bytes: Double, _ seconds: Double) -> Double { seconds > 0 ? bytes / seconds : 0 }

  /// Stored over raw to raw over stored.
  private func inverse(_ ratio: CompressionEstimate.Interval?) -> CompressionEstimate.Interval {
    guard let ratio, ratio.value > 0 else { return CompressionEstimate.Interval(value: 1, low: 1, high: 1) }
    let high = ratio.low > 0 ? 1 / ratio.low : Double.infinity
    return CompressionEstimate.Interval(value: 1 / ratio.value, low: 1 / ratio.high, high: high)
  }

  /// Blocks to draw from a table, of so many blocks of so many bytes each.
  static func wanted(share: Double, blockSize: Int, blocks: Int) -> Int {
    let whole = min(mostBlocks, max(32, sampleSize / max(1, blockSize)))
    return min(blocks, max(1, Int((share * Double(whole)).rounded(.up))))
  }

  /// Blocks that are measured at once, in uncompressed bytes.
  static var measuredAtOnce: Int { batchSize }
}
