import CommandKit
import SofaDB

/// One run of `manifest-edit`: reads the edits, has a plan made, prints it, and commits it when told to.
struct ManifestEditRun {
  private let invocation: Invocation
  private let context: ToolContext
  private let path: String
  private let showKeys: Bool
  private let asJSON: Bool

  /// Bytes that a script may have.
  private static let scriptLimit: UInt64 = 16 << 20

  init(_ invocation: Invocation, _ context: ToolContext) {
    self.invocation = invocation
    self.context = context
    path = invocation[ManifestEditCommand.path]
    showKeys = invocation[CommonOptions.showKeys]
    asJSON = invocation[ManifestEditCommand.json]
  }

  func run() throws -> ExitStatus {
    let request = EditManifest.Request(
      edits: try edits(), atEdit: invocation[ManifestEditCommand.atEdit],
      family: invocation[ManifestEditCommand.family], rebuilds: invocation[ManifestEditCommand.rebuild])
    guard !request.rebuilds || request.atEdit == nil else {
      throw UsageError("options '--rebuild' and '--at-edit' both say where to start")
    }
    let isEdit = !request.isEmpty
    if let other = invocation[ManifestEditCommand.diff] {
      guard !isEdit, !invocation[ManifestEditCommand.apply] else {
        throw UsageError("option '--diff' compares states that are there, and goes with no edits")
      }
      return try compare(with: other)
    }
    guard invocation[ManifestEditCommand.apply] else {
      guard !invocation[ManifestEditCommand.forceInvalid] else {
        throw UsageError("option '--force-invalid' needs '--apply'")
      }
      return try show(plan(request, of: directory()))
    }
    guard isEdit else { throw UsageError("there is nothing to apply: give an edit, '--at-edit' or '--rebuild'") }
    // What is no database is the same mistake in either case.
    _ = try directory()
    let database = try ExclusiveDatabase(path, in: context.fileSystem, time: context.time)
    defer { database.close() }
    return try commit(plan(request, of: database.directory), to: database)
  }

  private func edits() throws -> [ManifestEdit] {
    var edits: [ManifestEdit] = []
    for option in [
      ManifestEditCommand.dropFamily, ManifestEditCommand.dropFile, ManifestEditCommand.moveFile,
      ManifestEditCommand.addFile, ManifestEditCommand.set,
    ] { edits += invocation[option] }
    guard let path = invocation[ManifestEditCommand.script] else { return edits }
    guard let target = try FileTarget.file(at: path, context.fileSystem) else {
      throw DatabaseError(.invalid, file: path, "a directory is no script")
    }
    let file = try target.open()
    guard file.size <= ManifestEditRun.scriptLimit else {
      throw DatabaseError(.invalid, file: path, "too large for a script")
    }
    let content = try file.readExactly(Int(file.size), at: 0)
    return edits + (try withExtendedLifetime(content) { try ManifestEdit.script(content.bytes, name: path) })
  }

  private func directory() throws -> any ReadableDirectory {
    guard let scope = try PathScope.all([path], context.fileSystem).first else {
      throw DatabaseError(.notFound, file: path, "no such directory")
    }
    switch scope.content {
    case .database, .damagedDatabase: return scope.directory
    case .tables, .sofaGo: throw DatabaseError(.invalid, file: path, "this is no database with a MANIFEST")
    }
  }

  private func plan(
    _ request: EditManifest.Request, of directory: any ReadableDirectory
  ) throws -> ManifestPlan {
    let interruption = context.console.interruption
    var operation = EditManifest(directory, request)
    operation.isCancelled = { interruption.isRequested }
    do throws(DatabaseError) {
      return try operation.run()
    } catch {
      if error.kind == .cancelled, let status = interruption.status { throw Interrupted(status: status) }
      throw error
    }
  }

  // MARK: Report

  private func show(_ plan: ManifestPlan) throws -> ExitStatus {
    let status: ExitStatus = plan.hasFindings ? .findings : .ok
    try report(plan)
    try close(plan, status, id: nil, plan.isEdit ? "nothing was changed: --apply commits it" : nil)
    return status
  }

