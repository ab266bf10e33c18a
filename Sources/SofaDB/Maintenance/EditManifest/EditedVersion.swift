/// What edits make of a version. Pure: tables that come were read before. Throws `invalid` for an edit that has no
/// meaning in the state, `unsupported` where an order would have to be known; whether the result keeps the rules is for
/// others to check.
struct EditedVersion {
  /// For reporting: tables that came or moved, by family id.
  private(set) var placed: [UInt32: Set<UInt64>] = [:]
  private(set) var version: Version

  private let edits: [ManifestEdit]
  private let levelCounts: [String: Int]
  /// Every number in use, the journal's included.
  private let largestNumber: UInt64

  /// `levelCounts`: what the options say of families, by name. `added` by number. `family`: whose log number is set;
  /// nil for all.
  init(
    _ base: Version, _ edits: [ManifestEdit], added: [UInt64: AddedTable], levelCounts: [String: Int],
    largestNumber: UInt64, family: String?
  ) throws(DatabaseError) {
    version = base
    self.edits = edits
    self.levelCounts = levelCounts
    self.largestNumber = largestNumber
    try checkMentions()
    try dropFamilies()
    for edit in edits { if case .dropFile(let number) = edit { try drop(number) } }
    for edit in edits { if case .moveFile(let number, let level) = edit { try move(number, to: level) } }
    for edit in edits { if case .addFile(let number, let level) = edit { try add(added[number], number, at: level) } }
    for edit in edits { if case .set(let field, let value) = edit { try set(field, value, family) } }
    unifyEpochs()
  }

  /// Levels that a family may use: what the options say, or seven, or as many as it uses already.
  static func levelCount(of family: ColumnFamily, _ counts: [String: Int], _ dialect: ManifestDialect) -> Int {
    let deepest = family.levels.lastIndex { !$0.isEmpty } ?? 0
    let said = dialect == .leveldb ? nil : counts[family.name]
    return max(said ?? ColumnFamily.usualLevels, dialect == .leveldb ? 0 : deepest + 1)
  }

  private func checkMentions() throws(DatabaseError) {
    var seen: [String: Int] = [:]
    for edit in edits {
      let name: String =
        switch edit {
        case .dropFile(let number), .moveFile(let number, _), .addFile(let number, _): "file \(number)"
        case .dropFamily(let name): "column family \(EscapedText.printable(name))"
        case .set(let field, _): field.rawValue
        }
      let isComing = if case .addFile = edit { true } else { false }
      let isGoing = if case .dropFile = edit { true } else { false }
      // Bit 0: dropped, bit 1: added. Only that pair may meet.
      let bit = isGoing ? 1 : isComing ? 2 : 4
      let before = seen[name] ?? 0
      guard before == 0 || before & bit == 0 && (before | bit) == 3 else {
        throw DatabaseError(.invalid, "\(name) is named by more than one edit")
      }
      seen[name] = before | bit
    }
  }

  // MARK: Families and tables

  private mutating func dropFamilies() throws(DatabaseError) {
    for edit in edits {
      guard case .dropFamily(let name) = edit else { continue }
      guard let family = version.family(named: name) else {
        throw DatabaseError(.invalid, "there is no column family \(EscapedText.printable(name))")
      }
      guard family.id != 0 else { throw DatabaseError(.invalid, "the column family default cannot be dropped") }
      version = version.with(families: version.families.filter { $0.id != family.id })
    }
  }

  private func home(of number: UInt64) throws(DatabaseError) -> ColumnFamily {
    guard let family = version.families.first(where: { $0.tables.contains { $0.number == number } }) else {
      throw DatabaseError(.invalid, "there is no table \(number) in the state")
    }
    return family
  }

  private mutating func drop(_ number: UInt64) throws(DatabaseError) {
    let family = try home(of: number)
    replace(family, with: family.tables.filter { $0.number != number })
  }

  private mutating func move(_ number: UInt64, to level: Int) throws(DatabaseError) {
    let family = try home(of: number)
    try requireOrder(family)
    try check(level, family)
    var tables = family.tables
    guard let place = tables.firstIndex(where: { $0.number == number }) else { return }
    guard tables[place].level != level else {
      throw DatabaseError(.invalid, "table \(number) is on level \(level) already")
    }
    tables[place].level = level
    replace(family, with: level == 0 ? LevelPlacement.withEpoch(tables, for: number) : tables)
    placed[family.id, default: []].insert(number)
  }

