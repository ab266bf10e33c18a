/// Holds a state against the rules that engines rely on and against the files: the tables and blob files exist, have
/// their sizes, and the tables' own first and last entries are where the state says. `verify` reads the rest.
///
/// Reads only; one thread. Throws only what the disk throws, and `cancelled`.
struct StateCheck {
  private let levelCounts: [String: Int]
  private let isCancelled: () -> Bool
  /// What was found of a table, so that a second state with the same table needs no second look.
  private var seen: [UInt64: (table: TableMetadata, findings: [Finding])] = [:]

  init(levelCounts: [String: Int], isCancelled: @escaping () -> Bool) {
    self.levelCounts = levelCounts
    self.isCancelled = isCancelled
  }

  /// `history` says how much of its MANIFEST the state is.
  mutating func findings(
    _ history: ManifestHistory, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> [Finding] {
    var audit = DirectoryAudit(directory, state: history)
    try audit.run()
    var findings = audit.findings + levels(history)
    for (index, table) in audit.tables.enumerated() {
      findings += try self.findings(table, in: directory)
      if index & 0xFF == 0xFF, isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
    }
    for blob in audit.blobs {
      let name = DatabaseFile.blob(blob.metadata.number).name
      // 32 bytes of header, and 30 of footer where the engine closed the file.
      guard let size = try directory.attributes(of: name)?.size, size < blob.metadata.bytes &+ 30 else { continue }
      findings.append(
        Finding(.fileSize, file: name, detail: "the blob file is shorter than what the MANIFEST says is in it"))
    }
    return findings
  }

  /// Levels that the engine does not have.
  private func levels(_ history: ManifestHistory) -> [Finding] {
    history.version.families.flatMap { family in
      let count =
        history.version.dialect == .leveldb
        ? ColumnFamily.usualLevels : levelCounts[family.name] ?? VersionEdit.levelLimit
      return family.levels.enumerated().dropFirst(count).filter { !$0.element.isEmpty }.map { level, tables in
        Finding(
          .levelSequence, file: history.name, family: family.name, level: level,
          detail: "level \(level) holds \(tables.count) tables, and the engine has levels 0 to \(count - 1)")
      }
    }
  }

  private mutating func findings(
    _ table: DirectoryAudit.Table, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> [Finding] {
    var plain = table.metadata
    (plain.level, plain.epoch) = (0, nil)
    var found: [Finding]
    if let known = seen[plain.number], known.table == plain {
      found = known.findings
    } else {
      found = try look(at: table, in: directory)
      seen[plain.number] = (plain, found)
    }
    for index in found.indices { (found[index].family, found[index].level) = (table.family, table.metadata.level) }
    return found
  }

  private func look(
    at table: DirectoryAudit.Table, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> [Finding] {
    do throws(DatabaseError) {
      let file = try directory.open(table.file)
      guard file.size == table.metadata.size else {
        var finding = Finding(
          .fileSize, file: table.file, detail: "the file's size is not the one that the MANIFEST records")
        (finding.stored, finding.computed) = ("\(table.metadata.size)", "\(file.size)")
        return [finding]
      }
      let largest = table.metadata.hasSequences ? table.metadata.largestSequence : nil
      let reader = try TableReader(file, order: table.order, largestSequence: largest)
      return try StateCheck.differences(table.metadata, reader, file: table.file)
    } catch {
      return [try TableFailure.finding(error, file: table.file)]
    }
  }

  /// Where a table's record is not what its first and last entries say.
  static func differences(
    _ metadata: TableMetadata, _ reader: TableReader, file: String
  ) throws(DatabaseError) -> [Finding] {
    let order = reader.order
    guard order.isKnown, let bounds = try LooseTables.bounds(reader, within: metadata) else { return [] }
    var findings: [Finding] = []
    func isSame(_ a: InternalKey, _ b: InternalKey) -> Bool {
      guard !reader.properties.timestampsPersisted else { return order.compare(a.userKey, b.userKey) == 0 }
      return a.userKey.dropLast(order.timestampSize) == b.userKey.dropLast(order.timestampSize)
    }
    if !isSame(metadata.smallest, bounds.smallest) || !isSame(metadata.largest, bounds.largest) {
      findings.append(
        Finding(
          .manifestBounds, file: file,
          detail: "the MANIFEST's smallest or largest key is not the table's: "
            + "--drop-file \(metadata.number) --add-file \(metadata.number):\(metadata.level) reads them anew"))
    }
    let range = metadata.smallestSequence...max(metadata.largestSequence, metadata.smallestSequence)
    let isOutside = [bounds.smallest, bounds.largest].contains {
      $0.sequence != .maximum && !range.contains($0.sequence)
    }
    if metadata.hasSequences, isOutside {
      findings.append(
        Finding(
          .manifestSequence, file: file,
          detail: "sequence numbers of the table lie outside those in the MANIFEST"))
    }
    return findings
  }
}
