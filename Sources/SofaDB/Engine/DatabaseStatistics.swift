/// Figures of an open database, as of one moment.
public struct DatabaseStatistics: Sendable, Equatable {
  /// Bytes of batches that were written.
  public var bytesWritten: UInt64 = 0
  /// Operations in them.
  public var entriesWritten: UInt64 = 0
  /// Bytes of tables that flushes wrote.
  public var bytesFlushed: UInt64 = 0
  /// Bytes of tables that compactions read, moves aside.
  public var bytesCompactedIn: UInt64 = 0
  /// Bytes of tables that compactions wrote.
  public var bytesCompactedOut: UInt64 = 0
  /// Flushes that are done.
  public var flushes: UInt64 = 0
  /// Compactions that are done, moves aside.
  public var compactions: UInt64 = 0
  /// Compactions that only moved tables to another level.
  public var moves: UInt64 = 0
  /// Seconds that writers waited because flushes or compactions were behind, of all threads together.
  public var secondsStalled = 0.0
  /// Seconds of the longest single wait of a writer.
  public var longestStall = 0.0
  /// Hits, misses and size of the block cache; zeros when there is none.
  public var blockCache = BlockCache.Statistics()
  /// Tables by level, of all families.
  public var tablesByLevel: [Int] = []
  /// Bytes of those tables.
  public var bytesByLevel: [UInt64] = []
  /// Bytes of memory that memtables take, those that wait for their flush included.
  public var memtableBytes = 0

  /// Bytes written to tables for each byte written to the database.
  public var writeAmplification: Double {
    bytesWritten == 0 ? 0 : Double(bytesFlushed + bytesCompactedOut) / Double(bytesWritten)
  }
}
