/// A table that the load has written, before it gets its final name.
struct LoadedTable: Sendable {
  var name: String
  var family: Int
  var summary: TableSummary
}
