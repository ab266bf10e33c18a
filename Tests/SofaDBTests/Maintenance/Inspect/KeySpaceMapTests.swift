import Testing

@testable import SofaDB

@Suite struct KeySpaceMapTests {
  private func table(_ smallest: String?, _ largest: String?, _ level: Int?, size: UInt64 = 100) -> InspectedTable {
    var table = InspectedTable(name: "000001.sst", family: "default", size: size)
    table.smallest = smallest.map { Array($0.utf8) }
    table.largest = largest.map { Array($0.utf8) }
    table.level = level
    return table
  }

  @Test func levelsAreRowsAndTablesLieInOrder() {
    let tables = [
      table("c", "p", 0), table("a", "z", 0), table("a", "f", 2, size: 300), table("g", "z", 2, size: 100),
    ]
    let map = KeySpaceMap(tables, order: .bytewise)
    #expect(map.rows.map(\.level) == [0, 2])
    #expect(map.rows[0].lanes == 2 && map.rows[0].boxes.map(\.lane) == [0, 1])
    #expect(map.rows[1].lanes == 1)
    let deep = map.rows[1].boxes.sorted { $0.from < $1.from }
    #expect(deep.map(\.table) == [2, 3])
    #expect(deep[0].from == 0 && deep[1].to == 1 && deep[0].to < deep[1].from)
    // Three times the bytes take more of the room.
    #expect(deep[0].to - deep[0].from > deep[1].to - deep[1].from)
    for box in map.rows.flatMap(\.boxes) { #expect(box.from >= 0 && box.to <= 1 && box.from <= box.to) }
  }

  @Test func theOrderOfTheFamilyCounts() {
    let map = KeySpaceMap([table("a", "a", 1), table("z", "z", 1)], order: .reverseBytewise)
    let boxes = map.rows[0].boxes.sorted { $0.from < $1.from }
    #expect(boxes.map(\.table) == [1, 0])
  }

  @Test func overlapTakesAnotherLane() {
    let map = KeySpaceMap([table("a", "m", 3), table("k", "z", 3), table("z", "zz", 3)], order: .bytewise)
    #expect(map.rows[0].lanes == 2)
    #expect(map.rows[0].boxes.map(\.lane) == [0, 1, 0])
  }

  @Test func anUnknownOrderStandsSideBySide() {
    let map = KeySpaceMap(
      [table("z", "a", 1), table("b", "c", 1, size: 300)], order: KeyOrder(name: "somebody's"))
    #expect(!map.isOrdered)
    #expect(map.rows[0].boxes.map(\.from) == [0, 0.25] && map.rows[0].boxes.map(\.to) == [0.25, 1])
  }

  @Test func oddTablesAreDrawn() {
    #expect(KeySpaceMap([], order: .bytewise).rows.isEmpty)
    let single = KeySpaceMap([table("a", "a", nil, size: 0)], order: .bytewise)
    #expect(single.rows[0].boxes == [.init(table: 0, from: 0, to: 0, lane: 0)])
    let upsideDown = KeySpaceMap([table("z", "a", 1), table(nil, nil, 1, size: .max)], order: .bytewise)
    #expect(upsideDown.rows[0].boxes.count == 2 && upsideDown.rows[0].lanes == 2)
    let many = (0..<500).map { _ in table("a", "z", 1) }
    #expect(KeySpaceMap(many, order: .bytewise).rows[0].lanes == KeySpaceMap.laneLimit)
  }
}
