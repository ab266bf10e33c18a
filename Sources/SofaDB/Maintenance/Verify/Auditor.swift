/// One file to check.
enum AuditTask: Sendable {
  case table(DirectoryAudit.Table)
  case looseTable(String)
  case log(UInt64)
  case blob(DirectoryAudit.Blob)

  /// Everything that a level covers, in the order of reports.
  static func all(_ audit: DirectoryAudit, level: VerifyLevel) -> [AuditTask] {
    var tasks: [AuditTask] = audit.tables.map { .table($0) }
    tasks += audit.unlistedTables.map { .looseTable($0) }
    guard level > .quick else { return tasks }
    tasks += audit.blobs.map { .blob($0) }
    tasks += audit.logs.map { .log($0) }
    return tasks
  }
}

/// Runs one task and hands in its result. Shared by all workers.
struct Auditor: Sendable {
  let directory: any ReadableDirectory
  let level: VerifyLevel
  let newestLog: UInt64?
  let isLevelDB: Bool
  let results: AuditResults
  let isCancelled: @Sendable () -> Bool

  func run(_ task: AuditTask, _ index: Int) {
    do throws(DatabaseError) {
      let findings =
        switch task {
        case .table(let table): try audit(table.file, table)
        case .looseTable(let name): try audit(name, nil)
        case .log(let number): try audit(log: number)
        case .blob(let blob): try audit(blob)
        }
      // A read that was refused may have made a finding of what is sound.
      if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      results.finish(index, findings)
    } catch {
      results.fail(error)
    }
  }

  private func audit(_ name: String, _ table: DirectoryAudit.Table?) throws(DatabaseError) -> [Finding] {
    let file = try directory.open(name)
    let results = results
    let audit = TableAudit(
      file, name: name, metadata: table?.metadata, family: table?.family, order: table?.order, level: level,
      progress: { results.advance($0) })
    try audit.run()
    if let facts = audit.facts { results.refer(name, facts.blobCompressions) }
    return audit.findings
  }

  private func audit(log number: UInt64) throws(DatabaseError) -> [Finding] {
    let file = try directory.open(DatabaseFile.log(number).name)
    var audit = LogAudit(file, number: number, isNewest: number == newestLog, plainOnly: isLevelDB)
    try audit.run()
    results.add(log: number, audit.facts)
    results.advance(file.size)
    return audit.findings
  }

  private func audit(_ blob: DirectoryAudit.Blob) throws(DatabaseError) -> [Finding] {
    let file = try directory.open(DatabaseFile.blob(blob.metadata.number).name)
    var audit = BlobAudit(file, blob)
    try audit.run()
    if let compression = audit.compression { results.add(blob: blob.metadata.number, compression: compression) }
    results.advance(file.size)
    return audit.findings
  }
}
