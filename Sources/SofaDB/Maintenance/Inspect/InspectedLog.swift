/// One write-ahead log of a database.
public struct InspectedLog: Sendable {
  public var name: String
  /// Bytes.
  public var size: UInt64
  /// Whether an engine would replay it: what it holds is in no table yet.
  public var isPending: Bool
  /// Entries in it that no table has; nil where it was not read.
  public var entries: UInt64?

  public init(name: String, size: UInt64, isPending: Bool, entries: UInt64? = nil) {
    self.name = name
    self.size = size
    self.isPending = isPending
    self.entries = entries
  }
}
