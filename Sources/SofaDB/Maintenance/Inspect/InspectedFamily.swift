/// One column family: how its keys are ordered, and the sums of its levels.
public struct InspectedFamily: Sendable {
  /// nil for loose tables that do not say it.
  public var id: UInt32?
  public var name: String
  /// As recorded; nil when nothing says it.
  public var comparator: String?
  public var order: KeyOrder
  public var mergeOperator: String?
  /// Configured bytes of a data block, by the OPTIONS file.
  public var blockSize: UInt64?
  /// Entries in logs that no table has yet.
  public var pendingEntries: UInt64 = 0
  /// By level; those without tables are left out.
  public private(set) var levels: [InspectedLevel] = []

  init(id: UInt32?, name: String, order: KeyOrder, comparator: String?) {
    self.id = id
    self.name = name
    self.order = order
    self.comparator = comparator
  }

  mutating func add(_ table: InspectedTable) {
    if let index = levels.firstIndex(where: { $0.number == table.level }) {
      levels[index].add(table)
    } else {
      var level = InspectedLevel(number: table.level)
      level.add(table)
      levels.append(level)
      levels.sort { ($0.number ?? .max) < ($1.number ?? .max) }
    }
  }

  public var files: Int { levels.reduce(0) { $0 + $1.files } }
  public var bytes: UInt64 { levels.reduce(0) { $0 &+ $1.bytes } }
  public var entries: UInt64? { levels.compactMap(\.entries).reduce(nil) { ($0 ?? 0) &+ $1 } }
  public var deletions: UInt64? { levels.compactMap(\.deletions).reduce(nil) { ($0 ?? 0) &+ $1 } }
}
