/// Rows in aligned columns. Columns are as wide as their widest cell; the last left-aligned one is not padded, so lines
/// carry no trailing spaces. Cells are shown as they are: escape what comes from files first.
public struct TextTable: Sendable {
  public struct Column: Sendable {
    let title: String
    let isRight: Bool

    public static func left(_ title: String = "") -> Column { Column(title: title, isRight: false) }
    /// For numbers.
    public static func right(_ title: String = "") -> Column { Column(title: title, isRight: true) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  public init(_ columns: [Column]) { self.columns = columns }

  public var isEmpty: Bool { rows.isEmpty }

  /// One cell a column.
  public mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has \(cells.count) cells, the table \(columns.count) columns")
    rows.append(cells)
  }

  /// The titles, when any column has one, and the rows; every line ends with a newline.
  public func text(indent: Int = 0) -> String {
    let hasTitles = columns.contains { !$0.title.isEmpty }
    let lines = (hasTitles ? [columns.map(\.title)] : []) + rows
    let widths = columns.indices.map { column in lines.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    let margin = String(repeating: " ", count: indent)
    var result = ""
    for cells in lines {
      var line = ""
      for (index, cell) in cells.enumerated() {
        line += index == 0 ? "" : "  "
        line += DisplayWidth.pad(cell, to: widths[index], right: columns[index].isRight)
      }
      while line.last == " " { line.removeLast() }
      result += line.isEmpty ? "\n" : margin + line + "\n"
    }
    return result
  }
}
