import CommandKit
import SofaDB

/// `sofabench engine`: the workloads of `db_bench` on the engine.
enum EngineCommand {
  private static let benchmarks = Option<[EngineWorkload]>(
    "benchmarks", .workloads, placeholder: "NAME,...", default: [.fillseq, .fillrandom, .readrandom, .readseq, .stats],
    help: "what to run, in order")
  private static let database = Option<String>("db", .directory, help: "the database; made if missing, and left there")
  private static let usesExisting = Option<Bool>("use-existing-db", help: "measures the database that is there")
  private static let number = Option<UInt64>("num", .unsigned, default: 1_000_000, help: "keys")
  private static let reads = Option<UInt64?>("reads", .unsigned, help: "reads of each thread; default: as many as keys")
  private static let threads = Option<Int>("threads", .int(in: 1...1024), default: 1, help: "threads that share writes")
  private static let keySize = Option<Int>("key-size", .size(in: 9...1 << 16), default: 16, help: "bytes of a key")
  private static let valueSize = Option<Int>("value-size", .size(in: 0...1 << 26), default: 100, help: "of a value")
  private static let seed = Option<UInt64>("seed", .unsigned, default: 1, help: "of random keys")
  private static let compression = Option<Compression>("compression", .codec, default: .snappy, help: "of all tables")
  private static let cacheSize = Option<Int>("cache-size", .size, default: 8 << 20, help: "of the block cache")
  private static let bloomBits = Option<Int>("bloom-bits", .int(in: 0...100), default: 10, help: "of a key in filters")
  private static let bufferSize = Option<Int>(
    "write-buffer-size", .size(in: 4096...1 << 40), default: 64 << 20, help: "of a memtable")
  private static let disablesLog = Option<Bool>("disable-wal", help: "writes without the log")
  private static let syncs = Option<Bool>("sync", help: "makes each write durable")
  private static let reusesCursor = Option<Bool>("reuse-cursor", help: "one cursor for all of a thread's seeks")
  private static let untimed = Option<Bool>("no-latencies", help: "leaves the time of single operations out")
  private static let json = Option<Bool>("json", help: "one JSON object a benchmark")

  static let command = Command(
    name: "engine",
    summary: "runs the workloads of db_bench on the engine",
    discussion: """
      Keys and values are like those of db_bench. Threads share the writes of a benchmark; each does all of its reads. \
      fillseq, fillrandom and fillsync begin with an empty database, unless it existed before.
      """,
    options: [
      OptionGroup("Work", [benchmarks, database, usesExisting, number, reads, threads, keySize, valueSize, seed]),
      OptionGroup("Database", [compression, cacheSize, bloomBits, bufferSize, disablesLog, syncs]),
      OptionGroup("Measuring", [reusesCursor, untimed, json]),
    ],
    examples: [
      Command.Example(
        "sofabench engine --db /tmp/bench --benchmarks fillrandom,readrandom --threads 4", "Four threads of each.")
    ],
    run: { (invocation: Invocation, context: BenchContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: BenchContext) throws -> ExitStatus {
    let bench = try EngineBench(settings(invocation))
    var table = TextTable(EngineResult.columns)
    var notes = ""
    for workload in invocation[benchmarks] {
      let result = try bench.run(workload)
      if invocation[json] {
        var writer = JSONWriter()
        result.encode(into: &writer)
        try context.console.output.write(writer.output.bytes)
      } else if workload == .stats {
        notes += "\n" + bench.statistics.text
      } else {
        table.add(result.cells)
      }
    }
    if !invocation[json] { try context.console.output.write(table.text() + notes) }
    try bench.close()
    return .ok
  }

  private static func settings(_ invocation: Invocation) -> EngineBench.Settings {
    var options = DatabaseOptions()
    options.blockCacheBytes = invocation[cacheSize]
    options.familyDefaults.writeBufferBytes = invocation[bufferSize]
    options.familyDefaults.compression = invocation[compression]
    options.familyDefaults.bottomCompression = invocation[compression]
    options.familyDefaults.tables.filterBitsPerKey = Double(invocation[bloomBits])
    return EngineBench.Settings(
      path: invocation[database], number: max(invocation[number], 1), reads: invocation[reads] ?? invocation[number],
      threads: invocation[threads], keySize: invocation[keySize], valueSize: invocation[valueSize],
      seed: invocation[seed], usesExisting: invocation[usesExisting],
      write: WriteOptions(sync: invocation[syncs], usesLog: !invocation[disablesLog]),
      reusesCursor: invocation[reusesCursor], isTimed: !invocation[untimed], options: options)
  }
}

extension ValueSyntax where Value == [EngineWorkload] {
  /// Names with commas between.
  static var workloads: ValueSyntax {
    let words = EngineWorkload.allCases.map { ValueCompletion.Word($0.rawValue, $0.summary) }
    return ValueSyntax(
      placeholder: "NAME,...", completion: .words(words),
      print: { $0.map(\.rawValue).joined(separator: ",") },
      parse: { (text) throws(ValueError) in
        var found: [EngineWorkload] = []
        for name in text.split(separator: ",") {
          guard let workload = EngineWorkload(rawValue: String(name)) else {
            throw .unknownWord(String(name), of: EngineWorkload.allCases.map(\.rawValue))
          }
          found.append(workload)
        }
        return found
      })
  }
}

extension DatabaseStatistics {
  /// A line for each figure.
  var text: String {
    var table = TextTable([.left(), .right()])
    table.add(["bytes written", "\(bytesWritten)"])
    table.add(["entries written", "\(entriesWritten)"])
    table.add(["bytes flushed", "\(bytesFlushed)"])
    table.add(["bytes read by compactions", "\(bytesCompactedIn)"])
    table.add(["bytes written by compactions", "\(bytesCompactedOut)"])
    table.add(["flushes", "\(flushes)"])
    table.add(["compactions", "\(compactions)"])
    table.add(["moved tables", "\(moves)"])
    table.add(["seconds stalled", EngineResult.text(secondsStalled, 3)])
    table.add(["longest stall", EngineResult.text(longestStall, 3)])
    table.add(["write amplification", EngineResult.text(writeAmplification, 2)])
    table.add(["space amplification", EngineResult.text(spaceAmplification, 2)])
    table.add(["block cache hits", "\(blockCache.hits)"])
    table.add(["block cache misses", "\(blockCache.misses)"])
    for (level, bytes) in bytesByLevel.enumerated() where bytes > 0 {
      table.add(["level \(level): \(tablesByLevel[level]) tables", "\(bytes)"])
    }
    return table.text()
  }
}
