/// Estimates the ratio of two totals from a stratified sample: each stratum (a table) has so many blocks, of which some
/// were measured. Ratio of weighted sums; the interval is the normal approximation of its linearised variance, with the
/// finite population correction. Source: Cochran, Sampling Techniques, sections 6.10 and 5A.12.
struct RatioEstimate {
  private struct Stratum {
    var blocks: Double
    var x: [Double] = []
    var y: [Double] = []
  }

  /// Two-sided 95 % of the normal distribution.
  private static let quantile = 1.959964

  private var strata: [Stratum] = []

  /// Begins a stratum of so many blocks; what is added next belongs to it.
  mutating func begin(blocks: Int) { strata.append(Stratum(blocks: Double(blocks))) }

  mutating func add(_ y: Double, over x: Double) {
    guard !strata.isEmpty else { return }
    strata[strata.count - 1].x.append(x)
    strata[strata.count - 1].y.append(y)
  }

  /// The estimated total of x.
  var total: Double { sum(\.x) }

  private func sum(_ values: KeyPath<Stratum, [Double]>) -> Double {
    strata.reduce(0) { sum, stratum in
      let own = stratum[keyPath: values]
      return own.isEmpty ? sum : sum + stratum.blocks / Double(own.count) * own.reduce(0, +)
    }
  }

  /// y for one x; nil without a sample.
  var ratio: CompressionEstimate.Interval? {
    let total = self.total
    guard total > 0 else { return nil }
    let ratio = sum(\.y) / total
    var variance = 0.0
    let pooled = pooledVariance(ratio)
    for stratum in strata where !stratum.x.isEmpty {
      let count = Double(stratum.x.count)
      let own = stratum.x.count < 2 ? pooled : RatioEstimate.variance(RatioEstimate.residuals(stratum, ratio))
      variance += stratum.blocks * max(0, stratum.blocks - count) * own / count
    }
    let half = RatioEstimate.quantile * variance.squareRoot() / total
    return CompressionEstimate.Interval(value: ratio, low: max(0, ratio - half), high: ratio + half)
  }

  private static func residuals(_ stratum: Stratum, _ ratio: Double) -> [Double] {
    zip(stratum.x, stratum.y).map { $1 - ratio * $0 }
  }

  private static func variance(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }

  /// For strata of a single sample, which tell no variance of their own.
  private func pooledVariance(_ ratio: Double) -> Double {
    RatioEstimate.variance(strata.flatMap { RatioEstimate.residuals($0, ratio) })
  }
}
