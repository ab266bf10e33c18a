/// What the good records of a log hold, counted while it is checked.
public struct LogFacts: Sendable, Equatable {
  /// Entries by column family id.
  public private(set) var entries: [UInt32: UInt64] = [:]
  public private(set) var kinds: Set<EntryKind> = []
  /// Whether a two-phase commit left marks.
  public private(set) var hasTransactions = false
  /// Raw number of the format; nil where records are stored as they are.
  public internal(set) var compression: UInt32?
  /// The largest number that an entry takes; 0 where there is none.
  public internal(set) var lastSequence: SequenceNumber = 0
  /// What it says of the log before it; nil unless the engine keeps account of that.
  public internal(set) var predecessor: LogReader.Predecessor?

  mutating func count(_ operation: WriteOperation) {
    if operation.isTransactionMarker { hasTransactions = true }
    guard let kind = operation.entryKind else { return }
    entries[operation.family, default: 0] += 1
    kinds.insert(kind)
  }
}
