/// The rules that every version must keep. Newer RocksDB does not fail on a MANIFEST that breaks them: it opens without
/// the tables and deletes them. So whoever writes a MANIFEST checks it here before CURRENT names it.
///
/// Tables are compared only under orders that are known.
public struct VersionInvariants {
  private let version: Version
  private let levelCount: Int
  private let oldEngines: Bool
  private var violations: [VersionViolation] = []

  /// `levelCount`: RocksDB's option `num_levels`, which refuses deeper tables; nil where it is not known.
  /// `oldEngines`: also what RocksDB before 7.10 asks of level 0, which newer ones may leave broken.
  public static func check(
    _ version: Version, levelCount: Int? = nil, oldEngines: Bool = false
  ) -> [VersionViolation] {
    var invariants = VersionInvariants(
      version, levelCount: levelCount ?? VersionEdit.levelLimit, oldEngines: oldEngines)
    for family in version.families { invariants.check(family) }
    invariants.checkNumbers()
    return invariants.violations
  }

  private init(_ version: Version, levelCount: Int, oldEngines: Bool) {
    self.version = version
    self.levelCount = levelCount
    self.oldEngines = oldEngines
  }

  private mutating func add(
    _ rule: VersionViolation.Rule, _ family: ColumnFamily, _ level: Int?, _ files: [UInt64], _ detail: String
  ) {
    violations.append(VersionViolation(rule: rule, family: family.id, level: level, files: files, detail: detail))
  }

  private mutating func check(_ family: ColumnFamily) {
    for (level, tables) in family.levels.enumerated() {
      if level >= levelCount, !tables.isEmpty {
        add(.levelOrder, family, level, tables.map(\.number), "level \(level) of \(levelCount) levels")
      }
      for table in tables { check(table, family) }
    }
    checkBlobFiles(family)
    guard family.order.isKnown else { return }
    checkNewestLevel(family)
    for level in 1..<family.levels.count {
      let tables = family.levels[level]
      for (left, right) in zip(tables, tables.dropFirst())
      where family.order.compare(Mutant.oneBoundCompared.isOn ? left.smallest : left.largest, right.smallest) >= 0 {
        add(
          .levelOverlap, family, level, [left.number, right.number],
          "tables \(left.number) and \(right.number) of level \(level) overlap")
      }
    }
  }

  private mutating func check(_ table: TableMetadata, _ family: ColumnFamily) {
    let number = table.number
    if family.order.isKnown {
      if min(table.smallest.bytes.count, table.largest.bytes.count) < 8 + family.order.timestampSize {
        add(.bounds, family, table.level, [number], "a bound of table \(number) has no room for its timestamp")
      } else if family.order.compare(table.smallest, table.largest) > 0 {
        add(.bounds, family, table.level, [number], "the smallest key of table \(number) is behind its largest")
      }
    }
    guard table.hasSequences else { return }
    if table.smallestSequence > table.largestSequence {
      add(.sequence, family, table.level, [number], "the sequence range of table \(number) is upside down")
    } else if !(holds(table.smallest, table) && holds(table.largest, table)) {
      add(.bounds, family, table.level, [number], "a bound of table \(number) is outside its sequence range")
    }
    if table.largestSequence > version.lastSequence {
      add(
        .sequence, family, table.level, [number],
        "table \(number) reaches sequence \(table.largestSequence), the database only \(version.lastSequence)")
    }
  }

  /// Ends of range deletions carry no sequence number of their own.
  private func holds(_ bound: InternalKey, _ table: TableMetadata) -> Bool {
    bound.sequence == .maximum || (table.smallestSequence...table.largestSequence).contains(bound.sequence)
  }

  private mutating func checkNewestLevel(_ family: ColumnFamily) {
    let tables = family.levels[0]
    guard tables.count > 1 else { return }
    let hasEpochs = family.tables.allSatisfy(\.hasEpoch)
    if oldEngines || !hasEpochs { checkSequenceOrder(family) }
    guard hasEpochs else { return }
    let byEpoch = Dictionary(grouping: tables, by: \.epoch)
    for group in byEpoch.values where group.count > 1 {
      let sorted = group.sorted { family.order.compare($0.smallest, $1.smallest) < 0 }
      var reach = sorted[0]
      for table in sorted.dropFirst() {
        if family.order.compare(reach.largest, table.smallest) >= 0 {
          add(
            .levelOrder, family, 0, [reach.number, table.number],
            "tables \(reach.number) and \(table.number) of level 0 have one epoch and overlap")
        }
        if family.order.compare(table.largest, reach.largest) > 0 { reach = table }
      }
    }
  }

  /// RocksDB before 7.10, and all releases where epochs are missing: neighbours must be apart in age.
  private mutating func checkSequenceOrder(_ family: ColumnFamily) {
    let tables = family.levels[0].sorted { ColumnFamily.isNewer($0, $1, byEpoch: false) }
    for (newer, older) in zip(tables, tables.dropFirst()) where newer.hasSequences && older.hasSequences {
      let isIngested = older.smallestSequence == older.largestSequence
      let isApart =
        isIngested
        ? older.largestSequence < newer.largestSequence || older.largestSequence == 0
        : newer.smallestSequence > older.smallestSequence
      if !isApart {
        add(
          .levelOrder, family, 0, [newer.number, older.number],
          "which of tables \(newer.number) and \(older.number) of level 0 is newer cannot be told")
      }
    }
  }

  private mutating func checkBlobFiles(_ family: ColumnFamily) {
    let known = Set(family.blobFiles.map(\.number))
    for table in family.tables {
      if let blob = table.oldestBlobFile, !known.contains(blob) {
        add(
          .blobReference, family, table.level, [table.number, blob],
          "table \(table.number) refers to blob file \(blob), which the MANIFEST does not list")
      }
    }
    for blob in family.blobFiles where blob.garbageCount >= blob.count {
      add(.blobReference, family, nil, [blob.number], "blob file \(blob.number) is nothing but garbage")
    }
  }

  private mutating func checkNumbers() {
    var owners: [UInt64: UInt32] = [:]
    for family in version.families {
      for number in family.tables.map(\.number) + family.blobFiles.map(\.number) {
        if owners.updateValue(family.id, forKey: number) != nil {
          add(.fileNumber, family, nil, [number], "file number \(number) is used twice")
        }
        if number >= version.nextFileNumber {
          add(
            .fileNumber, family, nil, [number],
            "file number \(number) is not below the next one, \(version.nextFileNumber)")
        }
      }
    }
  }
}
