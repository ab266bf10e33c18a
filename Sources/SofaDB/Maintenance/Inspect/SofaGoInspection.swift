/// Looks at a directory of the Go SofaDB, whose files have no headers: every entry is read.
struct SofaGoInspection {
  private let directory: any ReadableDirectory
  private let isCancelled: @Sendable () -> Bool

  init(_ directory: any ReadableDirectory, isCancelled: @escaping @Sendable () -> Bool) {
    self.directory = directory
    self.isCancelled = isCancelled
  }

  func report() throws(DatabaseError) -> InspectReport {
    let source = try SofaGoDirectory(directory)
    var report = InspectReport(path: directory.path, kind: .sofaGo)
    report.engine = .sofaGo
    for name in source.tables {
      let attributes = try directory.attributes(of: name)
      var table = InspectedTable(name: name, family: "default", size: attributes?.size ?? 0)
      // Names begin with the time of creation in nanoseconds.
      table.created = UInt64(name.prefix { $0 != "_" }).map { $0 / 1_000_000_000 }
      table.modified = attributes.flatMap { UInt64(exactly: max($0.modified, 0)) }
      report.tables.append(table)
    }
    if source.hasLog {
      let size = try directory.attributes(of: SofaGoDirectory.logName)?.size ?? 0
      report.logs = [InspectedLog(name: SofaGoDirectory.logName, size: size, isPending: true)]
    }
    let cursor = try source.cursor()
    while try cursor.next() {
      if cursor.entries % 4096 == 0, isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    report.visibleEntries = UInt64(cursor.entries)
    report.findings = cursor.damages.map(finding)
    for index in report.tables.indices {
      let found = report.findings.filter { $0.file == report.tables[index].name }
      report.tables[index].worst = found.map(\.severity).max()
      if !found.isEmpty { report.tables[index].state = .damaged }
    }
    var family = InspectedFamily(id: nil, name: "default", order: .bytewise, comparator: nil)
    for table in report.tables { family.add(table) }
    report.families = [family]
    if cursor.emptyValues > 0 {
      report.remarks.append(
        InspectReport.Remark(
          code: "empty-values",
          detail: "\(cursor.emptyValues) entries of tables have empty values, which may have been deletions"))
    }
    return report
  }

  private func finding(_ damage: SofaGoDamage) -> Finding {
    let isLog = damage.file == SofaGoDirectory.logName
    let code: FindingCode = damage.isTornTail ? .walTail : isLog ? .walRecord : .blockDecode
    return Finding(
      code, file: damage.file, offset: damage.offset, length: damage.length, block: isLog ? .logRecord : .data,
      detail: damage.reason)
  }
}
