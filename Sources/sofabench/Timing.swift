import SofaDB

/// The times of one workload.
struct Timing {
  let name: String
  /// Ascending, in seconds.
  let seconds: [Double]
  let outcome: Workload.Outcome

  init(_ workload: Workload, _ bench: ToolBench, runs: Int) throws(DatabaseError) {
    name = workload.name
    var outcome = try workload.run(bench)
    var seconds: [Double] = []
    for _ in 0..<runs {
      let start = MonotonicClock.seconds
      outcome = try workload.run(bench)
      seconds.append(MonotonicClock.seconds - start)
    }
    self.seconds = seconds.sorted()
    self.outcome = outcome
  }

  var median: Double { seconds[seconds.count / 2] }

  var cells: [String] {
    let rate = Double(outcome.bytes) / 1_048_576 / median
    return [
      name, Timing.text(median), Timing.text(seconds[0]), Timing.text(seconds[seconds.count - 1]),
      "\(Int(rate))", "\(Int(Double(outcome.entries) / median))",
    ]
  }

  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("schema", 1)
    json.field("workload", name)
    json.field("median_seconds", median)
    json.field("min_seconds", seconds[0])
    json.field("max_seconds", seconds[seconds.count - 1])
    json.field("runs", seconds.count)
    json.field("bytes", outcome.bytes)
    json.field("entries", outcome.entries)
    json.endObject()
    json.newline()
  }

  private static func text(_ seconds: Double) -> String {
    let thousandths = Int((seconds * 1000).rounded())
    let rest = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
  }
}
