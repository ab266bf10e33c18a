/// Looks at a database, loose tables, or a directory of the Go SofaDB from outside, and says what it is.
///
/// Reads CURRENT, MANIFEST, OPTIONS and IDENTITY, the head of every table (footer, metaindex, properties), a few
/// blocks of some of them, the headers of blob files, and the logs that an engine would replay. Damage becomes
/// findings and never ends the run. Nothing is written and no lock is taken; a database that is being written to is
/// looked at again, up to three times.
public struct Inspect: Sendable {
  /// Whether first and last keys are wanted where no MANIFEST knows them.
  public var findsBounds = false
  /// Threads, at least 1.
  public var jobs = Workers.processors
  /// Asked between tables; true ends the run with `cancelled`.
  public var isCancelled: @Sendable () -> Bool = { false }

  let directory: any ReadableDirectory
  private let tables: [String]?
  private static let attempts = 3

  /// Looks at whatever `directory` holds.
  public init(_ directory: any ReadableDirectory) {
    self.directory = directory
    tables = nil
  }

  /// Looks at the tables `names` of `directory`.
  public init(tables names: [String], in directory: any ReadableDirectory) {
    self.directory = directory
    tables = names
  }

  /// Throws what has nothing to do with the bytes of one table or log: a directory, CURRENT or MANIFEST that may not
  /// be read, a directory that is none of the above, a database that changes all the time, and `cancelled`.
  public func run() throws(DatabaseError) -> InspectReport {
    if let tables { return try loose(tables) }
    switch try DirectoryKind(directory) {
    case .database: return try database(.database)
    case .damagedDatabase: return try database(.damagedDatabase)
    case .sofaGo: return try SofaGoInspection(directory, isCancelled: isCancelled).report()
    case .looseTables:
      let names = try directory.entries().filter { $0.kind == .file && DirectoryKind.isTableName($0.name) }
      return try loose(names.map(\.name).sorted())
    case .other:
      throw DatabaseError(.notFound, file: directory.path, "neither a database nor a directory of tables")
    }
  }

  private func database(_ kind: InspectReport.Kind) throws(DatabaseError) -> InspectReport {
    for _ in 0..<Inspect.attempts {
      let before = try fingerprint()
      var inspection = DatabaseInspection(self, kind)
      do throws(DatabaseError) { try inspection.run() } catch {
        guard error.kind == .notFound, try fingerprint() != before else { throw error }
        continue
      }
      if try fingerprint() == before { return inspection.report }
    }
    throw DatabaseError(
      .locked, file: directory.path, "the database is being written to and changed \(Inspect.attempts) times meanwhile")
  }

  /// Changes whenever an engine commits anything.
  private func fingerprint() throws(DatabaseError) -> [String: FileAttributes] {
    var result: [String: FileAttributes] = [:]
    for entry in try directory.entries() where entry.kind == .file {
      switch DatabaseFile(name: entry.name) {
      case .current, .manifest: result[entry.name] = try directory.attributes(of: entry.name)
      default: continue
      }
    }
    return result
  }

  private func loose(_ names: [String]) throws(DatabaseError) -> InspectReport {
    var report = InspectReport(path: directory.path, kind: .looseTables)
    let places = names.map { TableInspection.Place(name: $0, findsBounds: findsBounds) }
    (report.tables, report.findings) = try inspect(places)
    report.families = InspectReport.families(of: report.tables)
    report.engine = InspectReport.engine(of: report.tables)
    let writers = report.tables.compactMap(\.writtenBy)
    if let first = writers.first, writers.allSatisfy({ $0 == first }) { report.writtenBy = first }
    report.remarks = InspectRemarks.ofTables(report)
    return report
  }

  func inspect(
    _ places: [TableInspection.Place]
  ) throws(DatabaseError) -> (tables: [InspectedTable], findings: [Finding]) {
    try TableInspections.run(places, in: directory, jobs: max(jobs, 1), isCancelled: isCancelled)
  }
}

extension InspectReport {
  /// Families as tables name them, for directories without a MANIFEST.
  static func families(of tables: [InspectedTable]) -> [InspectedFamily] {
    let families = Dictionary(grouping: tables, by: \.family).map { name, members in
      let comparator = members.lazy.compactMap(\.comparator).first
      var family = InspectedFamily(
        id: nil, name: name, order: comparator.map { KeyOrder(name: $0) } ?? .bytewise, comparator: comparator)
      family.mergeOperator = members.lazy.compactMap(\.mergeOperator).first
      for table in members { family.add(table) }
      return family
    }
    return families.sorted { $0.name < $1.name }
  }

  /// By the tables alone.
  static func engine(of tables: [InspectedTable]) -> Engine {
    let known = tables.filter { $0.formatVersion != nil }
    if known.isEmpty { return .unknown }
    return known.allSatisfy(\.isLevelDB) ? .levelDB : .rocksDB
  }
}
