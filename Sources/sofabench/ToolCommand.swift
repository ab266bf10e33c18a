import CommandKit
import SofaDB

/// `sofabench tool [WORKLOAD...]`: prepares data, runs each workload several times, prints medians.
enum ToolCommand {
  private static let workloads = Operand<[WorkloadName]>(
    "WORKLOAD", .choice, minimum: 0, help: "what to time; default: all")
  private static let rows = Option<UInt64>("rows", .unsigned, default: 1_000_000, help: "rows of generated input")
  private static let directory = Option<String>(
    "directory", .directory, default: ".build/bench", help: "where data is generated; created if missing")
  private static let compression = Option<Compression>("compression", .codec, default: .zstd, help: "of the tables")
  private static let memory = Option<Int>("memory", .size, default: 1 << 30, help: "for sorting")
  private static let jobs = Option<Int>(
    "jobs", .int(in: 1...1024), short: "j", default: Workers.processors, defaultText: "one a processor",
    help: "threads")
  private static let runs = Option<Int>("runs", .int(in: 1...100), default: 5, help: "counted runs of each workload")
  private static let json = Option<Bool>("json", help: "one JSON object a workload")
  private static let keep = Option<Bool>("keep", help: "leaves the data where it is")

  static let command = Command(
    name: "tool",
    summary: "times what sofatool does, through the public API",
    discussion: """
      Generates rows in random key order, loads them into a database, and times each workload over it: one run to \
      warm up, then the counted ones. Prints the median with the least and the greatest time.
      """,
    options: [
      OptionGroup("Data", [rows, directory, compression, memory, keep]), OptionGroup("Runs", [runs, jobs, json]),
    ],
    operands: [workloads],
    examples: [
      Command.Example("sofabench tool --rows 10000000 bulk-load dump-hex", "Two workloads on ten million rows.")
    ],
    run: { (invocation: Invocation, context: BenchContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: BenchContext) throws -> ExitStatus {
    let bench = ToolBench(
      directory: invocation[directory], rows: invocation[rows], compression: invocation[compression],
      memory: invocation[memory], jobs: invocation[jobs])
    let names = invocation[workloads]
    let chosen = names.isEmpty ? Workload.all : names.map(\.workload)
    try bench.prepare()
    var table = TextTable([
      .left("workload"), .right("median s"), .right("min"), .right("max"), .right("MiB/s"), .right("entries/s"),
    ])
    for workload in chosen {
      let timing = try Timing(workload, bench, runs: invocation[runs])
      if invocation[json] {
        var writer = JSONWriter()
        timing.encode(into: &writer)
        try context.console.output.write(writer.output.bytes)
      } else {
        table.add(timing.cells)
      }
    }
    if !invocation[json] { try context.console.output.write(table.text()) }
    if !invocation[keep] { try bench.cleanUp() }
    return .ok
  }
}

extension ValueSyntax where Value == Compression {
  /// A codec that tables can be written with.
  static var codec: ValueSyntax {
    ValueSyntax(placeholder: "CODEC") { (text) throws(ValueError) in
      guard let codec = Compression(text), codec.canEncode else { throw ValueError("is no codec to write with") }
      return codec
    }
  }
}

/// A workload as an operand.
struct WorkloadName: CommandLineChoice {
  let workload: Workload
  var rawValue: String { workload.name }
  var summary: String { workload.summary }

  init(_ workload: Workload) { self.workload = workload }

  init?(rawValue: String) {
    guard let workload = Workload.all.first(where: { $0.name == rawValue }) else { return nil }
    self.init(workload)
  }

  static var allCases: [WorkloadName] { Workload.all.map(WorkloadName.init) }
}
