/// What an offline compaction did.
public struct CompactReport: Sendable {
  /// Of the change in the journal; nil when there was nothing to do.
  public internal(set) var change: String?
  public internal(set) var tablesBefore = 0
  public internal(set) var tablesAfter = 0
  public internal(set) var bytesBefore: UInt64 = 0
  public internal(set) var bytesAfter: UInt64 = 0
  /// Versions of keys, without range tombstones.
  public internal(set) var entriesBefore: UInt64 = 0
  public internal(set) var entriesAfter: UInt64 = 0
  /// Tables that rewriting would not have changed.
  public internal(set) var skipped = 0
}
