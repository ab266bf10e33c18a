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

  var isLog: Bool {
    if case .log = self { true } else { false }
  }

  /// The file's name in its directory.
  var name: String {
    switch self {
    case .table(let table): table.file
    case .looseTable(let name): name
    case .log(let number): DatabaseFile.log(number).name
    case .blob(let blob): DatabaseFile.blob(blob.metadata.number).name
    }
  }
}
