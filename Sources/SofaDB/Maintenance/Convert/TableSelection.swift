/// Which tables of a database are meant; everything that is not said means all.
public struct TableSelection: Sendable, Equatable {
  /// Names of column families.
  public var families: [String] = []
  public var levels: ClosedRange<Int>?
  /// File numbers.
  public var files: [UInt64] = []

  public init() {}

  /// Throws `invalid` for families and files that the database does not have.
  func check(_ version: Version) throws(DatabaseError) {
    for name in families where version.family(named: name) == nil {
      throw DatabaseError(.invalid, "there is no column family \(EscapedText.printable(name))")
    }
    let numbers = Set(version.families.flatMap { $0.tables.map(\.number) })
    for number in files where !numbers.contains(number) {
      throw DatabaseError(.invalid, "there is no table \(number) in the database")
    }
  }

  func contains(_ table: TableMetadata, in family: ColumnFamily) -> Bool {
    (families.isEmpty || families.contains(family.name)) && (levels?.contains(table.level) ?? true)
      && (files.isEmpty || files.contains(table.number))
  }
}
