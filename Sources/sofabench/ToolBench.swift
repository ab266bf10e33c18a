import SofaDB
internal import Synchronization

/// A directory with generated data, and the work done on it through the public API. Rows are the same for the same
/// number; nothing is kept from one process to the next.
final class ToolBench: Sendable {
  let directory: String
  let rows: UInt64
  let compression: Compression
  let memory: Int
  let jobs: Int
  private let fileSystem = PosixFileSystem()
  private let generation = Mutex(0)

  init(directory: String, rows: UInt64, compression: Compression, memory: Int, jobs: Int) {
    self.directory = directory
    self.rows = rows
    self.compression = compression
    self.memory = memory
    self.jobs = jobs
  }

  private var input: String { directory + "/rows-\(rows).csv" }
  private func database(_ number: Int) -> String { directory + "/db-\(number)" }

  /// The newest loaded database.
  private var current: String { database(generation.withLock { $0 }) }

  // MARK: Preparing

  /// Writes the input, once, and loads the first database.
  func prepare() throws(DatabaseError) {
    let parts = ToolBench.split(directory)
    if try fileSystem.attributes(at: directory) == nil {
      _ = try fileSystem.directory(at: parts.parent).createDirectory(parts.name)
    }
    let home = try fileSystem.directory(at: directory)
    if try home.attributes(of: "rows-\(rows).csv") == nil { try writeRows(home) }
    _ = try load()
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  private func writeRows(_ home: any Directory) throws(DatabaseError) {
    let file = try home.create("rows-\(rows).csv")
    var text = ByteWriter(capacity: 2 << 20)
    text.append(utf8: "id,name,price,note\n")
    for row in 0..<rows {
      let id = ToolBench.scrambled(row)
      text.append(utf8: HexText.number(id, digits: 16))
      text.append(utf8: ",Name \(id % 9973),\(id % 100_000).\(id % 90 + 10),")
      text.append(utf8: "\"{\"\"sku\"\":\(id % 1_000_003),\"\"tag\"\":")
      text.append(utf8: "\"\"colour \(id % 17)\"\",\"\"left\"\":\(row % 1000)}\"\n")
      if text.count > 1 << 20 {
        try file.append(text.bytes)
        text.removeAll()
      }
    }
    try file.append(text.bytes)
    try file.close()
  }

  /// A one-to-one scramble, so that keys come in random order and never twice.
  private static func scrambled(_ row: UInt64) -> UInt64 {
    var z = row &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  // MARK: Work

  func load() throws(DatabaseError) -> Workload.Outcome {
    let number = generation.withLock { generation in
      generation += 1
      return generation
    }
    try remove(database(number))
    var options = LoadOptions()
    do throws(ExpressionError) { options.key = try RowExpression("hex(id)") } catch {
      throw DatabaseError(.invalid, "\(error)")
    }
    options.memory = memory
    options.jobs = jobs
    options.table.compression = compression
    let report = try BulkLoad(
      [.path(input)], format: .delimited(Dialect()), output: .database(database(number)), options: options,
      in: fileSystem
    ).run()
    if number > 1 { try remove(database(number - 1)) }
    return Workload.Outcome(bytes: report.bytesRead, entries: report.rowsWritten)
  }

  func verify(_ level: VerifyLevel) throws(DatabaseError) -> Workload.Outcome {
    let verify = Verify(database: try fileSystem.readableDirectory(at: current), level: level, jobs: jobs)
    let summary = try verify.run { _ in }
    guard !summary.hasFindings else { throw DatabaseError(.corruption, file: current, "the database is damaged") }
    return Workload.Outcome(bytes: summary.bytes, entries: rows)
  }

  func dump(_ format: TextFormat) throws(DatabaseError) -> Workload.Outcome {
    let view = try DatabaseView(database: fileSystem.readableDirectory(at: current))
    var style = EntryStyle()
    style.keyFormat = format
    style.valueFormat = format
    let sink = CountingOutput()
    let dump = DumpEntries(view, source: current, style: style, selection: DumpEntries.Selection(), jobs: jobs)
    let report = try dump.run(sink)
    return Workload.Outcome(bytes: sink.bytes, entries: report.entries)
  }

  func scan() throws(DatabaseError) -> Workload.Outcome {
    let view = try DatabaseView(database: fileSystem.readableDirectory(at: current))
    var outcome = Workload.Outcome(bytes: 0, entries: 0)
    for family in view.families {
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      while cursor.isValid {
        outcome.entries += 1
        outcome.bytes += UInt64(cursor.userKey.count + cursor.value.count)
        try cursor.next()
      }
    }
    return outcome
  }

  /// Appends records of 100 bytes to a log, and syncs it after each if asked.
  func appendToLog(_ count: UInt64, synced: Bool) throws(DatabaseError) -> Workload.Outcome {
    let home = try fileSystem.directory(at: directory)
    let file = try home.createLog("log")
    let writer = LogWriter(file: file)
    let record = ByteBuffer([UInt8](repeating: 0xA5, count: 100))
    for _ in 0..<count {
      try writer.append(record.bytes)
      if synced { try writer.sync() }
    }
    try writer.sync()
    try file.close()
    try home.remove("log")
    return Workload.Outcome(bytes: count * 100, entries: count)
  }

  /// Removes what `prepare` and `load` left.
  func cleanUp() throws(DatabaseError) {
    try remove(current)
    try fileSystem.directory(at: directory).remove("rows-\(rows).csv")
  }

  private func remove(_ path: String) throws(DatabaseError) {
    guard try fileSystem.attributes(at: path) != nil else { return }
    let directory = try fileSystem.directory(at: path)
    for entry in try directory.entries() { try directory.remove(entry.name) }
    let parts = ToolBench.split(path)
    try fileSystem.directory(at: parts.parent).removeDirectory(parts.name)
  }
}

/// Counts what is printed.
private final class CountingOutput: DumpOutput {
  private let count = Atomic<UInt64>(0)
  var bytes: UInt64 { count.load(ordering: .relaxed) }

  func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    count.add(UInt64(bytes.count), ordering: .relaxed)
  }

  func report(_ finding: Finding) {}
}
