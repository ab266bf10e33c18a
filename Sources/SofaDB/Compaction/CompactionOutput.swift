/// A table that a compaction has written, synced and read back.
public struct CompactionOutput: Sendable {
  /// File number; the name follows from it.
  public let number: UInt64
  public let summary: TableSummary
  /// As a MANIFEST would record it.
  public let metadata: TableMetadata
}
