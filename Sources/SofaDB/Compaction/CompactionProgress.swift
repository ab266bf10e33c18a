/// How far a compaction is, in bytes of keys and values of its inputs.
public struct CompactionProgress: Sendable {
  public var done: UInt64
  /// An estimate where tables have no properties.
  public var total: UInt64
}
