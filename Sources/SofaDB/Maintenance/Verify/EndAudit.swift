/// Looks for writes that are missing at the end of a log or a MANIFEST which shows no damage, because it was cut behind
/// a whole record: other files may remember them. Throws only what the disk throws.
struct EndAudit {
  private let directory: any ReadableDirectory
  private let version: Version?
  private let names: [String]
  /// What was seen of each log, by number.
  private let logs: [UInt64: LogFacts]

  init(_ directory: any ReadableDirectory, _ audit: DirectoryAudit, _ results: AuditResults) {
    self.directory = directory
    version = audit.history?.version
    names = audit.newerTables
    logs = results.logs
  }

  func findings(_ level: VerifyLevel) throws(DatabaseError) -> [Finding] {
    guard let version else { return [] }
    return try shortLogs(version) + (level == .full ? newerTables(version) : [])
  }

  /// Logs that are shorter than the next one remembers them, or are gone.
  private func shortLogs(_ version: Version) throws(DatabaseError) -> [Finding] {
    var findings: [Finding] = []
    for (log, facts) in logs.sorted(by: { $0.key < $1.key }) {
      guard let wanted = facts.predecessor else { continue }
      let isNeeded = !LogSelection(version, present: [wanted.number]).replayed.isEmpty
      guard wanted.number != log, isNeeded else { continue }
      let name = DatabaseFile.log(wanted.number).name
      let size = try directory.attributes(of: name)?.size
      guard size ?? 0 < wanted.size else { continue }
      findings.append(
        Finding(
          .walGap, file: name, offset: size, length: wanted.size - (size ?? 0), block: .logRecord,
          detail: "\(DatabaseFile.log(log).name) says that this log has \(wanted.size) bytes, "
            + (size.map { "it has \($0)" } ?? "it is not there")))
    }
    return findings
  }

  /// Tables that came after all that the MANIFEST knows and hold writes that no log has. A MANIFEST cut behind a record
  /// leaves them, for its logs are gone; an unfinished flush leaves them only where its log lost its end as well.
  private func newerTables(_ version: Version) throws(DatabaseError) -> [Finding] {
    // A prepared batch takes its numbers only when it is committed.
    if logs.values.contains(where: \.hasTransactions) { return [] }
    let known = max(version.lastSequence, logs.values.map(\.lastSequence).max() ?? 0)
    var findings: [Finding] = []
    for name in names {
      guard let last = try lastSequence(ofTable: name), last > known else { continue }
      findings.append(
        Finding(
          .fileOrphan, severity: .warning, file: name,
          detail: "newer than the MANIFEST and with writes that no log holds: either may have lost its end"))
    }
    return findings
  }

  /// nil where the file cannot be read as a table with entries; no engine reads it either.
  private func lastSequence(ofTable name: String) throws(DatabaseError) -> SequenceNumber? {
    do throws(DatabaseError) {
      let table = TableAudit(try directory.open(name), name: name, metadata: nil, family: nil, order: nil, level: .full)
      try table.run()
      return table.facts.flatMap { $0.entries > 0 ? $0.largestSequence : nil }
    } catch {
      guard error.concernsOneFile else { throw error }
      return nil
    }
  }
}
