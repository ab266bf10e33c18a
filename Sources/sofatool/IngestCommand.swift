public import CommandKit
public import SofaDB

/// `sofatool ingest TABLE... --into DIR`.
enum IngestCommand {
  private static let tables = Operand<[String]>(
    "TABLE", .path("sst"), help: "table files, or directories of tables; where keys overlap, later ones are newer")
  private static let into = Option<String>("into", .directory, aliases: ["db"], help: "the database")
  private static let mode = Option<Ingest.Mode>("mode", .choice, default: .copy, help: "how the files get there")
  private static let family = Option<String?>(
    "column-family", .string, aliases: ["cf"], placeholder: "NAME",
    help: "column family; default: what each table says, else default")
  private static let createFamily = Option<Bool>("create-family", help: "makes column families that do not exist")
  private static let behind = Option<Bool>(
    "behind", help: "below all existing data, where the database allows that: existing keys keep their values")
  private static let plan = Option<Bool>("plan", help: "only checks the tables and says where they would go")
  private static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "ingest",
    summary: "adds tables to a database, offline, in one change",
    discussion: """
      Takes external tables as bulk-load -o and RocksDB's SstFileWriter make them. Each is read in full before \
      anything is written: checksums, order, bounds, counts, comparator. A table whose keys the database does not \
      have goes to the deepest level with sequence number 0; another gets the next sequence number, so that its \
      entries are newer than all others, and the deepest level above what it overlaps. The number is recorded in the \
      MANIFEST alone: no byte of a source is ever written. Everything becomes visible in one step, and `undo` takes \
      it back.

      A table that is in the database already, byte for byte, or that a change in sofatool.undo has brought, is left \
      out: the command may be run again after a crash or by a script that retries.

      Where the logs hold un-flushed entries among a table's keys, everything in the logs goes into tables of level 0 \
      first, in the same change, as RocksDB flushes its memtables: otherwise an engine would take the older entries \
      for newer. It is refused where only an engine can do that: damaged logs, prepared transactions, a comparator \
      that is not known here.

      With --json: a `flush` record for each family that logs had entries of (cf, level, entries, logs), a `table` \
      record each (file, cf, level, sequence, bytes, known) and a `summary` (tables, bytes, known, change, \
      exit_status).
      """,
    options: [
      OptionGroup("Target", [into, family, createFamily, behind]),
      OptionGroup("Work", [mode, plan, json, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [tables],
    examples: [
      Command.Example("sofatool ingest --plan tables/ --into db", "Which level and sequence number each would get."),
      Command.Example("sofatool ingest tables/ --into db", "Copies all tables of the directory into the database."),
      Command.Example("sofatool ingest --mode link --cf users users.sst --into db", "No bytes are copied."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.incomplete, "A table is damaged; the database is as it was."),
      Command.ExitMeaning(
        .refused, "Open elsewhere, no space, or a table that cannot be ingested as it is; nothing was changed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    var ingest = Ingest(try targets(invocation, context))
    guard !ingest.tables.isEmpty else { throw UsageError("there are no tables to ingest") }
    ingest.mode = invocation[mode]
    ingest.family = invocation[family]
    ingest.createsFamily = invocation[createFamily]
    ingest.goesBehind = invocation[behind]
    let interruption = context.console.interruption
    ingest.isCancelled = { interruption.isRequested }
    let path = invocation[into]
    let result: (plan: IngestPlan, change: String?)
    if invocation[plan] {
      result = (try ingest.plan(try context.fileSystem.readableDirectory(at: path)), nil)
    } else {
      let progress = Progress(
        "ingest", on: context.console, mode: invocation[CommonOptions.progress],
        isQuiet: invocation[CommonOptions.quiet])
      ingest.progress = { done, total in
        progress.update(done: Int(clamping: done), total: Int(clamping: total))
      }
      let database = try ExclusiveDatabase(path, in: context.fileSystem, time: context.time)
      defer { database.close() }
      do {
        result = try ingest.run(database, sources: context.fileSystem)
      } catch {
        progress.finish()
        try interruption.check()
        throw error
      }
      progress.finish()
    }
    if invocation[json] {
      try writeJSON(result.plan, result.change, context)
    } else {
      try writeText(result.plan, result.change, path, invocation, context)
    }
    return .ok
  }

  /// One path after the other: the order says which table is newer.
  private static func targets(_ invocation: Invocation, _ context: ToolContext) throws -> [FileTarget] {
    try invocation[tables].flatMap { path in
      try PathScope.all([path], context.fileSystem).flatMap { scope in
        guard case .tables = scope.content else {
          throw UsageError("\(EscapedText.printable(path)) is a database; only loose tables are ingested")
        }
        return try scope.tables()
      }
    }
  }

  private static func writeText(
    _ plan: IngestPlan, _ change: String?, _ path: String, _ invocation: Invocation, _ context: ToolContext
  ) throws {
    if !invocation[CommonOptions.quiet] {
      for target in plan.known {
        context.console.note("\(EscapedText.printable(target.path)) is in the database already")
      }
    }
    guard !plan.steps.isEmpty else { return }
    if !plan.flushed.isEmpty, !invocation[CommonOptions.quiet] {
      let entries = plan.flushed.map { "\($0.entries) of \(EscapedText.printable($0.family))" }
      context.console.note(
        "\(plan.flushedLogs.joined(separator: ", ")): un-flushed entries, \(entries.joined(separator: ", ")), go into "
          + "tables of level 0 first")
    }
    var table = TextTable([.left("table"), .left("family"), .left("level"), .right("sequence"), .right("bytes")])
    for step in plan.steps {
      table.add([
        EscapedText.printable(step.source.target.path), EscapedText.printable(step.family), "L\(step.table.level)",
        "\(step.table.largestSequence)", Quantity.bytes(step.source.size),
      ])
    }
    var text = table.text()
    if let change { text += "sofatool undo \(EscapedText.printable(path)) \(change) takes it back\n" }
    try context.console.output.write(text)
  }

  private static func writeJSON(_ plan: IngestPlan, _ change: String?, _ context: ToolContext) throws {
    var json = JSONWriter()
    for target in plan.known {
      json.beginObject()
      json.field("record", "table")
      json.field("schema", 1)
      json.field("file", target.path)
      json.field("known", true)
      json.endObject()
      json.newline()
    }
    for flushed in plan.flushed {
      json.beginObject()
      json.field("record", "flush")
      json.field("schema", 1)
      json.field("cf", EscapedText.printable(flushed.family))
      json.field("level", 0)
      json.field("entries", flushed.entries)
      json.key("logs")
      json.beginArray()
      for name in plan.flushedLogs { json.value(name) }
      json.endArray()
      json.endObject()
      json.newline()
    }
    for step in plan.steps {
      json.beginObject()
      json.field("record", "table")
      json.field("schema", 1)
      json.field("file", step.source.target.path)
      json.field("cf", step.family)
      json.field("level", step.table.level)
      json.field("sequence", step.table.largestSequence)
      json.field("bytes", step.source.size)
      json.field("known", false)
      json.endObject()
      json.newline()
    }
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("tables", plan.steps.count)
    json.field("bytes", plan.size)
    json.field("known", plan.known.count)
    if let change { json.field("change", change) }
    json.field("exit_status", Int(ExitStatus.ok.code))
    json.endObject()
    json.newline()
    try context.console.output.write(json.output.bytes)
  }
}

extension Ingest.Mode: CommandLineChoice {
  public var summary: String {
    switch self {
    case .copy: "the database gets files of its own"
    case .link: "hard links: no bytes are copied, and the sources must not be changed any more"
    case .move: "hard links, and the sources' names are removed; cannot be undone"
    }
  }
}