  private mutating func add(_ added: AddedTable?, _ number: UInt64, at level: Int?) throws(DatabaseError) {
    guard let added, let family = version.family(added.family) else {
      throw DatabaseError(.invalid, "the column family of table \(number) is dropped by another edit")
    }
    guard !version.families.contains(where: { $0.tables.contains { $0.number == number } }) else {
      throw DatabaseError(.invalid, "table \(number) is part of the state already")
    }
    if let level { try check(level, family) }
    var table = added.metadata
    // What LevelDB's MANIFEST does not record was read from the table itself.
    var known = table
    (known.smallestSequence, known.largestSequence) = (added.facts.smallestSequence, added.facts.largestSequence)
    let count = EditedVersion.levelCount(of: family, levelCounts, version.dialect)
    let placement = LevelPlacement(order: family.order, levelCount: count)
    table.level = level ?? placement.deepestLevel(of: known, among: family.tables) ?? 0
    let tables = LevelPlacement.withEpoch(family.tables + [table], for: number)
    let grown = family.with(tables: tables, blobFiles: family.blobFiles + added.blobFiles)
    version = version.with(
      families: version.families.map { $0.id == family.id ? grown : $0 },
      nextFileNumber: max(version.nextFileNumber, number + 1))
    placed[family.id, default: []].insert(number)
  }

  private func requireOrder(_ family: ColumnFamily) throws(DatabaseError) {
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported,
        "the comparator \(EscapedText.printable(family.order.name)) is not known: whether tables overlap cannot be told"
      )
    }
  }

  private func check(_ level: Int, _ family: ColumnFamily) throws(DatabaseError) {
    let count = EditedVersion.levelCount(of: family, levelCounts, version.dialect)
    guard level < count else {
      throw DatabaseError(
        .invalid,
        "level \(level) does not exist: the column family \(EscapedText.printable(family.name)) has levels 0 to "
          + "\(count - 1)")
    }
  }

  private mutating func replace(_ family: ColumnFamily, with tables: [TableMetadata]) {
    version = version.with(families: version.families.map { $0.id == family.id ? family.with(tables: tables) : $0 })
  }

  /// Epochs are used when every table of a family has one, so a MANIFEST is written with all or none.
  private mutating func unifyEpochs() {
    version = version.with(
      families: version.families.map { family in
        let tables = family.tables
        guard tables.contains(where: { $0.epoch != nil }), !tables.allSatisfy(\.hasEpoch) else { return family }
        return family.with(
          tables: tables.map { table in
            var table = table
            table.epoch = nil
            return table
          })
      })
  }

  // MARK: Numbers

  private mutating func set(_ field: ManifestEdit.Field, _ value: UInt64, _ name: String?) throws(DatabaseError) {
    switch field {
    case .lastSequence: version = version.with(lastSequence: value)
    case .nextFile:
      guard value > largestNumber else {
        throw DatabaseError(.invalid, "next-file=\(value): file numbers up to \(largestNumber) are in use")
      }
      version = version.with(nextFileNumber: value)
    case .minLogNumber:
      guard version.dialect == .rocksdb else {
        throw DatabaseError(.invalid, "LevelDB has no min-log-number")
      }
      version = version.with(minLogNumberToKeep: value)
    case .logNumber:
      if let name, version.family(named: name) == nil {
        throw DatabaseError(.invalid, "there is no column family \(EscapedText.printable(name))")
      }
      version = version.with(
        families: version.families.map { name == nil || $0.name == name ? $0.with(logNumber: value) : $0 })
    }
  }
}

extension Version {
  /// The same but for what is given.
  func with(
    families: [ColumnFamily]? = nil, lastSequence: SequenceNumber? = nil, nextFileNumber: UInt64? = nil,
    minLogNumberToKeep: UInt64? = nil, maxColumnFamily: UInt32? = nil, trackedLogs: [VersionEdit.LogAddition]? = nil
  ) -> Version {
    Version(
      families: families ?? self.families, lastSequence: lastSequence ?? self.lastSequence,
      nextFileNumber: nextFileNumber ?? self.nextFileNumber, previousLogNumber: previousLogNumber,
      minLogNumberToKeep: minLogNumberToKeep ?? self.minLogNumberToKeep,
      maxColumnFamily: maxColumnFamily ?? self.maxColumnFamily, databaseID: databaseID,
      trackedLogs: trackedLogs ?? self.trackedLogs, dialect: dialect)
  }
}

extension ColumnFamily {
  /// The same but for what is given. Blob files that no table can refer to fall away.
  func with(
    tables: [TableMetadata]? = nil, blobFiles: [BlobFileMetadata]? = nil, logNumber: UInt64? = nil
  ) -> ColumnFamily {
    ColumnFamily(
      id: id, name: name, comparator: comparator, logNumber: logNumber ?? self.logNumber,
      tables: tables ?? self.tables, blobFiles: blobFiles ?? self.blobFiles, compactCursors: compactCursors,
      timestampsPersisted: timestampsPersisted, fullHistoryTimestampLow: fullHistoryTimestampLow)
  }
}
