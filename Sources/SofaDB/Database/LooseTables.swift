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
        try LooseTables.add(TableReader(directory.open(name)), number, to: &groups)
      } catch {
        guard let damage, error.kind == .corruption else { throw error }
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
    _ reader: TableReader, _ number: UInt64, to groups: inout [String: Group]
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
    guard let bounds = try bounds(reader) else { return }
    group.tables.append(
      TableMetadata(
        number: number, size: reader.file.size, smallest: bounds.smallest, largest: bounds.largest,
        smallestSequence: TableMetadata.unknownSequence, largestSequence: 0))
    groups[name] = group
  }

  /// First and last internal key, widened by range tombstones; nil for an empty table. Tombstones count only within the
  /// bounds of `table`: RocksDB up to 8 writes them whole into every table that they touch.
  static func bounds(
    _ reader: TableReader, within table: TableMetadata? = nil
  ) throws(DatabaseError) -> (smallest: InternalKey, largest: InternalKey)? {
    var smallest: InternalKey?
    var largest: InternalKey?
    func widen(_ key: InternalKey) {
      if smallest.map({ reader.order.compare(key, $0) < 0 }) ?? true { smallest = key }
      if largest.map({ reader.order.compare(key, $0) > 0 }) ?? true { largest = key }
    }
    var cursor = reader.cursor(readAhead: 0)
    try cursor.seekToFirst()
    if cursor.isValid { widen(InternalKey(borrowed: cursor.key)) }
    try cursor.seekToLast()
    if cursor.isValid { widen(InternalKey(borrowed: cursor.key)) }
    for tombstone in reader.rangeDeletions {
      let begin = InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: .rangeDeletion)
      let end = InternalKey(rangeDeletionEnd: tombstone.end)
      widen(table.map { reader.order.compare(begin, $0.smallest) < 0 ? $0.smallest : begin } ?? begin)
      widen(table.map { reader.order.compare(end, $0.largest) > 0 ? $0.largest : end } ?? end)
    }
    guard let smallest, let largest else { return nil }
    return (smallest, largest)
  }

  private static func levels(_ group: Group) -> [[TableMetadata]] {
    let order = group.order
    guard order.isKnown else { return [group.tables.reversed()] }
    let sorted = group.tables.sorted { order.compare($0.smallest, $1.smallest) < 0 }
    let isRun = zip(sorted, sorted.dropFirst()).allSatisfy { order.compare($0.largest, $1.smallest) < 0 }
    return isRun ? [[], sorted] : [group.tables.reversed()]
  }
}
