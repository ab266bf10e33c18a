import CommandKit
import SofaDB

/// What one benchmark took.
struct EngineResult {
  let name: String
  let threads: Int
  /// What one thread did, or all together.
  struct Work: Sendable {
    var operations: UInt64 = 0
    /// Keys and values that were found.
    var found: UInt64 = 0
    var bytes: UInt64 = 0
    var histogram = Histogram()

    mutating func add(_ other: Work) {
      operations += other.operations
      found += other.found
      bytes += other.bytes
      histogram.add(other.histogram)
    }
  }
  let work: Work
  let seconds: Double
  /// Of the benchmark alone.
  let secondsStalled: Double
  let longestStall: Double
  let writeAmplification: Double
  /// Bytes of tables for each byte of the deepest level.
  let spaceAmplification: Double

  static let columns: [TextTable.Column] = [
    .left("benchmark"), .right("threads"), .right("micros/op"), .right("ops/s"), .right("MB/s"), .right("found"),
    .right("p50 us"), .right("p99 us"), .right("max us"), .right("stalled s"), .right("longest"), .right("write amp"),
    .right("space amp"),
  ]

  var microsPerOperation: Double { seconds * 1e6 * Double(threads) / Double(max(work.operations, 1)) }
  var rate: Double { Double(work.operations) / seconds }
  var megabytes: Double { Double(work.bytes) / 1e6 / seconds }

  var cells: [String] {
    let times = work.histogram.count == 0 ? ["", "", ""] : [0.5, 0.99, 1].map { EngineResult.text(micros($0), 1) }
    return [
      name, "\(threads)", EngineResult.text(microsPerOperation, 3), "\(Int(rate))", EngineResult.text(megabytes, 1),
      "\(work.found)",
    ] + times + [secondsStalled, longestStall, writeAmplification, spaceAmplification].map { EngineResult.text($0, 2) }
  }

  private func micros(_ share: Double) -> Double { Double(work.histogram.quantile(share)) / 1000 }

  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("schema", 1)
    json.field("benchmark", name)
    json.field("threads", threads)
    json.field("operations", work.operations)
    json.field("seconds", seconds)
    json.field("micros_per_operation", microsPerOperation)
    json.field("operations_per_second", rate)
    json.field("megabytes_per_second", megabytes)
    json.field("found", work.found)
    if work.histogram.count > 0 {
      json.field("p50_micros", micros(0.5))
      json.field("p99_micros", micros(0.99))
      json.field("max_micros", micros(1))
    }
    json.field("stalled_seconds", secondsStalled)
    json.field("longest_stall_seconds", longestStall)
    json.field("write_amplification", writeAmplification)
    json.field("space_amplification", spaceAmplification)
    json.endObject()
    json.newline()
  }

  static func text(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let rest = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - rest.utf8.count) + rest
  }
}
