import CommandKit
import SofaDB

/// One run of `compact`: options to a `Compact`, its plan and report to text or JSON.
struct CompactRun {
  private let invocation: Invocation
  private let context: ToolContext
  private let path: String

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
    path = invocation[CompactCommand.path]
  }

  func run() throws -> ExitStatus {
    var compact = Compact()
    compact.selection = selection()
    compact.overrides = overrides()
    compact.jobs = invocation[CommonOptions.jobs]
    if invocation[CompactCommand.plan] {
      let directory = try context.fileSystem.directory(at: path)
      try show(try compact.plan(directory), free: try directory.availableBytes())
      return .ok
    }
    let interruption = context.console.interruption
    compact.isCancelled = { interruption.isRequested }
    compact.writeLimiter = invocation[CommonOptions.writeRate].map {
      RateLimiter(bytesPerSecond: $0 * 1_048_576, time: context.time)
    }
    let progress = Progress(
      "compact", on: context.console, mode: invocation[CommonOptions.progress],
      isQuiet: invocation[CommonOptions.quiet])
    compact.progress = { done, total in
      progress.update(done: Int(clamping: done), total: Int(clamping: total))
    }
    let database = try ExclusiveDatabase(path, in: context.fileSystem, time: context.time)
    defer { database.close() }
    let report: CompactReport
    do {
      report = try compact.run(database)
    } catch {
      progress.finish()
      try interruption.check()
      throw error
    }
    progress.finish()
    try show(report)
    return .ok
  }

  // MARK: Options

  private func selection() -> CompactSelection {
    var selection = CompactSelection()
    let families = invocation[CommonOptions.families]
    if !families.isEmpty { selection.families = families }
    selection.from = invocation[CommonOptions.from]
    selection.to = invocation[CommonOptions.to]
    selection.levels = invocation[CommonOptions.levels]
    let files = invocation[CommonOptions.files].flatMap { $0 }
    if !files.isEmpty { selection.files = Set(files) }
    selection.outputLevel = invocation[CompactCommand.outputLevel]
    selection.bottom = invocation[CompactCommand.bottom]
    return selection
  }

  private func overrides() -> CompactPlan.Overrides {
    var overrides = CompactPlan.Overrides()
    if let codec = invocation[CompactCommand.compression] {
      overrides.compression = codec.codec
      overrides.level = codec.level
    }
    overrides.blockSize = invocation[CompactCommand.blockSize]
    overrides.filterBits = invocation[CompactCommand.filterBits]
    overrides.formatVersion = invocation[CompactCommand.formatVersion]
    overrides.checksum = invocation[CompactCommand.checksum]?.type
    overrides.targetFileSize = invocation[CompactCommand.fileSize].map { UInt64($0) }
    return overrides
  }

  // MARK: Output

  private func show(_ plan: CompactPlan, free: UInt64) throws {
    if invocation[CompactCommand.json] {
      var json = JSONWriter()
      for step in plan.steps { write(step, into: &json) }
      beginSummary(&json)
      json.field("tables_before", plan.steps.reduce(0) { $0 + $1.inputs.count })
      json.field("bytes_before", plan.size)
      json.field("temporary_bytes", plan.size)
      json.field("free_bytes", free)
      json.field("skipped", plan.skipped)
      endSummary(&json)
      try context.console.output.write(json.output.bytes)
      return
    }
    var text = ""
    if plan.steps.isEmpty {
      text = "nothing to compact\n"
    } else {
      var table = TextTable([
        .left("family"), .right("tables"), .right("bytes"), .left("from"), .left("to"), .left("codec"),
      ])
      for step in plan.steps {
        let levels = Set(step.inputs.map(\.level)).sorted().map { "L\($0)" }.joined(separator: ",")
        table.add([
          EscapedText.printable(step.family.name), "\(step.inputs.count)", Quantity.bytes(step.size), levels,
          "L\(step.outputLevel)", step.style.options.compression.name,
        ])
      }
      text = table.text()
      text += "up to \(Quantity.bytes(plan.size)) more space until the change is discarded; "
      text += "\(Quantity.bytes(free)) are free\n"
    }
    if plan.skipped > 0 { text += "\(plan.skipped) tables are left alone: rewriting them would only copy them\n" }
    try context.console.output.write(text)
  }

  private func show(_ report: CompactReport) throws {
    if invocation[CompactCommand.json] {
      var json = JSONWriter()
      beginSummary(&json)
      json.field("tables_before", report.tablesBefore)
      json.field("tables_after", report.tablesAfter)
      json.field("bytes_before", report.bytesBefore)
      json.field("bytes_after", report.bytesAfter)
      json.field("entries_before", report.entriesBefore)
      json.field("entries_after", report.entriesAfter)
      json.field("skipped", report.skipped)
      if let change = report.change { json.field("change", change) }
      endSummary(&json)
      try context.console.output.write(json.output.bytes)
      return
    }
    guard let change = report.change else {
      if !invocation[CommonOptions.quiet] { try context.console.output.write("nothing to compact\n") }
      return
    }
    var text = "\(report.tablesBefore) tables, \(Quantity.bytes(report.bytesBefore)) -> "
    text += "\(report.tablesAfter) tables, \(Quantity.bytes(report.bytesAfter)); "
    text += "\(Quantity.grouped(report.entriesBefore)) versions -> \(Quantity.grouped(report.entriesAfter))\n"
    text += "sofatool undo \(EscapedText.printable(path)) \(change) takes it back; with --discard it frees the space\n"
    try context.console.output.write(text)
  }

  private func write(_ step: CompactStep, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "step")
    json.field("schema", 1)
    json.field("cf", step.family.name)
    json.field("output_level", step.outputLevel)
    json.key("tables")
    json.beginArray()
    for table in step.inputs { json.value(table.number) }
    json.endArray()
    json.field("bytes", step.size)
    json.field("codec", step.style.options.compression.name)
    json.endObject()
    json.newline()
  }

  private func beginSummary(_ json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
  }

  private func endSummary(_ json: inout JSONWriter) {
    json.field("exit_status", Int(ExitStatus.ok.code))
    json.endObject()
    json.newline()
  }
}
