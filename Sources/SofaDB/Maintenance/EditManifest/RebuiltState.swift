/// The state of a database as its tables, blob files and logs alone tell it, whatever its MANIFESTs say: what a repair
/// finds where no MANIFEST is left. Nothing is written, so damaged tables are no part of it.
///
/// The traps are the repair's: superseded tables are told by their versions, levels by the ages of tables that share
/// keys, families by the properties of tables and by OPTIONS.
struct RebuiltState {
  let version: Version
  /// Tables that are no part of the state; the journal is to keep them, because an engine deletes what is not listed.
  let parked: [String]
  /// What is lost with this state.
  let findings: [Finding]
  /// What else was decided, and why.
  let notes: [String]

  /// `dialect`: the engine, as far as a MANIFEST told it. Reads every table from end to end.
  init(
    _ directory: any ReadableDirectory, dialect: ManifestDialect?, isCancelled: @escaping @Sendable () -> Bool
  ) throws(DatabaseError) {
    var planner = try RepairPlanner(rebuilding: directory, dialect: dialect, jobs: Workers.processors)
    planner.isCancelled = isCancelled
    let plan = try planner.run()
    version = plan.result.build()
    parked = (plan.removed + plan.rewrites.map(\.rescue.name)).sorted()
    let damaged = Set(plan.rewrites.map(\.rescue.name))
    var findings = plan.rewrites.map { rewrite in
      let errors = planner.tables[rewrite.metadata.number]?.errors ?? []
      return Finding(
        errors.first?.code ?? .blockDecode, severity: .error, file: rewrite.rescue.name,
        family: plan.result.families[rewrite.family]?.name, level: rewrite.metadata.level,
        detail: "it is damaged, so it is no part of the rebuilt state; `sofatool repair` keeps what is good of it")
    }
    findings += plan.losses.filter { !damaged.contains($0.file) && $0.kind != .liveness }.map(RebuiltState.finding)
    self.findings = findings
    notes =
      plan.steps.filter { $0.action == .park || $0.file == "MANIFEST" }.map { step in
        let evidence = step.evidence.joined(separator: "; ")
        return step.action == .park ? "\(step.file) is set aside: \(evidence)" : evidence
      } + plan.remarks + plan.losses.filter { $0.kind == .liveness }.map(\.line)
  }

  private static func finding(_ loss: RepairLoss) -> Finding {
    let code: FindingCode =
      switch loss.kind {
      case .logRecords: loss.length == nil ? .walGap : .walRecord
      case .blobs: .blobReference
      case .entries, .rangeDeletions, .table, .manifestEdits, .liveness: .fileOrphan
      }
    var finding = Finding(
      code, severity: .error, file: loss.file, family: loss.family, level: loss.level, offset: loss.offset,
      length: loss.length, detail: loss.detail)
    (finding.from, finding.to) = (loss.after, loss.before)
    return finding
  }
}
