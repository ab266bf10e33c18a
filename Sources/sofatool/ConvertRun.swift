import CommandKit
import SofaDB

/// One run of `convert-compression`: options to the engine's operations, their reports to text or JSON.
struct ConvertRun {
  private let invocation: Invocation
  private let context: ToolContext
  private let isQuiet: Bool

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
    isQuiet = invocation[CommonOptions.quiet]
  }

  /// What the paths name.
  private enum Subject {
    case database(String)
    case tables([FileTarget])
  }

  func run() throws -> ExitStatus {
    let subject = try subject()
    if invocation[ConvertCommand.estimate] { return try estimate(subject) }
    guard let choice = invocation[ConvertCommand.target] else {
      throw UsageError("option '--to' is required; --estimate shows what there is to choose")
    }
    let progress = progress("converting")
    let options = options(target(choice), progress)
    let report = try report(subject, options, progress)
    for remark in report.remarks where !isQuiet { context.console.warn(EscapedText.printable(remark)) }
    let status: ExitStatus = report.count(.refused) > 0 ? .refused : .ok
    try ConvertText(report, target: options.target, status: status).write(
      to: context.console, asJSON: invocation[ConvertCommand.json], isQuiet: isQuiet)
    return status
  }

  private func report(
    _ subject: Subject, _ options: ConvertOptions, _ progress: Progress
  ) throws -> ConvertReport {
    let isPlan = invocation[ConvertCommand.plan]
    let interruption = context.console.interruption
    defer { progress.finish() }
    do {
      switch (subject, invocation[ConvertCommand.output]) {
      case (.database(let path), nil):
        let convert = database(path, options)
        return isPlan ? try convert.plan() : try convert.run()
      case (.database(let path), _):
        throw UsageError("\(EscapedText.printable(path)) is a database, which is converted in place; -o is for tables")
      case (.tables(let tables), let output):
        try refuseSelection()
        let convert = ConvertTables(tables, options: options, in: context.fileSystem)
        if isPlan { return try convert.plan() }
        guard let output else { throw UsageError("where to? -o DIR makes a new directory of tables") }
        return try convert.run(to: output)
      }
    } catch {
      progress.finish()
      try interruption.check()
      throw error
    }
  }

  // MARK: What

  private func subject() throws -> Subject {
    let scopes = try PathScope.all(invocation[ConvertCommand.paths], context.fileSystem)
    var tables: [FileTarget] = []
    for scope in scopes {
      switch scope.content {
      case .database, .damagedDatabase:
        guard scopes.count == 1 else { throw UsageError("one database at a time") }
        return .database(scope.path)
      case .tables(let names): tables += names.map { FileTarget(scope.directory, $0) }
      case .sofaGo:
        throw DatabaseError(
          .unsupported, file: scope.path, "tables of the Go SofaDB have no codec; load them with bulk-load")
      }
    }
    return .tables(tables)
  }

  private func refuseSelection() throws {
    let isSelected =
      invocation[CommonOptions.levels] != nil || !invocation[CommonOptions.files].isEmpty
      || !invocation[CommonOptions.families].isEmpty
    if isSelected { throw UsageError("--levels, --files and --cf choose tables of a database; name loose tables") }
  }

  private func database(_ path: String, _ options: ConvertOptions) -> ConvertDatabase {
    var selection = TableSelection()
    selection.families = invocation[CommonOptions.families]
    selection.levels = invocation[CommonOptions.levels]
    selection.files = invocation[CommonOptions.files].flatMap { $0 }
    return ConvertDatabase(
      path, selection: selection, options: options, in: context.fileSystem, time: context.time)
  }

  private func target(_ choice: CodecChoice) -> TranscodeTarget {
    TranscodeTarget(
      codec: choice.codec, level: choice.level, dictionarySize: invocation[ConvertCommand.dictionary],
      isForced: invocation[ConvertCommand.force])
  }

  private func progress(_ label: String) -> Progress {
    Progress(label, on: context.console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
  }

  private func options(_ target: TranscodeTarget, _ progress: Progress) -> ConvertOptions {
    let interruption = context.console.interruption
    var options = ConvertOptions(target)
    options.jobs = invocation[CommonOptions.jobs]
    options.limiter = invocation[CommonOptions.writeRate].map {
      RateLimiter(bytesPerSecond: $0 * 1_048_576, time: context.time)
    }
    options.isCancelled = { interruption.isRequested }
    options.progress = { done, total in progress.update(done: Int(clamping: done), total: Int(clamping: total)) }
    return options
  }

  // MARK: Estimate

  private func estimate(_ subject: Subject) throws -> ExitStatus {
    let tables: [FileTarget]
    switch subject {
    case .tables(let found):
      try refuseSelection()
      tables = found
    case .database(let path):
      tables = try database(path, ConvertOptions(TranscodeTarget(codec: .none))).tables()
    }
    let progress = progress("measuring")
    defer { progress.finish() }
    let interruption = context.console.interruption
    var work = EstimateCompression(
      tables, targets: targets(), jobs: invocation[CommonOptions.jobs], time: context.time)
    work.isCancelled = { interruption.isRequested }
    work.progress = { done, total in
      progress.update(done: Int(clamping: done), total: Int(clamping: total), unit: .items("tables"))
    }
    let estimate: CompressionEstimate
    do {
      estimate = try work.run()
    } catch {
      progress.finish()
      try interruption.check()
      throw error
    }
    progress.finish()
    let status: ExitStatus = estimate.refused.isEmpty ? .ok : .incomplete
    for (name, detail) in estimate.refused {
      context.console.warn("\(EscapedText.printable(name)): left out: \(EscapedText.printable(detail))")
    }
    try EstimateText(estimate, status: status).write(to: context.console, asJSON: invocation[ConvertCommand.json])
    return status
  }

  /// The one that was asked for, or the usual ones; each also with a dictionary, if one is asked for.
  private func targets() -> [TranscodeTarget] {
    let size = invocation[ConvertCommand.dictionary]
    let plain =
      invocation[ConvertCommand.target].map { [TranscodeTarget(codec: $0.codec, level: $0.level)] }
      ?? EstimateCompression.usualTargets
    guard size > 0 else { return plain }
    let trained = plain.filter(\.codec.usesDictionary).map {
      TranscodeTarget(codec: $0.codec, level: $0.level, dictionarySize: size)
    }
    return plain + trained
  }
}
