/// Makes a version such that RocksDB, old and new, goes on with it, whoever recorded it: RocksDB's dialect, an epoch
/// and sequence numbers for every table, and no WALs that only their writer tracks.
///
/// LevelDB records no sequence numbers. RocksDB before 7.10 refuses two tables of level 0 without them, and its own
/// state with such tables breaks its assertions. A flush of LevelDB holds what came after the flush before it, so the
/// sequence numbers in the bounds of a table's neighbours enclose its own.
enum VersionUpgrade {
  static func upgraded(_ version: Version) -> Version {
    // LevelDB's records say that one older WAL is replayed as well; RocksDB's replay all from the log number on.
    let previous = version.dialect == .leveldb && version.previousLogNumber != 0 ? version.previousLogNumber : .max
    let families = version.families.map { family in
      guard !family.tables.allSatisfy({ $0.hasEpoch && $0.hasSequences }) || family.logNumber > previous else {
        return family
      }
      return ColumnFamily(
        id: family.id, name: family.name, comparator: family.comparator, logNumber: min(family.logNumber, previous),
        tables: tables(family, version.lastSequence), blobFiles: family.blobFiles,
        compactCursors: family.compactCursors, timestampsPersisted: family.timestampsPersisted,
        fullHistoryTimestampLow: family.fullHistoryTimestampLow)
    }
    return Version(
      families: families, lastSequence: version.lastSequence, nextFileNumber: version.nextFileNumber,
      minLogNumberToKeep: version.minLogNumberToKeep, maxColumnFamily: version.maxColumnFamily,
      databaseID: version.databaseID, passedOver: version.passedOver)
  }

  private static func tables(_ family: ColumnFamily, _ lastSequence: SequenceNumber) -> [TableMetadata] {
    var levels = family.levels
    levels[0] = levels[0].reversed()
    addSequences(toOldestFirst: &levels[0], lastSequence)
    for level in 1..<levels.count {
      for index in levels[level].indices where !levels[level][index].hasSequences {
        levels[level][index].smallestSequence = 0
        levels[level][index].largestSequence = lastSequence
      }
    }
    if !family.tables.allSatisfy(\.hasEpoch) { addEpochs(&levels) }
    return levels.flatMap { $0 }
  }

  /// Tables whose neighbours do not enclose them, after a repair perhaps, stay as they are.
  private static func addSequences(toOldestFirst tables: inout [TableMetadata], _ lastSequence: SequenceNumber) {
    let known = tables.map { table in
      table.hasSequences
        ? (table.smallestSequence, table.largestSequence)
        : (min(table.smallest.sequence, table.largest.sequence), max(table.smallest.sequence, table.largest.sequence))
    }
    guard zip(known, known.dropFirst()).allSatisfy({ $0.1 < $1.0 }) else { return }
    for index in tables.indices where !tables[index].hasSequences {
      tables[index].smallestSequence = index > 0 ? known[index - 1].1 + 1 : 0
      tables[index].largestSequence =
        index + 1 < known.count ? known[index + 1].0 - 1 : max(lastSequence, known[index].1)
    }
  }

  /// RocksDB's `VersionStorageInfo::RecoverEpochNumbers`: one for each level from the deepest up, then one for each
  /// table of level 0, which is oldest first here.
  private static func addEpochs(_ levels: inout [[TableMetadata]]) {
    var epoch: UInt64 = 0
    for level in levels.indices.dropFirst().reversed() where !levels[level].isEmpty {
      epoch += 1
      for index in levels[level].indices { levels[level][index].epoch = epoch }
    }
    for index in levels[0].indices {
      epoch += 1
      levels[0][index].epoch = epoch
    }
  }
}
