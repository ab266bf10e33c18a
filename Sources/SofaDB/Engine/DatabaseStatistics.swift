/// Figures of an open database, as of one moment.
public struct DatabaseStatistics: Sendable, Equatable {
  /// Bytes of batches that were written.
  public var bytesWritten: UInt64 = 0
  public var entriesWritten: UInt64 = 0
  public var bytesFlushed: UInt64 = 0
  public var bytesCompactedIn: UInt64 = 0
  public var bytesCompactedOut: UInt64 = 0
  public var flushes: UInt64 = 0
  public var compactions: UInt64 = 0
  /// Compactions that only moved tables to another level.
  public var moves: UInt64 = 0
  /// Seconds that writers waited, and the longest wait.
  public var secondsStalled = 0.0
  public var longestStall = 0.0
  public var blockCache = BlockCache.Statistics()
  /// Tables by level, of all families.
  public var tablesByLevel: [Int] = []
  public var bytesByLevel: [UInt64] = []
  public var memtableBytes = 0

  /// Bytes written to tables for each byte written to the database.
  public var writeAmplification: Double {
    bytesWritten == 0 ? 0 : Double(bytesFlushed + bytesCompactedOut) / Double(bytesWritten)
  }
}
