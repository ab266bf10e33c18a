/// Where the tables of one family lie in its key space, level by level: the geometry of `sofatool info --html`.
///
/// The key space is drawn from 0 to 1. Between two neighbouring bounds of tables it is as wide as the share of bytes
/// that lie there, a table's bytes being spread evenly over the pieces that it spans. Under an order that is not known
/// tables stand side by side in the order of their files, as wide as their bytes.
public struct KeySpaceMap: Sendable {
  public struct Box: Sendable, Equatable {
    /// In the tables given.
    public var table: Int
    public var from: Double
    /// Not below `from`; the same for a table of one key.
    public var to: Double
    /// From the top of its row, 0 first.
    public var lane: Int
  }

  public struct Row: Sendable {
    /// nil where no MANIFEST says levels.
    public var level: Int?
    public var lanes: Int
    public var boxes: [Box]
  }

  /// Lanes that a row may have; what does not fit shares the last one.
  public static let laneLimit = 64

  /// By level; none without tables.
  public private(set) var rows: [Row] = []
  /// False when the key order is not known, and places say nothing.
  public let isOrdered: Bool

  private let tables: [InspectedTable]
  private let order: KeyOrder

  /// `tables` are those of one family; those of level 0 newest first.
  public init(_ tables: [InspectedTable], order: KeyOrder) {
    self.tables = tables
    self.order = order
    isOrdered = order.isKnown
    let places = isOrdered ? ranks() : [:]
    let positions = isOrdered ? positions(places) : []
    let levels = Set(tables.map(\.level)).sorted { ($0 ?? .max) < ($1 ?? .max) }
    for level in levels {
      let members = tables.indices.filter { tables[$0].level == level }
      rows.append(isOrdered ? row(level, members, places, positions) : sideBySide(level, members))
    }
  }

  /// For each table with bounds: the ranks of its first and last key among all bounds.
  private func ranks() -> [Int: ClosedRange<Int>] {
    var bounds: [[UInt8]] = []
    for table in tables {
      if let smallest = table.smallest, let largest = table.largest { bounds += [smallest, largest] }
    }
    bounds.sort { order.compare($0, $1) < 0 }
    var unique: [[UInt8]] = []
    for bound in bounds where unique.last.map({ order.compare($0, bound) != 0 }) ?? true { unique.append(bound) }
    func rank(_ key: [UInt8]) -> Int {
      var low = 0
      var high = unique.count
      while low < high {
        let middle = (low + high) / 2
        if order.compare(unique[middle], key) < 0 { low = middle + 1 } else { high = middle }
      }
      return low
    }
    var ranks: [Int: ClosedRange<Int>] = [:]
    for (index, table) in tables.enumerated() {
      guard let smallest = table.smallest, let largest = table.largest else { continue }
      let first = rank(smallest)
      // Bounds that are upside down are damage; such a table is drawn as a point.
      ranks[index] = first...max(first, rank(largest))
    }
    return ranks
  }

  /// Where each rank lies between 0 and 1.
  private func positions(_ ranks: [Int: ClosedRange<Int>]) -> [Double] {
    let count = (ranks.values.map(\.upperBound).max() ?? -1) + 1
    guard count > 1 else { return [Double](repeating: 0, count: count) }
    // Changes of the weight from piece to piece; piece i lies between ranks i and i + 1.
    var changes = [Double](repeating: 0, count: count)
    var total = 0.0
    for (index, range) in ranks where range.count > 1 {
      let weight = Double(max(tables[index].size, 1)) / Double(range.count - 1)
      changes[range.lowerBound] += weight
      changes[range.upperBound] -= weight
      total += Double(max(tables[index].size, 1))
    }
    // No piece disappears, so that neighbours stay apart.
    let least = max(total, 1) * 0.001 / Double(count)
    var positions = [0.0]
    var weight = 0.0
    for piece in 0..<(count - 1) {
      weight += changes[piece]
      positions.append(positions[piece] + max(weight, least))
    }
    let end = positions[count - 1]
    return positions.map { $0 / end }
  }

  private func row(
    _ level: Int?, _ members: [Int], _ ranks: [Int: ClosedRange<Int>], _ positions: [Double]
  ) -> Row {
    let known = members.filter { ranks[$0] != nil }
    let unknown = members.filter { ranks[$0] == nil }
    // Level 0 shows age from top to bottom while there is room for it.
    let keepsOrder = level == 0 && known.count <= KeySpaceMap.laneLimit
    var ends: [Int] = []
    var boxes: [Box] = []
    for (place, index) in (keepsOrder ? known : known.sorted { lies($0, before: $1, ranks) }).enumerated() {
      guard let range = ranks[index] else { continue }
      let lane =
        keepsOrder ? place : ends.firstIndex { $0 <= range.lowerBound } ?? min(ends.count, KeySpaceMap.laneLimit - 1)
      while ends.count <= lane { ends.append(-1) }
      ends[lane] = max(ends[lane], range.upperBound)
      boxes.append(
        Box(table: index, from: positions[range.lowerBound], to: positions[range.upperBound], lane: lane))
    }
    guard !unknown.isEmpty else { return Row(level: level, lanes: max(ends.count, 1), boxes: boxes) }
    // Tables whose keys could not be read stand in a lane of their own.
    let lane = ends.count
    boxes += sideBySide(level, unknown).boxes.map { Box(table: $0.table, from: $0.from, to: $0.to, lane: lane) }
    return Row(level: level, lanes: lane + 1, boxes: boxes)
  }

  private func lies(_ a: Int, before b: Int, _ ranks: [Int: ClosedRange<Int>]) -> Bool {
    guard let left = ranks[a], let right = ranks[b] else { return a < b }
    return (left.lowerBound, left.upperBound, a) < (right.lowerBound, right.upperBound, b)
  }

  private func sideBySide(_ level: Int?, _ members: [Int]) -> Row {
    let total = max(members.reduce(0.0) { $0 + Double(tables[$1].size) }, 1)
    var boxes: [Box] = []
    var position = 0.0
    for index in members {
      let end = position + Double(tables[index].size) / total
      boxes.append(Box(table: index, from: position, to: min(end, 1), lane: 0))
      position = min(end, 1)
    }
    return Row(level: level, lanes: 1, boxes: boxes)
  }
}
