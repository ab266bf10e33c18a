/// A table that a compaction has written, synced and read back.
public struct CompactionOutput: Sendable {
  public let number: UInt64
  /// In the target directory.
  public let name: String
  public let summary: TableSummary
  /// As a MANIFEST would record it.
  public let metadata: TableMetadata
}
