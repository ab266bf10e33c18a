internal import Synchronization

/// One table file read from end to end: sound, or what can be had of it.
struct ExaminedTable: Sendable {
  let number: UInt64
  let name: String
  let size: UInt64
  /// What the MANIFEST says; nil for a table that it does not list.
  var metadata: TableMetadata?
  /// Where the MANIFEST, or the table itself, says it belongs.
  var family: UInt32?
  var familyName: String?
  var findings: [Finding] = []
  /// As readers see them; nil when the table is damaged.
  var facts: TableFacts?
  /// Empty where there are none.
  var properties = TableProperties()
  /// What is left of a damaged table.
  var rescue: TableRescue?

  var isSound: Bool { rescue == nil }
  /// Whether damage hides some of it.
  var isDoubtful: Bool { rescue.map { $0.verdict != .mended } ?? false }

  /// Bounds and numbers of what is there, damaged or not; nil when nothing is.
  var smallest: InternalKey? { facts?.smallest ?? rescue?.smallest }
  var largest: InternalKey? { facts?.largest ?? rescue?.largest }
  var smallestSequence: SequenceNumber { facts?.smallestSequence ?? rescue?.smallestSequence ?? 0 }
  var largestSequence: SequenceNumber { facts?.largestSequence ?? rescue?.largestSequence ?? 0 }
  var blobFiles: Set<UInt64> { facts.map { Set($0.blobReferences.keys) } ?? rescue?.blobFiles ?? [] }
  var entries: UInt64 { facts?.entries ?? rescue.map { $0.entries + UInt64($0.tombstones.count) } ?? 0 }
  /// Entries that are no range deletions.
  var points: UInt64 { facts.map { $0.entries - min($0.rangeDeletions, $0.entries) } ?? rescue?.entries ?? 0 }
  /// Whether it was made outside the database and ingested.
  var isExternal: Bool { properties.externalVersion == 2 }

  /// Errors that lie in the MANIFEST's record, not in the table.
  static let recordCodes: Set<FindingCode> = [.manifestBounds, .manifestSequence]
  /// What cannot be judged, and is no damage.
  private static let unsupportedCodes: Set<FindingCode> = [.tableUnsupported, .envComparatorUnknown]

  var errors: [Finding] {
    findings.filter { $0.severity == .error && !ExaminedTable.unsupportedCodes.contains($0.code) }
  }

  /// Reads the table. `order`: the family's.
  static func examine(
    _ directory: any ReadableDirectory, number: UInt64, name: String, metadata: TableMetadata?, family: UInt32?,
    familyName: String?, order: KeyOrder?
  ) throws(DatabaseError) -> ExaminedTable {
    let file = try directory.open(name)
    let audit = TableAudit(
      file, name: name, metadata: metadata, family: familyName, order: order, level: .full)
    try audit.run()
    var table = ExaminedTable(
      number: number, name: name, size: file.size, metadata: metadata, family: family, familyName: familyName)
    table.findings = audit.findings
    table.facts = audit.facts
    let errors = table.errors
    guard errors.contains(where: { !recordCodes.contains($0.code) }) else {
      table.properties = try properties(file) ?? TableProperties()
      return table
    }
    if metadata == nil, let reason = try foreignOrder(errors, file) {
      table.facts = nil
      table.rescue = TableRescue(name: name)
      table.rescue?.verdict = .refused(reason)
      return table
    }
    var salvage = TableSalvage(file, name: name, metadata: metadata, family: familyName, order: order)
    let rescue = try salvage.run()
    table.rescue = rescue
    table.facts = nil
    table.properties = rescue.properties ?? TableProperties()
    return table
  }

  /// LevelDB's tables do not name their comparator: where nothing is wrong but the order, it is another one.
  private static func foreignOrder(_ errors: [Finding], _ file: any RandomAccessFile) throws(DatabaseError) -> String? {
    guard errors.allSatisfy({ $0.code == .tableOrder || $0.code == .tableSeparator }), try properties(file) == nil
    else {
      return nil
    }
    return "its keys are not in bytewise order, and only the lost MANIFEST names the comparator"
  }

  private static func properties(_ file: any RandomAccessFile) throws(DatabaseError) -> TableProperties? {
    do throws(DatabaseError) {
      let table = try TableFile(file)
      return try table.readProperties(table.readMetaIndex())
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      return nil
    }
  }

  /// What is asked of one table.
  struct Task: Sendable {
    var number: UInt64
    var name: String
    var metadata: TableMetadata?
    var family: UInt32?
    var familyName: String?
    var order: KeyOrder?
  }

  /// Examines many tables on several threads; results in the order of `tasks`.
  static func examine(
    _ tasks: [Task], in directory: any ReadableDirectory, jobs: Int,
    progress: @escaping @Sendable (UInt64) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws(DatabaseError) -> [ExaminedTable] {
    let results = Mutex<[Int: Result<ExaminedTable, DatabaseError>]>([:])
    let next = Atomic<Int>(0)
    Workers.run(min(max(jobs, 1), max(tasks.count, 1))) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < tasks.count else { return }
        let task = tasks[index]
        let result: Result<ExaminedTable, DatabaseError>
        do throws(DatabaseError) {
          if isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
          let table = try examine(
            directory, number: task.number, name: task.name, metadata: task.metadata, family: task.family,
            familyName: task.familyName, order: task.order)
          progress(table.size)
          result = .success(table)
        } catch { result = .failure(error) }
        results.withLock { $0[index] = result }
      }
    }
    var tables: [ExaminedTable] = []
    for index in tasks.indices {
      switch results.withLock({ $0[index] }) {
      case .success(let table): tables.append(table)
      case .failure(let error): throw error
      case nil: throw DatabaseError(.cancelled, "interrupted")
      }
    }
    return tables
  }
}
