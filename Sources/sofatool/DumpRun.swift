import CommandKit
import SofaDB

/// One run of `dump`: chooses the form, opens what it needs, prints, and turns the report into a status.
struct DumpRun {
  private let invocation: Invocation
  private let context: ToolContext

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
  }

  func run() throws -> ExitStatus {
    try checkOptions()
    let file = try invocation[CommonOptions.output].map {
      try OutputFile(at: $0, replacing: invocation[CommonOptions.overwrite], context.fileSystem)
    }
    let output = CommandOutput(context.console, file: file, isQuiet: invocation[CommonOptions.quiet])
    let report = try output.finish { () throws(DatabaseError) in try dump(output) }
    remark(report)
    return status(of: report.findings)
  }

  /// What a dump left out for another reason than damage makes it incomplete.
  private func status(of findings: FindingSummary) -> ExitStatus {
    guard findings.hasFindings else { return .ok }
    return findings.isOnlyUnread && findings.counts[.envComparatorUnknown] == nil ? .incomplete : .findings
  }

  private func checkOptions() throws {
    try invocation.exclude(
      DumpCommand.isInternal, DumpCommand.layout, DumpCommand.properties, DumpCommand.manifest, DumpCommand.wal,
      DumpCommand.find)
    try invocation.exclude(CommonOptions.prefix, CommonOptions.from)
    try invocation.exclude(CommonOptions.prefix, CommonOptions.to)
    try invocation.exclude(CommonOptions.hex, CommonOptions.keyFormat)
    try invocation.exclude(CommonOptions.hex, CommonOptions.valueFormat)
    let form = invocation[DumpCommand.format]
    if invocation[DumpCommand.csvText], form != .csv { throw UsageError("option '--csv-text' needs '--format csv'") }
    if form == .raw, context.console.terminal.isOutput, invocation[CommonOptions.output] == nil {
      throw UsageError("raw bytes are not written to a terminal; use --output or a pipe")
    }
    if form == .raw, invocation[DumpCommand.isInternal] {
      throw UsageError("versions are printed as text, csv or ndjson")
    }
    try invocation.require(CommonOptions.output, with: CommonOptions.overwrite)
    guard isStructure else { return }
    guard form == .text || form == .ndjson else {
      throw UsageError("this form of dump is printed as text or ndjson only")
    }
    // An option that did nothing would mislead whoever gave it.
    for name in entryOptions { throw UsageError("option '--\(name)' is for entries and does nothing here") }
  }

  /// Options on the command line that choose among entries.
  private var entryOptions: [String] {
    var names: [String] = []
    if invocation.isGiven(CommonOptions.from) { names.append("from") }
    if invocation.isGiven(CommonOptions.to) { names.append("to") }
    if invocation.isGiven(CommonOptions.prefix) { names.append("prefix") }
    if invocation.isGiven(CommonOptions.families), invocation[DumpCommand.find] == nil { names.append("column-family") }
    if invocation.isGiven(DumpCommand.limit) { names.append("limit") }
    if invocation.isGiven(DumpCommand.count) { names.append("count") }
    if invocation.isGiven(DumpCommand.keysOnly) { names.append("keys-only") }
    if invocation.isGiven(DumpCommand.dropEmpty) { names.append("drop-empty") }
    return names
  }

  /// Whether something else than entries is printed.
  private var isStructure: Bool {
    invocation[DumpCommand.layout] || invocation[DumpCommand.properties] || invocation[DumpCommand.manifest] != nil
      || invocation[DumpCommand.wal] != nil || invocation[DumpCommand.find] != nil
  }

  private var keyFormat: TextFormat {
    invocation[CommonOptions.keyFormat] ?? (invocation[CommonOptions.hex] ? .hex : .escaped)
  }

  private var valueFormat: TextFormat {
    invocation[CommonOptions.valueFormat] ?? (invocation[CommonOptions.hex] ? .hex : .escaped)
  }

  private var structureStyle: DumpStyle {
    DumpStyle(isJSON: invocation[DumpCommand.format] == .ndjson, keyFormat: keyFormat, valueFormat: valueFormat)
  }

  private func dump(_ output: CommandOutput) throws(DatabaseError) -> DumpReport {
    if let name = invocation[DumpCommand.manifest] { return try manifests(name, output) }
    if let name = invocation[DumpCommand.wal] { return try logs(name, output) }
    let paths = invocation[DumpCommand.paths]
    if invocation[DumpCommand.layout] {
      return try DumpLayout(tables: try tables(paths), style: structureStyle).run(output)
    }
    if invocation[DumpCommand.properties] {
      return try DumpProperties(tables: try tables(paths), style: structureStyle).run(output)
    }
    if let key = invocation[DumpCommand.find] { return try find(key, paths, output) }
    return try entries(paths, output)
  }

  private func tables(_ paths: [String]) throws(DatabaseError) -> [FileTarget] {
    var tables: [FileTarget] = []
    for scope in try PathScope.all(paths, context.fileSystem) { tables += try scope.tables() }
    return tables
  }

  // MARK: Entries

  private func entries(_ paths: [String], _ output: CommandOutput) throws(DatabaseError) -> DumpReport {
    var style = EntryStyle()
    style.form = invocation[DumpCommand.format]
    style.keyFormat = keyFormat
    style.valueFormat = valueFormat
    style.keysOnly = invocation[DumpCommand.keysOnly]
    style.csvText = invocation[DumpCommand.csvText]
    var selection = DumpEntries.Selection()
    selection.range = KeyRange(
      from: invocation[CommonOptions.from], to: invocation[CommonOptions.to], prefix: invocation[CommonOptions.prefix])
    selection.families = invocation[CommonOptions.families]
    selection.limit = invocation[DumpCommand.limit]
    selection.countOnly = invocation[DumpCommand.count]
    selection.versions = invocation[DumpCommand.isInternal]
    let source = DumpSource.name(paths)
    switch try DumpSource(paths, context.fileSystem) {
    case .view(let view, let damage):
      guard !invocation[DumpCommand.dropEmpty] else {
        throw DatabaseError(.invalid, file: source, "--drop-empty is for databases of the Go SofaDB, and this is none")
      }
      return try DumpEntries(
        view, source: source, style: style, selection: selection, jobs: invocation[CommonOptions.jobs]
      ).run(output, damage: damage)
    case .sofaGo(let directory):
      let dropEmpty = invocation[DumpCommand.dropEmpty]
      let (report, emptyValues) = try DumpSofaGo(
        directory, source: source, style: style, selection: selection, emptyMeansDeleted: dropEmpty
      ).run(output)
      if emptyValues > 0, !invocation[CommonOptions.quiet] {
        let verdict = dropEmpty ? "were taken for deletions" : "may be deletions; --drop-empty leaves them out"
        context.console.note("sofatool: \(emptyValues) entries with an empty value \(verdict)")
      }
      return report
    }
  }

  private func find(_ key: [UInt8], _ paths: [String], _ output: CommandOutput) throws(DatabaseError) -> DumpReport {
    guard case .view(let view, let damage) = try DumpSource(paths, context.fileSystem) else {
      throw DatabaseError(
        .unsupported, file: paths[0], "the Go SofaDB keeps one version of a key: use --from and --limit")
    }
    var report = try FindKey(
      view, key: key, families: invocation[CommonOptions.families], style: structureStyle
    ).run(output)
    for gap in damage.gaps {
      let finding = try GapFinding.finding(gap, in: view.directory)
      report.findings.count(finding)
      output.report(finding)
    }
    return report
  }

  // MARK: Logs and MANIFESTs

  private func manifests(_ name: String, _ output: CommandOutput) throws(DatabaseError) -> DumpReport {
    var report = DumpReport()
    for path in invocation[DumpCommand.paths] {
      var target = try FileTarget.file(at: path, context.fileSystem)
      if target == nil {
        let directory = try context.fileSystem.readableDirectory(at: path)
        if name.isEmpty {
          let (manifest, finding) = try DumpManifest.current(of: directory)
          if let finding {
            report.findings.count(finding)
            output.report(finding)
          }
          target = manifest
        } else {
          target = try named(name, in: directory)
        }
      }
      guard let target else { continue }
      report.add(try DumpManifest(manifest: target, style: structureStyle).run(output))
    }
    return report
  }

  private func logs(_ name: String, _ output: CommandOutput) throws(DatabaseError) -> DumpReport {
    var report = DumpReport()
    for path in invocation[DumpCommand.paths] {
      var logs: [FileTarget] = []
      var families: [UInt32: String] = [:]
      if let file = try FileTarget.file(at: path, context.fileSystem) {
        logs = [file]
      } else {
        let directory = try context.fileSystem.readableDirectory(at: path)
        families = DumpLog.familyNames(of: directory)
        logs =
          name.isEmpty
          ? try FileTarget.files(in: directory) { if case .log = $0 { true } else { false } }
          : [try named(name, in: directory)]
        guard !logs.isEmpty else { throw DatabaseError(.notFound, file: path, "no write-ahead log in this directory") }
      }
      report.add(try DumpLog(logs: logs, style: structureStyle, families: families).run(output))
    }
    return report
  }

  /// A file of the directory, or one given by its own path.
  private func named(_ name: String, in directory: any ReadableDirectory) throws(DatabaseError) -> FileTarget {
    if !name.contains("/"), try directory.attributes(of: name) != nil { return FileTarget(directory, name) }
    guard let file = try FileTarget.file(at: name, context.fileSystem) else {
      throw DatabaseError(.invalid, file: name, "a directory, where a file is meant")
    }
    return file
  }

  private func remark(_ report: DumpReport) {
    guard !invocation[CommonOptions.quiet] else { return }
    if report.flattenedEntities > 0 {
      context.console.note(
        "sofatool: \(report.flattenedEntities) entities are shown by their default column; --json shows all columns")
    }
    if report.unmerged > 0, invocation[DumpCommand.format] != .ndjson {
      context.console.note(
        "sofatool: \(report.unmerged) values are unmerged operands of an unknown operator; --json shows each")
    }
    if report.findings.hasFindings {
      let number = report.findings.total
      let verdict = report.isComplete ? "" : ": the dump is incomplete"
      context.console.warn(
        "\(number) \(number == 1 ? "finding" : "findings")\(verdict); `sofatool explain CODE` says more")
    }
  }
}
