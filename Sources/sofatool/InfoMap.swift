import CommandKit
import SofaDB

/// The map of one family as SVG: a row a level, level 0 on top, the key space from left to right.
struct InfoMap {
  private static let width = 1000.0
  /// Where the names of levels stand.
  private static let margin = 70.0
  private static let gap = 10.0
  /// A table of one key is still seen.
  private static let leastWidth = 1.5

  private let map: KeySpaceMap
  private let tables: [InspectedTable]
  /// What the page adds to the indexes of `tables`.
  private let firstIndex: Int
  private let palette: InfoPalette

  init(_ tables: [InspectedTable], order: KeyOrder, firstIndex: Int, palette: InfoPalette) {
    self.tables = tables
    self.firstIndex = firstIndex
    self.palette = palette
    map = KeySpaceMap(tables, order: order)
  }

  var isOrdered: Bool { map.isOrdered }

  /// Ends with a newline.
  var svg: String {
    var shapes = ""
    var top = InfoMap.gap
    for row in map.rows {
      let laneHeight = row.lanes > 8 ? 6.0 : 18.0
      let height = laneHeight * Double(row.lanes)
      let name = row.level.map { "L\($0)" } ?? "tables"
      let files = row.boxes.count
      shapes += "<text x=\"0\" y=\"\(number(top + min(height, 18) - 5))\">\(name)"
      shapes += "<title>\(files) \(files == 1 ? "table" : "tables")</title></text>\n"
      for box in row.boxes { shapes += rect(box, top: top + Double(box.lane) * laneHeight, height: laneHeight - 1) }
      top += height + InfoMap.gap
    }
    return "<svg viewBox=\"0 0 \(number(InfoMap.width)) \(number(top))\" role=\"img\">\n\(shapes)</svg>\n"
  }

  private func rect(_ box: KeySpaceMap.Box, top: Double, height: Double) -> String {
    let table = tables[box.table]
    let room = InfoMap.width - InfoMap.margin
    let width = max((box.to - box.from) * room, InfoMap.leastWidth)
    let left = min(InfoMap.margin + box.from * room, InfoMap.width - width)
    let codec = table.codec.map { EscapedText.printable($0) } ?? "codec not known"
    let title = "\(EscapedText.printable(table.name)), \(Quantity.bytes(table.size)), \(codec)"
    return "<rect x=\"\(number(left))\" y=\"\(number(top))\" width=\"\(number(width))\" height=\"\(number(height))\" "
      + "class=\"\(palette.classes(table))\" data-i=\"\(firstIndex + box.table)\" tabindex=\"0\">"
      + "<title>\(HTMLText.escape(title))</title></rect>\n"
  }

  private func number(_ value: Double) -> String { Quantity.decimal(value, digits: 2) }
}
