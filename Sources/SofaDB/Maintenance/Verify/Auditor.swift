/// Runs one task and hands in its result. Shared by all workers.
struct Auditor: Sendable {
  let directory: any ReadableDirectory
  let level: VerifyLevel
  let newestLog: UInt64?
  let isLevelDB: Bool
  let digests: FileDigests?
  let results: AuditResults
  let isCancelled: @Sendable () -> Bool
  /// Told of every file that was checked in full, from the thread that did.
  let remember: @Sendable (Int, AuditOutcome) -> Void

  func run(_ task: AuditTask, _ index: Int) {
    do throws(DatabaseError) {
      let outcome =
        switch task {
        case .table(let table): try audit(table.file, table)
        case .looseTable(let name): try audit(name, nil)
        case .log(let number): try audit(log: number)
        case .blob(let blob): try audit(blob)
        }
      // A read that was refused may have made a finding of what is sound.
      if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      remember(index, outcome)
      results.finish(index, task, outcome)
    } catch {
      results.fail(error)
    }
  }

  private func audit(_ name: String, _ table: DirectoryAudit.Table?) throws(DatabaseError) -> AuditOutcome {
    let file = try open(name)
    let results = results
    let audit = TableAudit(
      file, name: name, metadata: table?.metadata, family: table?.family, order: table?.order, level: level,
      progress: { results.advance($0) })
    try audit.run()
    try digest(file, name)
    return AuditOutcome(findings: audit.findings, blobReferences: audit.facts?.blobCompressions ?? [:])
  }

  private func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    let file = try directory.open(name)
    return digests == nil ? file : DigestingFile(file)
  }

  private func digest(_ file: any RandomAccessFile, _ name: String) throws(DatabaseError) {
    if let digests, let file = file as? DigestingFile { try digests.add(name, file) }
  }

  private func audit(log number: UInt64) throws(DatabaseError) -> AuditOutcome {
    let file = try directory.open(DatabaseFile.log(number).name)
    var audit = LogAudit(file, number: number, isNewest: number == newestLog, plainOnly: isLevelDB)
    try audit.run()
    results.add(log: number, audit.facts)
    results.advance(file.size)
    return AuditOutcome(findings: audit.findings)
  }

  private func audit(_ blob: DirectoryAudit.Blob) throws(DatabaseError) -> AuditOutcome {
    let name = DatabaseFile.blob(blob.metadata.number).name
    let file = try open(name)
    var audit = BlobAudit(file, blob)
    try audit.run()
    try digest(file, name)
    results.advance(file.size)
    return AuditOutcome(findings: audit.findings, compression: audit.compression)
  }
}
