/// Tables outside any database, gathered by the column family that their properties name and numbered in the order of
/// their names. Where all tables of a family follow each other without overlap they make one run.
struct LooseTables {
  private(set) var families: [DatabaseView.Family] = []
  /// By the numbers given here.
  private(set) var names: [UInt64: String] = [:]

  private struct Group {
    var order: KeyOrder
    var id: UInt32
    var tables: [TableMetadata] = []
  }

  /// What RocksDB writes as the family's id in a table that belongs to none.
  static let unknownFamily: UInt64 = 0x7FFF_FFFF

  init(_ tables: [String], in directory: any ReadableDirectory, damage: DamageLog?) throws(DatabaseError) {
    var groups: [String: Group] = [:]
    var number: UInt64 = 0
    for name in tables.sorted() {
      number += 1
      names[number] = name
      do throws(DatabaseError) {
        try LooseTables.add(TableReader(directory.open(name)), number, to: &groups, damage, in: directory)
      } catch {
        guard let damage, error.concernsOneFile else { throw error }
        damage.add(DamageGap(file: name, offset: nil, length: nil, from: nil, to: nil, error: error))
      }
    }
    for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
      families.append(
        DatabaseView.Family(
          id: group.id, name: name, order: group.order, levels: LooseTables.levels(group), entries: nil,
          logTombstones: [], optionsOperator: nil))
    }
  }

  private static func add(
    _ reader: TableReader, _ number: UInt64, to groups: inout [String: Group], _ damage: DamageLog?,
    in directory: any ReadableDirectory
  ) throws(DatabaseError) {
    let stored = reader.properties.columnFamilyName ?? ""
    let name = stored.isEmpty ? "default" : stored
    let id = reader.properties.columnFamilyID.flatMap { $0 == unknownFamily ? nil : UInt32(exactly: $0) } ?? 0
    var group = groups[name] ?? Group(order: reader.order, id: id)
    guard group.order == reader.order else {
      throw DatabaseError(
        .invalid, file: reader.name,
        "ordered by \(EscapedText.printable(reader.order.name)), other tables here by "
          + EscapedText.printable(group.order.name))
    }
    guard let bounds = try bounds(reader, damage: damage.map { ($0, number, directory) }) else { return }
    group.tables.append(
      TableMetadata(
        number: number, size: reader.file.size, smallest: bounds.smallest, largest: bounds.largest,
        smallestSequence: TableMetadata.unknownSequence, largestSequence: 0))
    groups[name] = group
  }

  /// First and last internal key, widened by range tombstones; nil for an empty table. Tombstones count only within the
  /// bounds of `table`: RocksDB up to 8 writes them whole into every table that they touch. With `damage`, unreadable
  /// blocks at the start of table `number` are noted there, because the key that the table then seems to begin with may
  /// keep a scan from them.
  static func bounds(
    _ reader: TableReader, within table: TableMetadata? = nil,
    damage: (log: DamageLog, number: UInt64, directory: any ReadableDirectory)? = nil
  ) throws(DatabaseError) -> (smallest: InternalKey, largest: InternalKey)? {
    var smallest: InternalKey?
    var largest: InternalKey?
    func widen(_ key: InternalKey) {
      if smallest.map({ reader.order.compare(key, $0) < 0 }) ?? true { smallest = key }
      if largest.map({ reader.order.compare(key, $0) > 0 }) ?? true { largest = key }
    }
    do throws(DatabaseError) {
      var cursor = reader.cursor(readAhead: 0)
      try cursor.seekToFirst()
      if cursor.isValid { widen(InternalKey(borrowed: cursor.key)) }
      try cursor.seekToLast()
      if cursor.isValid { widen(InternalKey(borrowed: cursor.key)) }
    } catch {
      guard let damage, error.concernsOneFile else { throw error }
      if smallest == nil,
        let first = try firstReadable(reader, damage.number, damage.log, in: damage.directory)
      {
        widen(first)
      }
      if let last = try lastSeparator(reader), smallest != nil { widen(last) }
    }
    for tombstone in reader.rangeDeletions {
      let begin = InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: .rangeDeletion)
      let end = InternalKey(rangeDeletionEnd: tombstone.end)
      widen(table.map { reader.order.compare(begin, $0.smallest) < 0 ? $0.smallest : begin } ?? begin)
      widen(table.map { reader.order.compare(end, $0.largest) > 0 ? $0.largest : end } ?? end)
    }
    guard let smallest, let largest else { return nil }
    return (smallest, largest)
  }

  private static func firstReadable(
    _ reader: TableReader, _ number: UInt64, _ damage: DamageLog, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> InternalKey? {
    let cache = TableCache(directory: directory, names: [number: DatabaseFile.baseName(reader.name)])
    let nowhere = InternalKey(userKey: [], trailer: 0)
    let table = TableMetadata(
      number: number, size: reader.file.size, smallest: nowhere, largest: nowhere,
      smallestSequence: TableMetadata.unknownSequence, largestSequence: 0)
    var run = TableRun([table], cache: cache, order: reader.order, damage: damage)
    try run.seekToFirst()
    return run.isValid ? InternalKey(borrowed: run.key) : nil
  }

  /// Not before any entry of the table.
  private static func lastSeparator(_ reader: TableReader) throws(DatabaseError) -> InternalKey? {
    var index = IndexCursor(reader)
    try index.seekToLast()
    guard index.isValid else { return nil }
    let stored = [UInt8](index.separator)
    let userKey = reader.indexFormat.keysAreUserKeys ? stored : Array(stored.dropLast(8))
    return InternalKey(userKey: userKey + [UInt8](repeating: 0, count: reader.strippedTimestamp), trailer: 0)
  }

  private static func levels(_ group: Group) -> [[TableMetadata]] {
    let order = group.order
    guard order.isKnown else { return [group.tables.reversed()] }
    let sorted = group.tables.sorted { order.compare($0.smallest, $1.smallest) < 0 }
    let isRun = zip(sorted, sorted.dropFirst()).allSatisfy { order.compare($0.largest, $1.smallest) < 0 }
    return isRun ? [[], sorted] : [group.tables.reversed()]
  }
}
