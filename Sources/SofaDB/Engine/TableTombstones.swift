/// The range tombstones of a family's tables, gathered when the first cursor asks.
final class TableTombstones: Sendable {
  private final class List: Sendable {
    let tombstones: [RangeTombstone]
    init(_ tombstones: [RangeTombstone]) { self.tombstones = tombstones }
  }

  private let list = SetOnce<List>()

  /// Clipped to their tables, in no order. Opens every table of the family the first time.
  func all(of family: ColumnFamily, cache: TableCache) throws(DatabaseError) -> [RangeTombstone] {
    defer { withExtendedLifetime(self) {} }
    if let list = list.value { return list.takeUnretainedValue().tombstones }
    var found: [RangeTombstone] = []
    for table in family.levels.joined() {
      for tombstone in try cache.reader(table, order: family.order).rangeDeletions {
        if let clipped = table.clip(tombstone, order: family.order) { found.append(clipped) }
      }
    }
    return list.set(List(found)).takeUnretainedValue().tombstones
  }
}