  private func commit(_ plan: ManifestPlan, to database: ExclusiveDatabase) throws -> ExitStatus {
    try report(plan)
    let isForced = invocation[ManifestEditCommand.forceInvalid]
    guard plan.obstacles.isEmpty || isForced else {
      try close(plan, .refused, id: nil, "nothing was changed")
      context.console.fail("the result breaks a rule; --force-invalid commits it all the same")
      return .refused
    }
    // The report is out before anything changes: whoever cannot be told must not find a changed database.
    try context.console.output.flush()
    let id = try EditManifest.commit(plan, to: database, forced: isForced)
    let status: ExitStatus = plan.hasFindings ? .findings : .ok
    try close(plan, status, id: id, "committed as \(id); `sofatool undo` brings the state before it back")
    return status
  }

  private func report(_ plan: ManifestPlan) throws {
    guard !asJSON else {
      var json = JSONWriter(capacity: 1 << 16)
      plan.encode(into: &json, showKeys: showKeys)
      return try context.console.output.write(json.output.bytes)
    }
    let source = plan.manifest.isEmpty ? "no MANIFEST" : "\(plan.manifest), \(plan.editCount) edits"
    var lines = ["\(EscapedText.printable(path)): \(source)"]
    if plan.isEdit {
      if plan.isRebuilt { lines.append("the state that tables, blob files and logs tell") }
      if let edit = plan.atEdit { lines.append("the state after edit \(edit)") }
      lines += plan.edits.map { EscapedText.printable($0.text) }
      lines += plan.changeLines(showKeys: showKeys)
    } else {
      lines += plan.stateLines(showKeys: showKeys)
    }
    lines += plan.findings.map(\.line)
    lines += plan.notes.map { "note: " + EscapedText.printable($0) }
    try context.console.output.write(lines.joined(separator: "\n") + "\n")
  }

  private func close(_ plan: ManifestPlan, _ status: ExitStatus, id: String?, _ words: String?) throws {
    guard asJSON else {
      if let words { try context.console.output.write(words + "\n") }
      return
    }
    var json = JSONWriter()
    if let id {
      json.beginObject()
      json.field("record", "change")
      json.field("schema", 1)
      json.field("id", id)
      json.endObject()
      json.newline()
    }
    var summary = FindingSummary()
    summary.files = UInt64(plan.result.tableCount + plan.result.blobFiles.count + 1)
    for finding in plan.findings { summary.count(finding) }
    summary.encode(into: &json, exitStatus: status.code)
    try context.console.output.write(json.output.bytes)
  }

  // MARK: Difference

  private func compare(with other: String) throws -> ExitStatus {
    let directory = try directory()
    let difference = StateDifference(
      from: try version(of: other, directory), to: try EditManifest.version(in: directory))
    let status: ExitStatus = difference.isEmpty ? .ok : .findings
    if asJSON {
      var json = JSONWriter(capacity: 1 << 16)
      difference.encode(into: &json, showKeys: showKeys)
      FindingSummary().encode(into: &json, exitStatus: status.code)
      try context.console.output.write(json.output.bytes)
    } else {
      let lines = difference.lines(showKeys: showKeys)
      try context.console.output.write((lines.isEmpty ? ["no difference"] : lines).joined(separator: "\n") + "\n")
    }
    return status
  }

  private func version(of other: String, _ directory: any ReadableDirectory) throws -> Version {
    if other.hasPrefix("@") {
      guard let edit = Int(other.dropFirst()), edit > 0 else {
        throw UsageError("option '--diff': @N needs the number of an edit")
      }
      return try EditManifest.version(in: directory, after: edit)
    }
    if let file = try FileTarget.file(at: other, context.fileSystem) {
      return try ManifestReader.read(file.open()).readableVersion()
    }
    return try EditManifest.version(in: context.fileSystem.readableDirectory(at: other))
  }
}
